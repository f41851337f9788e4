"""Orders as the panel lists them, and one order with everything that happened to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, text
from sqlalchemy import Row as SqlRow

from orderbell.base.errors import NotFound
from orderbell.store.schema import Attempt, EventRow, LineRow, Message, Order, Reveal, SourceRow, Task
from orderbell.web.panel.queries import messages, sought
from orderbell.web.panel.queries.sought import Wish

PAGE = 50
MOST_COUNTED = messages.MOST_COUNTED
MOST_OF_ONE = 500
STATUSES = ("pending", "paid", "delivered", "completed", "cancelled", "expired", "refunded")
AnyRow = SqlRow[*tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class OrderListing:
    """One page of orders with the titles of what was bought."""

    rows: Sequence[AnyRow]
    older: str
    goods: Mapping[str, Sequence[AnyRow]]
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One event of an order and the messages it caused."""

    event: AnyRow
    messages: Sequence[AnyRow] = ()


@dataclass(frozen=True, kw_only=True)
class OrderStory:
    """One order, its lines, its chapters, who saw the goods, and what waits for a person."""

    row: AnyRow
    lines: Sequence[AnyRow]
    chapters: Sequence[Chapter]
    attempts: Mapping[str, Sequence[AnyRow]]
    reveals: Sequence[AnyRow]
    tasks: Sequence[AnyRow]
    providers: Mapping[str, str] = field(default_factory=dict)
    source: str = ""


def find(tx: Connection, shop_id: str, wish: Wish) -> OrderListing:
    """One page of what the reader wishes to see, the newest first."""
    query = line().where(*wanted(tx, shop_id, wish))
    if wish.before:
        query = query.where(Order.id < wish.before)
    rows = tx.execute(query.order_by(Order.id.desc()).limit(PAGE + 1)).all()
    goods = lines_of(tx, shop_id, [row.id for row in rows])
    older = rows[PAGE - 1].id if len(rows) > PAGE else ""
    return OrderListing(rows=rows[:PAGE], older=older, goods=goods, counts=count(tx, shop_id))


def line() -> Select[*tuple[Any, ...]]:
    """The columns a list shows of an order."""
    return select(
        Order.id, Order.number, Order.status, Order.owed, Order.held, Order.refund_requested, Order.disputed,
        Order.amount_minor, Order.currency, Order.buyer, Order.customer_id, Order.created_at, Order.paid_at,
        Order.delivered_at, Order.ended_at, Order.revealed_at,
    )  # fmt: skip


def wanted(tx: Connection, shop_id: str, wish: Wish) -> list[ColumnElement[bool]]:
    """The conditions of a wish; the page it starts at is not among them."""
    return sought.of_orders(tx, shop_id, wish.read, now=wish.now, zone=wish.zone, currency=wish.currency)


def count(tx: Connection, shop_id: str) -> dict[str, int]:
    """How many orders stand in each status, and how many are owed; counting stops at MOST_COUNTED + 1."""
    ways = {status: Order.status == status for status in STATUSES} | {"owed": text("orders.owed=1")}
    parts = [
        select(func.count())
        .select_from(select(Order.id).where(Order.shop_id == shop_id, way).limit(MOST_COUNTED + 1).subquery())
        .scalar_subquery()
        .label(name)
        for name, way in ways.items()
    ]
    return dict(tx.execute(select(*parts)).one()._mapping)


def lines_of(tx: Connection, shop_id: str, order_ids: Sequence[str]) -> dict[str, list[AnyRow]]:
    """What was bought in each of these orders."""
    goods: dict[str, list[AnyRow]] = {}
    query = select(LineRow.__table__).where(LineRow.shop_id == shop_id, LineRow.order_id.in_(list(order_ids)))
    for row in tx.execute(query.order_by(LineRow.order_id, LineRow.n)):
        goods.setdefault(row.order_id, []).append(row)
    return goods


def story(tx: Connection, shop_id: str, number: str) -> OrderStory:
    """One order by its number, with everything that happened, oldest first.

    Raises:
        NotFound: no such order in this shop.
    """
    row = tx.execute(_one(shop_id).where(Order.number == number)).one_or_none()
    if row is None:
        raise NotFound("There is no such order.")
    sent = tx.execute(
        messages.line()
        .add_columns(Message.event_id, Message.rule_id, Message.ended_at, Message.resend_of)
        .where(Message.shop_id == shop_id, Message.order_id == row.id)
        .limit(MOST_OF_ONE)
    ).all()  # fmt: skip
    # Sorted here: an ORDER BY would lead the planner to walk all messages in order instead of this order's few.
    sent = sorted(sent, key=lambda each: each.id)
    return OrderStory(
        row=row, lines=lines_of(tx, shop_id, [row.id]).get(row.id, []), chapters=_chapters(tx, shop_id, number, sent),
        attempts=_attempts(tx, shop_id, [each.id for each in sent]), reveals=_reveals(tx, shop_id, row.id),
        tasks=_tasks(tx, shop_id, [row.id, *(each.id for each in sent)]),
        providers=messages.provider_names(tx, shop_id), source=row.source or "",
    )  # fmt: skip


def _one(shop_id: str) -> Select[*tuple[Any, ...]]:
    return (
        select(Order.__table__, SourceRow.name.label("source"))
        .join(SourceRow, SourceRow.id == Order.source_id, isouter=True)
        .where(Order.shop_id == shop_id)
    )


def _chapters(tx: Connection, shop_id: str, number: str, sent: Sequence[AnyRow]) -> list[Chapter]:
    query = (
        select(
            EventRow.id, EventRow.type, EventRow.occurred_at, EventRow.received_at, EventRow.done_at, EventRow.story,
            EventRow.error, EventRow.state, SourceRow.name.label("source"),
        )
        .join(SourceRow, SourceRow.id == EventRow.source_id, isouter=True)
        .where(EventRow.shop_id == shop_id, EventRow.order_number == number)
        .limit(MOST_OF_ONE)
    )  # fmt: skip
    by_event: dict[str, list[AnyRow]] = {}
    for each in sent:
        by_event.setdefault(each.event_id, []).append(each)
    events = sorted(tx.execute(query), key=lambda each: each.id)
    return [Chapter(event=event, messages=by_event.get(event.id, ())) for event in events]


def _attempts(tx: Connection, shop_id: str, ids: Sequence[str]) -> dict[str, list[AnyRow]]:
    query = select(Attempt.__table__).where(Attempt.shop_id == shop_id, Attempt.message_id.in_(list(ids)))
    found: dict[str, list[AnyRow]] = {}
    for row in tx.execute(query.order_by(Attempt.message_id, Attempt.n)):
        found.setdefault(row.message_id, []).append(row)
    return found


def _reveals(tx: Connection, shop_id: str, order_id: str) -> Sequence[AnyRow]:
    query = select(Reveal.__table__).where(Reveal.shop_id == shop_id, Reveal.order_id == order_id)
    return tx.execute(query.order_by(Reveal.id.desc()).limit(50)).all()


def _tasks(tx: Connection, shop_id: str, subjects: Sequence[str]) -> Sequence[AnyRow]:
    query = select(Task.__table__).where(
        Task.shop_id == shop_id, Task.subject_id.in_(list(subjects)), Task.closed_at.is_(None)
    )
    return tx.execute(query).all()
