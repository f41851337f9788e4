"""`orderbell doctor`: what is well, what is not, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from orderbell.base.errors import OrderBellError
from orderbell.base.settings import Settings
from orderbell.cli import machine
from orderbell.cli.machine import Advice
from orderbell.engine import streams
from orderbell.engine.choice import servers_of
from orderbell.runtime import nightly
from orderbell.runtime.vitals import BACKED_UP
from orderbell.store import allocations, backlog, disk, marker, meta, migrate, opening, postgres, sqlite
from orderbell.store.backlog import Backlog
from orderbell.store.database import Tx
from orderbell.store.schema import Meta

WAITS_MOST_S = 60.0
"""Due work of the two urgent lanes that waited longer than this deserves a look."""
BACKUP_OLD = timedelta(hours=26)
_NONE_YET = "there is none yet; `orderbell up` makes it"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `advice`: nothing is broken, but it should be better."""

    what: str
    ok: bool
    words: str
    advice: bool = False


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; a look that fails is itself a finding. Never writes to the database."""
    looks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("SQLite", machine.sqlite_version),
        ("disk", machine.room),
        ("file system", machine.file_system),
        ("sync to disk", machine.sync_cost),
        ("clock", machine.clock),
        ("key", _key),
        ("database", _database),
        ("restore", _restore),
        ("waiting work", _work),
        ("stuck work", _stuck),
        ("allocation journal", _journal),
        ("journal's place", _journal_place),
        ("last backup", _backup),
    )
    return [*(_look(what, look, settings) for what, look in looks), await _engine(settings)]


def _look(what: str, look: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(what, True, look(settings))
    except Advice as advice:
        return Finding(what, True, advice.sentence, advice=True)
    except OrderBellError as error:
        return Finding(what, False, error.sentence)
    except (OSError, SQLAlchemyError) as error:
        return Finding(what, False, str(error).partition("\n")[0])


async def _engine(settings: Settings) -> Finding:
    """Whether the NATS servers between many processes may be trusted; each is asked by its monitor."""
    if not settings.engine_url:
        return Finding("engine", True, "none is named; work is handed on in memory and by the database")
    try:
        servers = servers_of(settings)
        seen = await streams.check(servers)
    except OrderBellError as error:
        return Finding("engine", False, error.sentence)
    asked = len(servers.monitors)
    words = f"{seen} of {asked} NATS servers answer, and they sync each message to disk"
    return Finding("engine", True, words, advice=seen < asked)


def _key(settings: Settings) -> str:
    keys = opening.find_keys(settings)
    if keys is not None and keys.is_rotating:
        raise OrderBellError("its rotation was not finished; run `orderbell secrets rotate` to go on.")
    return f"{settings.key_path} is readable by you alone" if keys else _NONE_YET


def _with_database(settings: Settings, look: Callable[[Tx], str]) -> str:
    if settings.database_url:
        engine = postgres.make_engine(settings.database_url, connections=1)
    elif not settings.sqlite_path.exists():
        return _NONE_YET
    else:
        engine = sqlite.make_engine(settings.sqlite_path, read_only=True)
    try:
        with engine.connect() as tx:
            return look(tx)
    finally:
        engine.dispose()


def _with_shape(settings: Settings, look: Callable[[Tx], str]) -> str:
    return _with_database(settings, lambda tx: look(tx) if migrate.current(tx) == migrate.head() else "not known yet")


def _database(settings: Settings) -> str:
    def look(tx: Tx) -> str:
        if migrate.current(tx) != migrate.head():
            raise OrderBellError("its shape is older than this release; run `orderbell migrate`.")
        meta.compare_key(tx, opening.open_keyring(settings))
        if tx.dialect.name == "sqlite":
            verdict = tx.exec_driver_sql("PRAGMA quick_check").scalar()
            if verdict != "ok":
                raise OrderBellError(f"the file is damaged: {verdict}; restore a backup.")
        return "sound, and of this release's shape"

    return _with_database(settings, look)


def _restore(settings: Settings) -> str:
    def look(tx: Tx) -> str:
        mark = marker.find(tx)
        if mark is not None and mark.is_paused:
            raise OrderBellError(
                "a backup was laid back and the house is paused; look at `orderbell restore --status`, then --confirm."
            )
        return f"laid back at {mark.restored_at:%Y-%m-%d %H:%M} UTC, and going on" if mark else "never"

    return _with_shape(settings, look)


def _work(settings: Settings) -> str:
    def look(tx: Tx) -> str:
        found = backlog.read(tx, now=datetime.now(UTC))
        late = [line for line, waited_s, lane in _ages(found) if lane < 2 and waited_s > WAITS_MOST_S]
        if late:
            raise OrderBellError(f"{', '.join(late)}: is a worker running?")
        return ", ".join(line for line, _, _ in _ages(found)) or "nothing is due"

    return _with_shape(settings, look)


def _ages(found: Backlog) -> list[tuple[str, float, int]]:
    """A line for each queue with due work, its oldest row's age in seconds, and its lane."""
    aged = [(queue, queue.oldest_s(found.at)) for queue in found.queues if queue.due]
    return [
        (f"{queue.due} {queue.kind}s of lane {queue.lane} due, the oldest for {waited_s:.0f} s", waited_s, queue.lane)
        for queue, waited_s in aged
    ]


