"""One order's whole way with its moments: told, written, decided, made, claimed, answered, recorded.

Everything is read from the rows that the steps left behind; nothing is written for it on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from orderbell.base import trace
from orderbell.base.clock import from_micros
from orderbell.base.errors import NotFound
from orderbell.base.ids import born_ms
from orderbell.store.database import Tx
from orderbell.store.schema import Attempt, EventRow, Message

MOST = 500
"""Events, and messages, of one order that are looked at."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: `what` was done, to which row, and for which event (`trace`)."""

    at: datetime
    what: str
    trace: str
    detail: str
    id: str


def of_order(tx: Tx, shop_id: str, number: str) -> list[Step]:
    """Every step of an order, oldest first.

    Raises:
        NotFound: this shop told nothing of such an order.
    """
    query = select(EventRow.__table__).where(EventRow.shop_id == shop_id, EventRow.order_number == number).limit(MOST)
    events = list(tx.execute(query))
    if not events:
        raise NotFound("There is no such order.")
    ids = [event.id for event in events]
    sent = select(Message.__table__).where(Message.event_id.in_(ids), Message.shop_id == shop_id).limit(MOST)
    messages = {row.id: row for row in tx.execute(sent)}
    tried = select(Attempt.__table__).where(Attempt.message_id.in_(messages), Attempt.shop_id == shop_id)
    steps = [step for event in events for step in _of_event(event)]
    steps += [step for message in messages.values() for step in _of_message(message)]
    steps += [step for row in tx.execute(tried) for step in _of_attempt(row, messages[row.message_id])]
    return sorted(steps, key=lambda step: step.at)


def as_json(step: Step) -> Mapping[str, str]:
    """A step for a command line."""
    return {
        "at": step.at.isoformat(timespec="milliseconds"), "what": step.what, "trace": step.trace,
        "detail": step.detail, "id": step.id,
    }  # fmt: skip


def _of_event(row: Any) -> Iterator[Step]:
    def step(what: str, at: datetime, detail: str = row.type) -> Step:
        return Step(at=at, what=what, trace=trace.of(row.id), detail=detail, id=row.id)

    yield step("told", row.received_at, f"{row.type}, happened {row.occurred_at.isoformat(timespec='seconds')}")
    yield step("written", from_micros(born_ms(row.id) * 1000))
    if row.done_at:
        yield step("decided", row.done_at)
    elif row.error:
        yield step("waits", row.due_at, row.error[:200])


def _of_message(row: Any) -> Iterator[Step]:
    name = f"{row.event_type} to {row.audience} by {row.channel}"

    def step(what: str, at: datetime, detail: str = name) -> Step:
        return Step(at=at, what=what, trace=trace.of(row.event_id), detail=detail, id=row.id)

    yield step("made", row.created_at)
    if ended := row.ended_at or row.sent_at:
        yield step("recorded", ended, f"{row.status}{f', {row.reason[:200]}' if row.reason else ''}")
    elif row.status == "queued":
        yield step("next try", row.due_at)


def _of_attempt(row: Any, message: Any) -> Iterator[Step]:
    def step(what: str, at: datetime, detail: str) -> Step:
        return Step(at=at, what=what, trace=trace.of(message.event_id), detail=detail, id=row.message_id)

    yield step("claimed", row.started_at, f"try {row.n} by {message.channel}")
    if row.ended_at:
        took_ms = (row.ended_at - row.started_at).total_seconds() * 1000
        code = f", {row.code}" if row.code else ""
        yield step("answered", row.ended_at, f"try {row.n}: {row.outcome}{code}, after {took_ms:.0f} ms")
