"""`orderbell doctor`: what is well, what is not, and how to mend it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pysqlite3 import dbapi2
from sqlalchemy import func, select

from orderbell.base.errors import OrderBellError
from orderbell.base.secrets import Keyring, read_or_make_key
from orderbell.base.settings import Settings
from orderbell.store import migrate, postgres, sqlite
from orderbell.store.database import Tx
from orderbell.store.schema import EventRow, Message, Meta, State, Task

FREE_LEAST_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    words: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; a look that fails is itself a finding. Never writes to the database."""
    looks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("SQLite", _sqlite),
        ("disk", _disk),
        ("sync to disk", _fsync),
        ("key", _key),
        ("database", _database),
        ("waiting work", _work),
    )
    return [_look(what, look, settings) for what, look in looks]


def _look(what: str, look: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(what, True, look(settings))
    except OrderBellError as error:
        return Finding(what, False, error.sentence)
    except OSError as error:
        return Finding(what, False, str(error))


def _sqlite(settings: Settings) -> str:
    if dbapi2.sqlite_version_info < sqlite.OLDEST:
        raise OrderBellError(f"{dbapi2.sqlite_version} is too old; reinstall pysqlite3 0.6.1 or newer.")
    return f"{dbapi2.sqlite_version}"


def _disk(settings: Settings) -> str:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.data_dir).free
    if free < FREE_LEAST_BYTES:
        raise OrderBellError(f"only {free // 2**20} MB free in {settings.data_dir}; 512 MB is the least.")
    return f"{free // 2**20} MB free in {settings.data_dir}"


def _fsync(settings: Settings) -> str:
    path = Path(settings.data_dir, ".fsync-probe")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        started = time.perf_counter()
        for _ in range(20):
            os.write(handle, b"x" * 4096)
            os.fdatasync(handle)
        cost_ms = (time.perf_counter() - started) / 20 * 1000
    finally:
        os.close(handle)
        path.unlink()
    return f"{cost_ms:.2f} ms each"


def _key(settings: Settings) -> str:
    read_or_make_key(settings.key_path)
    return f"{settings.key_path} is readable by you alone"


def _with_database(settings: Settings, look: Callable[[Tx], str]) -> str:
    if settings.database_url:
        engine = postgres.make_engine(settings.database_url, connections=1)
    elif not settings.sqlite_path.exists():
        return "there is none yet; `orderbell up` makes it"
    else:
        engine = sqlite.make_engine(settings.sqlite_path, read_only=True)
    try:
        with engine.connect() as tx:
            return look(tx)
    finally:
        engine.dispose()


def _database(settings: Settings) -> str:
    keyring = Keyring(read_or_make_key(settings.key_path))

    def look(tx: Tx) -> str:
        if migrate.current(tx) != migrate.head():
            raise OrderBellError("its shape is older than this release; run `orderbell migrate`.")
        known = tx.execute(select(Meta.value).where(Meta.name == "key_check")).scalar_one_or_none()
        if known is not None and known != keyring.check_value():
            raise OrderBellError("it was made with another key file; put the right one back.")
        if tx.dialect.name == "sqlite":
            verdict = tx.exec_driver_sql("PRAGMA quick_check").scalar()
            if verdict != "ok":
                raise OrderBellError(f"the file is damaged: {verdict}; restore a backup.")
        return "sound, and of this release's shape"

    return _with_database(settings, look)


def _work(settings: Settings) -> str:
    def look(tx: Tx) -> str:
        if migrate.current(tx) is None:
            return "none"
        stuck = sum(
            tx.execute(select(func.count()).select_from(table).where(table.state == int(State.STUCK))).scalar_one()
            for table in (EventRow, Message)
        )
        tasks = tx.execute(select(func.count()).select_from(Task).where(Task.closed_at.is_(None))).scalar_one()
        if stuck:
            raise OrderBellError(f"{stuck} rows are stuck; the panel's overview lists them with their reasons.")
        return f"nothing is stuck; {tasks} tasks wait for a person"

    return _with_database(settings, look)
