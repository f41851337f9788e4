"""A database as it is after a long time: orders the house itself has made, copied many times inside SQLite.

The house must be stopped meanwhile. A copy differs from its original in every name and every moment, as far back as
if it had come at a steady pace before; so each table has the rows, and each index the entries, of real orders.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysqlite3
from sqlalchemy import Table

from orderbell.store.schema import METADATA
from orderbell.store.tables.base import Moment, State

APART_MS = 60_000
"""How far apart two copies of the originals lie: a million orders of fifty originals are two weeks."""
COPIES_MOST = 20_000
"""The copy of this number would be of this moment; lower ones are older, so that names rise as they do in life."""
AT_ONCE = 200
# What names another row of the same order, or is the row's own name.
NAMES = {"id", "order_id", "customer_id", "slot_id", "card_id", "event_id", "message_id"}
# What must be unique, or is looked up by: the copy's number is put behind it.
KEYS = {"natural_id", "natural_key", "order_number", "number", "value", "address"}
WHICH = {
    "orders": "number LIKE :like",
    "line": "order_id IN (SELECT id FROM orders WHERE number LIKE :like)",
    "customer": "id IN (SELECT customer_id FROM orders WHERE number LIKE :like)",
    "address": "customer_id IN (SELECT customer_id FROM orders WHERE number LIKE :like)",
    "slot": "order_id IN (SELECT id FROM orders WHERE number LIKE :like)",
    "card": "slot_id IN (SELECT s.id FROM slot s JOIN orders o ON o.id = s.order_id WHERE o.number LIKE :like)",
    "event": "order_number LIKE :like",
    "message": "order_id IN (SELECT id FROM orders WHERE number LIKE :like)",
    "attempt": "message_id IN (SELECT m.id FROM message m, orders o WHERE o.id = m.order_id AND o.number LIKE :like)",
}
TIMER = {
    "id": "'tmr_' || lower(hex(randomblob(16)))", "shop_id": "shop.id", "kind": "'expire_order'",
    "subject_id": "'ord_' || lower(hex(randomblob(16)))", "gen": "0", "fired_at": "NULL",
    "state": str(int(State.READY)), "lane": "1", "due_at": ":due + copy.n * :step", "lease_gen": "0", "tries": "0",
}  # fmt: skip
"""A waiting timer of an order that is not unpaid."""
COPIES = "WITH RECURSIVE copy(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM copy WHERE n < :last)"


@dataclass(frozen=True)
class File:
    """An open database of a stopped house."""

    connection: Any

    def copy_orders(self, like: str, *, first: int, last: int) -> int:
        """Copy each order whose number is `like` as the copies `first` to `last`; how many orders were made."""
        for table, which in WHICH.items():
            self._set_aside(f"original_{table}", f"SELECT * FROM {table} WHERE {which}", like)
        now_ms = int(time.time() * 1000)
        made = 0
        for at in range(first, last + 1, AT_ONCE):
            known = {"now_ms": now_ms, "first": at, "last": min(at + AT_ONCE - 1, last)}
            done = {
                table: self.connection.execute(_copy_sql(METADATA.tables[table]), known).rowcount for table in WHICH
            }
            made += done["orders"]
            self.connection.commit()
        return made

    def arm_timers(self, most: int, *, spread_s: float, due_at: float) -> None:
        """Timers due evenly over `spread_s` from a moment on, of paid orders; those that wait already join them."""
        due, step = int(due_at * 1e6), int(spread_s * 1e6 / most)
        self.connection.execute(
            "UPDATE timer SET due_at = :due + abs(random()) % :span WHERE state < 2",
            {"due": due, "span": int(spread_s * 1e6)},
        )
        columns = ", ".join(TIMER)
        self.connection.execute(
            f"{COPIES} INSERT INTO timer ({columns}) SELECT {', '.join(TIMER.values())} FROM copy CROSS JOIN"
            " (SELECT id FROM shop ORDER BY id LIMIT 1) AS shop",
            {"first": 1, "last": most, "due": due, "step": step},
        )
        self.connection.commit()

    def crowd(self, like: str, *, each: int, due_at: float) -> int:
        """Waiting messages in lane 2: each webhook of the orders `like` these `each` times over; how many."""
        fresh = {
            "id": "substr(t.id, 1, 4) || lower(hex(randomblob(16)))", "natural_key": "t.natural_key || '#' || copy.n",
            "state": str(int(State.READY)), "lane": "2", "due_at": str(int(due_at * 1e6)), "lease_gen": "0",
            "tries": "0", "status": "'queued'", "sent_at": "NULL", "ended_at": "NULL",
        }  # fmt: skip
        hooks = f"SELECT * FROM message WHERE channel = 'webhook' AND lane < 2 AND {WHICH['message']}"
        self._set_aside("hook", hooks, like)
        columns = METADATA.tables["message"].columns.keys()
        values = ", ".join(fresh.get(name, f"t.{name}") for name in columns)
        sql = f"{COPIES} INSERT INTO message ({', '.join(columns)}) SELECT {values} FROM copy CROSS JOIN hook AS t"
        made = self.connection.execute(sql, {"first": 1, "last": each}).rowcount
        self.connection.commit()
        return int(made)

    def make_due(self, account: str) -> None:
        """Let the whole of lane 2 be due now, by the account of that name."""
        self.connection.execute(
            "UPDATE message SET due_at = :now, provider_id = (SELECT id FROM provider WHERE name = :name)"
            " WHERE lane = 2 AND state = 0",
            {"now": int(time.time() * 1e6), "name": account},
        )
        self.connection.commit()

    def _set_aside(self, name: str, query: str, like: str) -> None:
        """Keep what a query finds in a table of this connection: it would be looked for again for each copy."""
        self.connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
        self.connection.execute(f"CREATE TEMP TABLE {name} AS {query}", {"like": like})

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query finds."""
        return list(self.connection.execute(sql))


@contextmanager
def opened(data: Path) -> Iterator[File]:
    """The database of a stopped house; nothing is synced before the block ends."""
    connection = pysqlite3.connect(data / "orderbell.db")
    for pragma in ("journal_mode=WAL", "synchronous=OFF", "cache_size=-262144", "wal_autocheckpoint=20000"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    try:
        yield File(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()
        # What was written must not be on its way to the disk while others are measured.
        os.sync()


def _copy_sql(table: Table) -> str:
    columns = table.columns.keys()
    values = ", ".join(_copied(table, name) for name in columns)
    # CROSS JOIN keeps this order of loops in SQLite: copy after copy.
    return (
        f"{COPIES} INSERT INTO {table.name} ({', '.join(columns)}) SELECT {values}"
        f" FROM copy CROSS JOIN original_{table.name} AS t"
    )


def _copied(table: Table, name: str) -> str:
    back_ms = f"({COPIES_MOST} - copy.n) * {APART_MS}"
    if name in NAMES:
        # A UUIDv7 begins with its birth in milliseconds; the rest of the original's keeps the copy unique.
        return f"substr(t.{name}, 1, 4) || printf('%012x', :now_ms - {back_ms}) || substr(t.{name}, 17)"
    if name in KEYS:
        return f"t.{name} || '.' || copy.n"
    if name == "fingerprint":
        return "randomblob(32)"
    if isinstance(table.c[name].type, Moment):
        return f"t.{name} - {back_ms} * 1000"
    return f"t.{name}"
