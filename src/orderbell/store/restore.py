"""Laying a backup back: checked first, the old database moved aside and never deleted, the new one marked as restored.

The mark is in the database before it is in its place: a house can never start on it as if nothing had happened.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DatabaseError

from orderbell.base import files, keyfile
from orderbell.base.errors import Conflict, Misconfigured
from orderbell.base.secrets import Keyring
from orderbell.base.settings import Settings
from orderbell.store import backup, marker, migrate, pgtools, postgres, sqlite
from orderbell.store.backup import KEY_FILE, Manifest
from orderbell.store.marker import Restored
from orderbell.store.schema import EventRow


def restore(settings: Settings, source: Path, *, now: datetime, force: bool = False) -> str | None:
    """Lay a backup back; where the old database went, or None when there was none. Nothing may be running.

    Raises:
        BadInput: the backup is damaged, or of another kind of database.
        Conflict: `newer_database`: what is there heard of something after the backup was made; `force` moves it aside.
        Misconfigured: the key file is not the one the backup's database was made with.
        OrderBellError: `database_in_use`.
    """
    manifest = backup.read_manifest(source)
    backup.verify(source, manifest)
    if (manifest.database == "postgresql") != bool(settings.database_url):
        raise Misconfigured(
            f"This is a backup of {manifest.database}; the settings name the other kind.", code="other_database"
        )
    _bring_key(settings, source, manifest)
    mark = Restored(source=source.name, snapshot_at=manifest.made_at, restored_at=now)
    lay = _lay_postgres if settings.database_url else _lay_sqlite
    return lay(settings, source / manifest.database_file, mark, force=force)


def _bring_key(settings: Settings, source: Path, manifest: Manifest) -> None:
    if not settings.key_path.exists():
        if KEY_FILE not in manifest.files:
            raise Misconfigured(
                f"Lay the key file this shop was made with at {settings.key_path} first; no backup holds it.",
                code="key_file_missing",
            )
        settings.key_path.parent.mkdir(parents=True, exist_ok=True)
        files.write_new(settings.key_path, (source / KEY_FILE).read_bytes())
    if Keyring(keyfile.read(settings.key_path).root).check_value() != manifest.key_check:
        raise Misconfigured(f"{settings.key_path} is not the key of this backup.", code="wrong_key")


def _lay_sqlite(settings: Settings, copy: Path, mark: Restored, *, force: bool) -> str | None:
    place = settings.sqlite_path
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = sqlite.lock_file(place.with_suffix(".lock"))
    fresh = place.with_name(place.name + ".restoring")
    try:
        if place.exists():
            _refuse_newer(sqlite.make_engine(place), mark, force=force)
        fresh.unlink(missing_ok=True)
        shutil.copyfile(copy, fresh)
        fresh.chmod(0o600)
        _mark(sqlite.make_engine(fresh, journal_mode="DELETE"), mark)
        files.sync(fresh)
        aside = _move_aside(place, mark.restored_at)
        fresh.rename(place)
        files.sync(place.parent)
    finally:
        fresh.unlink(missing_ok=True)
        os.close(lock)
    return aside


def _move_aside(place: Path, now: datetime) -> str | None:
    aside = place.with_name(f"{place.name}.before-{now:%Y%m%dT%H%M%SZ}")
    there = [end for end in ("-wal", "-shm", "") if Path(f"{place}{end}").exists()]
    # The log goes first, also one that was left alone: beside another database it would be poison.
    for end in there:
        Path(f"{place}{end}").rename(f"{aside}{end}")
    return str(aside) if there else None


def _refuse_newer(engine: Engine, mark: Restored, *, force: bool) -> None:
    try:
        with engine.connect() as tx:
            newest = _newest(tx)
    except DatabaseError:
        # Too damaged to be asked: that is why somebody restores.
        newest = None
    finally:
        engine.dispose()
    if newest is not None and newest > mark.snapshot_at and not force:
        raise Conflict(
            f"The database that is there heard of something at {newest:%Y-%m-%d %H:%M} UTC, after this backup was "
            "made. With --force it is moved aside, not deleted.",
            code="newer_database",
        )


def _newest(tx: Connection) -> datetime | None:
    if migrate.current(tx) is None:
        return None
    return tx.execute(select(func.max(EventRow.received_at))).scalar_one()


def _mark(engine: Engine, mark: Restored) -> None:
    try:
        with engine.begin() as tx:
            marker.put(tx, mark)
    finally:
        engine.dispose()


def _lay_postgres(settings: Settings, dump: Path, mark: Restored, *, force: bool) -> str | None:
    url = settings.database_url
    _refuse_newer(postgres.make_engine(url, connections=1), mark, force=force)
    engine = postgres.make_engine(url, connections=1)
    try:
        with engine.begin() as tx:
            aside = _make_room(tx, mark.restored_at)
        with ExitStack() as unless_restored:
            unless_restored.callback(_give_back_room, engine, aside)
            pgtools.restore(url, dump)
            unless_restored.pop_all()
    finally:
        engine.dispose()
    _mark(postgres.make_engine(url, connections=1), mark)
    return aside


def _make_room(tx: Connection, now: datetime) -> str | None:
    others = tx.exec_driver_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ).scalar_one()
    if others:
        raise Conflict(
            f"{others} other connections use this database; stop OrderBell everywhere first.", code="database_in_use"
        )
    if migrate.current(tx) is None:
        return None
    aside = f"before_restore_{now:%Y%m%dT%H%M%SZ}".lower()
    tx.exec_driver_sql(f"ALTER SCHEMA public RENAME TO {aside}")
    tx.exec_driver_sql("CREATE SCHEMA public")
    return aside


def _give_back_room(engine: Engine, aside: str | None) -> None:
    if aside is None:
        return
    with engine.begin() as tx:
        tx.exec_driver_sql("DROP SCHEMA public")
        tx.exec_driver_sql(f"ALTER SCHEMA {aside} RENAME TO public")
