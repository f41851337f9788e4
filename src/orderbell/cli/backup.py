"""`orderbell backup`, `restore` and `drill restore`: copies one can trust, because bringing them back is tried out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Engine

from orderbell.base import settings
from orderbell.base.errors import BadInput, NotFound
from orderbell.base.secrets import Keyring
from orderbell.base.settings import Settings
from orderbell.cli.talk import Data, ask, guard, out
from orderbell.domain import drill
from orderbell.store import backup, opening, pgtools, scratch
from orderbell.store import restore as laying
from orderbell.store.backup import Manifest

drill_app = typer.Typer(no_args_is_help=True, help="Rehearsals.")
Step = tuple[str, str]


def make(
    target: Annotated[Path, typer.Argument(help="The folder in which the backup gets a folder of its own.")],
    keep: Annotated[int, typer.Option(min=0, help="How many backups stay there; 0 keeps all.")] = 0,
    with_keys: Annotated[bool, typer.Option("--with-keys", help="Put secret.key in as well.")] = False,
    data: Data = None,
) -> None:
    """Copy the database, while OrderBell runs, into a folder with a manifest."""
    chosen = settings.read(data_dir=data)
    folder = guard(lambda: _make(chosen, target, with_keys=with_keys))
    for gone in backup.thin_out(target, keep):
        out.print(f"Taken away: {gone.name}")
    made_at = backup.read_manifest(folder).made_at
    ask(chosen, "backup.note", {"folder": str(folder.resolve()), "at": made_at.isoformat()})
    size = sum(mark.bytes for mark in backup.read_manifest(folder).files.values())
    out.print(f"{folder}: {size / 2**20:.1f} MB.", soft_wrap=True)
    if with_keys:
        out.print("[red]It holds secret.key: whoever has this folder reads every card. Lock it away.[/]")
    else:
        out.print(f"It does not hold the key. Without {chosen.key_path} it opens nothing: keep a copy elsewhere.")


def _make(chosen: Settings, target: Path, *, with_keys: bool) -> Path:
    if opening.find_keys(chosen) is None:
        raise NotFound("There is no database to back up yet; `orderbell up` makes it.", code="no_database")
    keyring = opening.open_keyring(chosen)
    return backup.make(chosen, keyring, target, now=datetime.now(UTC), with_keys=with_keys)


def restore(
    source: Annotated[Path | None, typer.Argument(help="The backup's folder.")] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Also over a newer database; it is moved aside.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Show what changed since the backup.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="I have seen it: go on.")] = False,
    set_aside: Annotated[
        bool, typer.Option("--set-aside", help="With --confirm: set every unsold card aside, the journal is lost.")
    ] = False,
    data: Data = None,
) -> None:
    """Lay a backup back. OrderBell then starts paused, until --confirm or the button on the panel's page."""
    chosen = settings.read(data_dir=data)
    if source is not None:
        aside = guard(lambda: laying.restore(chosen, source, now=datetime.now(UTC), force=force))
        if aside:
            out.print(f"The database that was there is now {aside}.", soft_wrap=True)
        out.print("Restored. Start OrderBell: it stays paused until you have seen what changed since the backup.")
        return
    if not (status or confirm):
        raise typer.BadParameter("Name a backup, or --status, or --confirm.")
    _print_status(ask(chosen, "restore.status", {}))
    if confirm:
        done = ask(chosen, "restore.confirm", {"aside": set_aside})
        out.print(f"{done['aside']} cards were set aside. " * set_aside + "OrderBell goes on.")


def _print_status(told: dict[str, Any]) -> None:
    if not told["state"]:
        out.print("This database was never restored.")
        return
    out.print(f"{told['state']}: restored from {told['source'] or 'a copy laid back by hand'} of {told['snapshot_at']}")
    out.print(f"The allocation journal names {told['lines']} cards given away since.")
    for fault in told["faults"]:
        out.print(f"[red]{fault}[/]")
    if told["journal_lost"]:
        out.print("[red]A journal file this database knows is gone or cut: some sales may be missing here.[/]")
    for shop in told["shops"]:
        out.print(
            f"{shop['name']}: {shop['sold']} cards sold again as the journal says, {shop['missing']} cards missing, "
            f"{shop['aside']} set aside, {shop['messages']} messages of unknown outcome, "
            f"{shop['waiting_orders']} orders the shop must tell again: {', '.join(shop['orders'][:20]) or 'none'}",
            soft_wrap=True,
        )


@drill_app.command("restore")
def drill_restore(
    source: Annotated[Path | None, typer.Argument(help="A backup; the newest in ORDERBELL_BACKUP_DIR else.")] = None,
    data: Data = None,
) -> None:
    """Restore a backup into a temporary place, check everything in it, and remove it again."""
    chosen = settings.read(data_dir=data)
    folder = guard(lambda: _newest(chosen, source))
    guard(lambda: _print_steps(rehearse(chosen, folder)))


def _print_steps(steps: Iterator[Step]) -> None:
    for what, words in steps:
        out.print(f"[green]ok  [/] {what}: {words}", soft_wrap=True)


def _newest(chosen: Settings, source: Path | None) -> Path:
    if source is not None and (source / backup.MANIFEST).is_file():
        return source
    where = source or (Path(chosen.backup_dir) if chosen.backup_dir else None)
    found = backup.every(where) if where else []
    if not found:
        raise NotFound("There is no backup to try; name one, or set ORDERBELL_BACKUP_DIR.", code="no_backup")
    return found[-1]


def rehearse(chosen: Settings, folder: Path) -> Iterator[Step]:
    """Bring a backup up in a place of its own; each step that held.

    Raises:
        OrderBellError: the first that did not.
    """
    manifest = backup.read_manifest(folder)
    yield "backup", f"{folder.name}, release {manifest.release}, {manifest.database}"
    backup.verify(folder, manifest)
    yield "files", f"{len(manifest.files)} as they were written"
    keyring = Keyring.of_file(chosen.key_path) if chosen.key_path.exists() else None
    if keyring is None or keyring.check_value() != manifest.key_check:
        raise BadInput(f"{chosen.key_path} is not the key of this backup.", code="wrong_key")
    yield "key", "it is the one this backup was made with"
    if manifest.database == "postgresql":
        with scratch.database(chosen.database_url) as (url, engine):
            pgtools.restore(url, folder / manifest.database_file)
            yield from _look_through(engine, manifest, keyring)
        return
    with tempfile.TemporaryDirectory(prefix="orderbell-drill-") as place:
        copy = Path(place) / manifest.database_file
        shutil.copyfile(folder / manifest.database_file, copy)
        engine = backup.open_copy(copy)
        try:
            yield from _look_through(engine, manifest, keyring)
        finally:
            engine.dispose()


def _look_through(engine: Engine, manifest: Manifest, keyring: Keyring) -> Iterator[Step]:
    with engine.connect() as tx:
        if tx.dialect.name == "sqlite":
            verdict = tx.exec_driver_sql("PRAGMA integrity_check").scalar()
            if verdict != "ok":
                raise BadInput(f"The database file is damaged: {verdict}.", code="backup_damaged")
        yield "integrity", "the database is sound"
        if wrong := list(backup.differing(manifest.rows, backup.look(tx).rows)):
            raise BadInput(f"Other row counts than the manifest says: {', '.join(wrong)}.", code="backup_damaged")
        yield "rows", f"{sum(manifest.rows.values()):,} in {len(manifest.rows)} tables, as the manifest says"
        yield "cards", f"{drill.open_sample(tx, keyring)} opened, each to the key that was put in"
