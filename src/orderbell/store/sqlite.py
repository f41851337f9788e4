"""SQLite behind the two doors: one writer thread with group commit, a few reader threads.

Settings by promises 4.9: WAL, synchronous=FULL, no mmap, secure_delete. The writer takes whatever waits (≤ 64),
gives each a savepoint, commits once and then answers all, so that many callers share one fsync.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pysqlite3 import dbapi2
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from orderbell.base import log, metrics, mutant
from orderbell.base.crash import crashpoint
from orderbell.base.errors import Misconfigured, NotReady, OrderBellError
from orderbell.store import allocations
from orderbell.store.allocations import NoJournal

T = TypeVar("T")
GROUP_MOST = 64
READERS = 4
# Older versions carry the WAL-reset bug that can corrupt a database (architecture.md, read 2026-11-22).
OLDEST = (3, 51, 3)
_FATAL = ("disk I/O error", "malformed", "not a database")
_PRAGMAS = (
    f"PRAGMA synchronous={'NORMAL' if mutant.without('sync_normal') else 'FULL'}",
    "PRAGMA fullfsync=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA secure_delete=ON",
    "PRAGMA mmap_size=0",
    "PRAGMA wal_autocheckpoint=1000",
    "PRAGMA cache_size=-32000",
    "PRAGMA temp_store=MEMORY",
)


def make_engine(path: Path, *, read_only: bool = False, journal_mode: str = "WAL") -> Engine:
    """A SQLAlchemy engine whose connections carry our settings; transactions are BEGIN IMMEDIATE.

    A copy that nobody else uses (a backup) is opened with `journal_mode` DELETE: it stays one file.

    Raises:
        Misconfigured: the bundled SQLite is too old to be trusted.
    """
    if dbapi2.sqlite_version_info < OLDEST:
        raise Misconfigured(f"SQLite {dbapi2.sqlite_version} can corrupt its log; 3.51.3 is needed.")
    engine = create_engine(
        f"sqlite:///{path}", module=dbapi2, pool_size=READERS + 1, max_overflow=0, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _set_up(raw: Any, _record: object) -> None:
        raw.isolation_level = None
        for pragma in (f"PRAGMA journal_mode={journal_mode}", *_PRAGMAS):
            raw.execute(pragma)
        if read_only:
            raw.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


@dataclass(slots=True)
class _Job:
    fn: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


class SqliteStore:
    """One database file of which this process is the only writer."""

    dialect = "sqlite"

    def __init__(self, path: Path, *, journal: NoJournal | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = lock_file(path.with_suffix(".lock"))
        try:
            self._writer = make_engine(path)
            self._tx = self._writer.connect()
        except (DBAPIError, Misconfigured) as error:
            os.close(self._lock)
            raise _unusable(error) from error
        self._reader = make_engine(path, read_only=True)
        self._journal = journal or NoJournal()
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="read")
        self._thread = threading.Thread(target=self._work, name="write", daemon=True)
        self._thread.start()
        self._closing = False
        self.groups = 0
        self.grouped = 0

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """See `Store.write`."""
        if self._closing:
            raise NotReady("The house is closing; nothing was kept.", code="closing")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Job(fn, future, loop))
        return await future

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """See `Store.read`."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, fn)

    def waiting(self) -> int:
        """See `Store.waiting`."""
        return self._queue.qsize()

    async def close(self) -> None:
        """See `Store.close`."""
        if self._closing:
            return
        self._closing = True
        self._queue.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
        self._readers.shutdown()
        self._reader.dispose()
        self._writer.dispose()
        self._journal.close()
        os.close(self._lock)

    def _read(self, fn: Callable[[Connection], T]) -> T:
        try:
            with self._reader.connect() as tx:
                return fn(tx)
        except DBAPIError as error:
            raise _translate(error) from error

    def _work(self) -> None:
        with self._tx as tx:
            while (first := self._queue.get()) is not None:
                jobs, goes_on = self._gather(first)
                self._commit(tx, jobs)
                self.groups += 1
                self.grouped += len(jobs)
                _answer(jobs)
                if not goes_on:
                    return

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        jobs = [first]
        while len(jobs) < GROUP_MOST:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return jobs, False
            jobs.append(job)
        return jobs, True

    def _commit(self, tx: Connection, jobs: list[_Job]) -> None:
        try:
            with tx.begin():
                pending = self._journal.begin(tx)
                for job in jobs:
                    _run(tx, job, alone=len(jobs) == 1)
                self._journal.write_down(tx)
                crashpoint("sql.before_commit")
                began = time.perf_counter()
            metrics.committed(len(jobs), time.perf_counter() - began)
            self._journal.end(pending)
            crashpoint("sql.after_commit")
        except DBAPIError as error:
            _stop_if_fatal(error)
            # One that found the disk full may have ended the transaction of the whole group: that is then why.
            why = next((job.error for job in jobs if isinstance(job.error, NotReady)), _translate(error))
            for job in jobs:
                job.error = job.error or why
        except BaseException as error:
            # A job alone in its group has no savepoint: its own error ended the transaction.
            for job in jobs:
                job.error = job.error or error


def _run(tx: Connection, job: _Job, *, alone: bool) -> None:
    if alone:
        job.result = job.fn(tx)
        return
    nested, given = tx.begin_nested(), allocations.mark(tx)
    try:
        job.result = job.fn(tx)
        nested.commit()
    except BaseException as error:
        if isinstance(error, DBAPIError) and not nested.is_active:
            raise
        if isinstance(error, DBAPIError):
            _stop_if_fatal(error)
        job.error = _translate(error) if isinstance(error, DBAPIError) else error
        nested.rollback()
        allocations.forget_since(tx, given)


def _unusable(error: DBAPIError | Misconfigured) -> Misconfigured:
    if isinstance(error, Misconfigured):
        return error
    return Misconfigured(f"The database file cannot be opened: {error.orig}.", code="database_unreadable")


def _answer(jobs: list[_Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, mine in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, mine)


def _settle(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _translate(error: DBAPIError) -> Exception:
    words = str(error.orig)
    if "disk is full" in words:
        return NotReady("The disk is full; nothing was kept. Free some space and try again.", code="disk_full")
    if "locked" in words or "busy" in words:
        return NotReady("The database is busy; try again.", code="database_busy")
    return error


def _stop_if_fatal(error: DBAPIError) -> None:
    # After a failed fsync nothing the page cache says can be believed: stop, never retry (promises C8).
    if any(word in str(error.orig) for word in _FATAL) and not mutant.without("stop_on_io_error"):
        log.get("store").critical("the database file cannot be trusted; stopping", words=str(error.orig))
        os._exit(70)


def lock_file(path: Path) -> int:
    """Make this process the only one that writes a database; the handle is the lock.

    Raises:
        OrderBellError: `database_in_use`.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise OrderBellError("Another OrderBell process is writing this database.", code="database_in_use") from None
    return handle
