"""PostgreSQL behind the two doors: a pool of connections, each used by one thread at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError

from orderbell.base import metrics
from orderbell.base.crash import crashpoint
from orderbell.base.errors import NotReady
from orderbell.store.allocations import NoJournal

T = TypeVar("T")
CONNECTIONS = 8
# serialization_failure and deadlock_detected (PostgreSQL 18 manual, appendix A): the transaction may be repeated.
_REPEATABLE = ("40001", "40P01")
_TRIES = 5
# One snapshot for all statements of a read, as SQLite gives it; read-only, it can never fail to serialise.
_VIEW: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

# A machine that is cut off must not keep its row locks: the server ends what says nothing inside a transaction, and
# neither side waits for a dead line (libpq manual, "Connection Control Functions", read 2026-11-22).
_PATIENCE: dict[str, Any] = {
    "options": "-c idle_in_transaction_session_timeout=10000 -c tcp_user_timeout=10000",
    "connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}  # fmt: skip


def make_engine(url: str, *, connections: int = CONNECTIONS) -> Engine:
    """A SQLAlchemy engine for a postgres URL of any common spelling."""
    tail = url.split("://", 1)[1]
    return create_engine(
        f"postgresql+psycopg://{tail}",
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=10,
        hide_parameters=True,
        connect_args=_PATIENCE,
    )


class PostgresStore:
    """A PostgreSQL database; many processes may write it."""

    dialect = "postgresql"

    def __init__(self, url: str, *, connections: int = CONNECTIONS, journal: NoJournal | None = None) -> None:
        self._engine = make_engine(url, connections=connections)
        self._journal = journal or NoJournal()
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="sql")

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """See `Store.write`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._write, fn)

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """See `Store.read`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, fn)

    def waiting(self) -> int:
        """See `Store.waiting`."""
        pool: Any = self._engine.pool
        return int(pool.checkedout())

    async def close(self) -> None:
        """See `Store.close`."""
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        self._engine.dispose()
        self._journal.close()

    def _write(self, fn: Callable[[Connection], T]) -> T:
        for left in reversed(range(_TRIES)):
            try:
                with self._engine.begin() as tx:
                    pending = self._journal.begin(tx)
                    result = fn(tx)
                    self._journal.write_down(tx)
                    crashpoint("sql.before_commit")
                    began = time.perf_counter()
                metrics.committed(1, time.perf_counter() - began)
                self._journal.end(pending)
                crashpoint("sql.after_commit")
                return result
            except DBAPIError as error:
                if left == 0 or getattr(error.orig, "sqlstate", None) not in _REPEATABLE:
                    raise _translate(error) from error
                time.sleep(0.01 * (_TRIES - left))
        raise AssertionError("unreachable")

    def _read(self, fn: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect().execution_options(**_VIEW) as tx:
                return fn(tx)
        except DBAPIError as error:
            raise _translate(error) from error


def _translate(error: DBAPIError) -> Exception:
    code = getattr(error.orig, "sqlstate", None) or ""
    if isinstance(error, OperationalError) or code.startswith(("08", "57", "53")):
        return NotReady("The database is away; nothing was kept. Try again.", code="database_away")
    return error
