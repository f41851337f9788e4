"""What is stuck, by its reason, and the two things a person can do about it: set it going again, or let a message be.

A fact is never dropped: it was told to us, and can only be worked through. A message that goes again is asked first
whether it is still true, like any other; it keeps its tries, so it gets one more and then is stuck again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from orderbell.base.errors import Conflict
from orderbell.domain import audit
from orderbell.store.database import Tx
from orderbell.store.schema import EventRow, Message, State
from orderbell.store.tables.base import STUCK

MOST = 1000
"""Rows looked at, and set going at once; what is beyond waits for the next press of the button."""
_REASON_MOST = 160


@dataclass(frozen=True, kw_only=True)
class Group:
    """Stuck rows of one kind (`event`, `message`) with the same reason; `newest_id` is one to look at."""

    kind: str
    reason: str
    count: int
    since: datetime
    newest_id: str


@dataclass(frozen=True)
class _Row:
    kind: str
    id: str
    reason: str
    at: datetime


def groups(tx: Tx, shop_id: str) -> list[Group]:
    """Everything stuck in a shop, the largest group first."""
    found: dict[tuple[str, str], list[_Row]] = {}
    for row in (*_events(tx, shop_id), *_messages(tx, shop_id)):
        found.setdefault((row.kind, row.reason), []).append(row)
    made = [
        Group(kind=kind, reason=reason, count=len(rows), since=min(row.at for row in rows), newest_id=rows[-1].id)
        for (kind, reason), rows in found.items()
    ]
    return sorted(made, key=lambda group: (-group.count, group.kind, group.reason))


def again(tx: Tx, shop_id: str, kind: str, reason: str, *, by: str, now: datetime) -> int:
    """Set the rows of a group going again; how many.

    Raises:
        Conflict: `not_stuck`, nothing of that kind is stuck for that reason any more.
    """
    ids = _ids(tx, shop_id, kind, reason)
    if kind == "event":
        fresh: dict[str, Any] = {"state": int(State.READY), "tries": 0, "due_at": now, "error": None}
        table: Any = EventRow
    else:
        fresh = {"state": int(State.READY), "status": "queued", "due_at": now, "ended_at": None, "reason": "will_retry"}
        table = Message
    tx.execute(update(table).where(table.shop_id == shop_id, table.id.in_(ids), STUCK).values(**fresh))
    _note(tx, shop_id, f"{kind}.again", ids, reason=reason, by=by, now=now)
    return len(ids)


def let_be(tx: Tx, shop_id: str, reason: str, *, by: str, now: datetime) -> int:
    """Take the messages of a group out of the way for good, unsent; how many.

    Raises:
        Conflict: `not_stuck`, as for `again`.
    """
    ids = _ids(tx, shop_id, "message", reason)
    ended = {"state": int(State.DONE), "status": "cancelled", "ended_at": now}
    tx.execute(update(Message).where(Message.shop_id == shop_id, Message.id.in_(ids), STUCK).values(**ended))
    _note(tx, shop_id, "message.let_be", ids, reason=reason, by=by, now=now)
    return len(ids)


def reason_of(text: str | None) -> str:
    """What groups rows: an error's kind without the values in it, a message's reason as it is."""
    first = (text or "").strip().split("\n", 1)[0]
    head = first.partition("(")[0]
    return (head if head.isidentifier() else first)[:_REASON_MOST]


def _events(tx: Tx, shop_id: str) -> Sequence[_Row]:
    query = select(EventRow.id, EventRow.error, EventRow.received_at).where(EventRow.shop_id == shop_id, STUCK)
    rows = tx.execute(query.order_by(EventRow.id).limit(MOST))
    return [_Row("event", row.id, reason_of(row.error), row.received_at) for row in rows]


def _messages(tx: Tx, shop_id: str) -> Sequence[_Row]:
    query = select(Message.id, Message.reason, Message.created_at).where(Message.shop_id == shop_id, STUCK)
    rows = tx.execute(query.order_by(Message.id).limit(MOST))
    return [_Row("message", row.id, reason_of(row.reason), row.created_at) for row in rows]


def _ids(tx: Tx, shop_id: str, kind: str, reason: str) -> list[str]:
    rows = _events(tx, shop_id) if kind == "event" else _messages(tx, shop_id)
    ids = [row.id for row in rows if row.reason == reason]
    if not ids:
        raise Conflict("Nothing is stuck for this reason any more.", code="not_stuck")
    return ids


def _note(tx: Tx, shop_id: str, action: str, ids: list[str], *, reason: str, by: str, now: datetime) -> None:
    detail = {"reason": reason, "count": len(ids), "ids": ids[:50]}
    audit.note(tx, shop_id, actor=by, action=action, object=ids[0], now=now, detail=detail)
