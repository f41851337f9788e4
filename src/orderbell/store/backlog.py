"""How much waits: bounded counts along the partial indexes of unfinished work, never over a whole table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, text

from orderbell.store.database import Tx
from orderbell.store.leases import LANES, Work
from orderbell.store.schema import EventRow, Message, Provider, Task, Timer
from orderbell.store.tables.base import STUCK

MOST = 10_000
"""Counting stops here: more than that reads "10,000 or more"."""
KINDS: Mapping[str, Work] = {"event": EventRow, "message": Message, "timer": Timer}
_FAILING_MOST = 200


@dataclass(frozen=True, kw_only=True)
class Queue:
    """Unfinished work of one kind and lane. `due` waits for a worker now, `in_hand` is leased, `later` is not due."""

    kind: str
    lane: int
    due: int
    in_hand: int
    later: int
    oldest_at: datetime | None

    def oldest_s(self, now: datetime) -> float:
        """For how long the oldest due row has waited; 0.0 when nothing does."""
        return max(0.0, (now - self.oldest_at).total_seconds()) if self.oldest_at else 0.0


@dataclass(frozen=True, kw_only=True)
class Failing:
    """An account that its provider refuses."""

    channel: str
    id: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """What is unfinished at one moment, of one shop or of all."""

    at: datetime
    queues: tuple[Queue, ...]
    stuck: Mapping[str, int]
    tasks: int
    failing: tuple[Failing, ...]


def read(tx: Tx, *, now: datetime, shop_id: str | None = None) -> Backlog:
    """Count what is unfinished; of one shop, or of the whole house for the one who runs it.

    A shop's own rows are looked for among the first MOST of each queue, which all shops share.
    """
    return Backlog(
        at=now, queues=tuple(_queue(tx, kind, lane, now=now, shop_id=shop_id) for kind in KINDS for lane in LANES),
        stuck={kind: _stuck(tx, KINDS[kind], shop_id) for kind in ("event", "message")}, tasks=_tasks(tx, shop_id),
        failing=_failing(tx, shop_id),
    )  # fmt: skip


def _queue(tx: Tx, kind: str, lane: int, *, now: datetime, shop_id: str | None) -> Queue:
    work = KINDS[kind]
    # Spelled out like the partial index's own condition, or the planner would not use it (store/leases.py).
    waiting = select(work.shop_id, work.due_at, work.state).where(text("state < 2"), work.lane == lane)
    due = waiting.where(work.due_at <= now).order_by(work.due_at).limit(MOST).subquery()
    rest = waiting.where(work.due_at > now).order_by(work.due_at).limit(MOST).subquery()
    counted = select(func.count(), func.min(due.c.due_at)).select_from(due)
    others = select(func.count(), func.coalesce(func.sum(rest.c.state), 0)).select_from(rest)
    if shop_id is not None:
        counted, others = counted.where(due.c.shop_id == shop_id), others.where(rest.c.shop_id == shop_id)
    due_count, oldest = tx.execute(counted).one()
    # READY is 0 and LEASED is 1: the sum of states is how many are in somebody's hand.
    rest_count, in_hand = tx.execute(others).one()
    return Queue(
        kind=kind, lane=lane, due=due_count, in_hand=int(in_hand), later=rest_count - int(in_hand), oldest_at=oldest
    )


def _bounded(tx: Tx, query: Select[str]) -> int:
    return tx.execute(select(func.count()).select_from(query.limit(MOST).subquery())).scalar_one()


def _stuck(tx: Tx, work: Work, shop_id: str | None) -> int:
    query = select(work.id).where(STUCK)
    return _bounded(tx, query if shop_id is None else query.where(work.shop_id == shop_id))


def _tasks(tx: Tx, shop_id: str | None) -> int:
    query = select(Task.id).where(text("closed_at IS NULL"))
    return _bounded(tx, query if shop_id is None else query.where(Task.shop_id == shop_id))


def _failing(tx: Tx, shop_id: str | None) -> tuple[Failing, ...]:
    query = select(Provider.kind, Provider.id, Provider.failing_since).where(
        Provider.failing_since.is_not(None), Provider.disabled_at.is_(None)
    )
    if shop_id is not None:
        query = query.where(Provider.shop_id == shop_id)
    rows = tx.execute(query.order_by(Provider.failing_since).limit(_FAILING_MOST))
    return tuple(Failing(channel=kind, id=id_, since=since) for kind, id_, since in rows if since is not None)


def size_bytes(tx: Tx) -> int:
    """How large the database is, as it knows itself; SQLite's log beside it is not counted."""
    if tx.dialect.name == "sqlite":
        pages, page_bytes = (tx.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size"))
        return int(pages) * int(page_bytes)
    return int(tx.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())


def version(tx: Tx) -> str:
    """The database's name and version, for people."""
    if tx.dialect.name == "sqlite":
        return f"SQLite {tx.exec_driver_sql('SELECT sqlite_version()').scalar_one()}"
    shown = str(tx.exec_driver_sql("SHOW server_version").scalar_one())
    return f"PostgreSQL {shown.split()[0]}"