def _stuck(settings: Settings) -> str:
    def look(tx: Tx) -> str:
        found = backlog.read(tx, now=datetime.now(UTC))
        stuck = {kind: count for kind, count in found.stuck.items() if count}
        if stuck:
            said = ", ".join(f"{count} {kind}s" for kind, count in stuck.items())
            raise OrderBellError(f"{said} are stuck; the panel's overview lists them with their reasons.")
        return f"none; {found.tasks} tasks wait for a person"

    return _with_shape(settings, look)


def _journal(settings: Settings) -> str:
    paths = allocations.files(settings.journal_path)
    if not paths or not settings.key_path.exists():
        return "nothing was given away yet"
    key = opening.journal_key(opening.open_keyring(settings))
    tapes = [tape for path in paths if (tape := allocations.read(path, key, keep=False)) is not None]
    faults = [fault for tape in tapes for fault in tape.faults]
    ends = {tape.last_mac for tape in tapes}
    faults += [f"the file before {tape.path.name} is not there" for tape in tapes if tape.previous not in ends | {""}]
    if faults:
        raise OrderBellError(f"{len(faults)} faults: {'; '.join(faults[:3])}.")
    return f"{sum(tape.count for tape in tapes):,} lines in {len(tapes)} files, the chain holds"


def _journal_place(settings: Settings) -> str:
    if settings.database_url:
        return str(settings.journal_path.parent)
    if disk.same_disk(settings.journal_path.parent, settings.data_dir):
        raise Advice(
            "the allocation journal lies on the database's own disk and would die with it; "
            "set ORDERBELL_ALLOCATION_JOURNAL to a second one."
        )
    return f"{settings.journal_path.parent}, another disk than the database's"


def _backup(settings: Settings) -> str:
    made_at = nightly.last_made(Path(settings.backup_dir)) if settings.backup_dir else None
    known = made_at.isoformat(" ", "minutes") if made_at else _with_shape(settings, _remembered)
    if known == _NONE_YET:
        return "there is nothing to back up yet"
    at = datetime.fromisoformat(known) if known[:1].isdigit() else None
    if at is None:
        raise Advice("none is known; run `orderbell backup`, or set ORDERBELL_BACKUP_DIR for one every night.")
    age = datetime.now(UTC) - at
    if age > BACKUP_OLD:
        raise Advice(f"{known}, {age.days} days and {age.seconds // 3600} h ago: too old to be of much help.")
    return f"{known}, {age.seconds // 3600 + age.days * 24} h ago"


def _remembered(tx: Tx) -> str:
    said = tx.execute(select(Meta.value).where(Meta.name == BACKED_UP)).scalar_one_or_none()
    return (said or "").partition(" · ")[0]
