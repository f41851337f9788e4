"""The two doors to the rows: `write(fn)` and `read(fn)`, the same for SQLite and PostgreSQL.

`fn(tx)` is an ordinary synchronous function that runs in a thread, inside one transaction; it must not touch the
network and never commits. When `write` returns, what it wrote is on the disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

Tx = Connection
T = TypeVar("T")


class Store(Protocol):
    """A database behind its two doors."""

    dialect: str
    """`sqlite` or `postgresql`."""

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn(tx)` in a transaction of its own kind: all of it is kept, durably, or nothing.

        Raises:
            NotReady: the database is away or the disk is full; nothing was kept.
        """
        ...

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn(tx)` on a consistent view; writing through it fails.

        Raises:
            NotReady: the database is away.
        """
        ...

    def waiting(self) -> int:
        """How many wait for the writer (SQLite) or hold a connection (PostgreSQL), for the one who watches."""
        ...

    async def close(self) -> None:
        """Finish what waits and let go."""
        ...
