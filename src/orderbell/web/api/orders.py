"""Orders as they stand, and their whole story: told, decided, sent, seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery
from sqlalchemy import Connection, select
from sqlalchemy import Row as SqlRow

from orderbell.base.errors import NotFound
from orderbell.base.money import to_text
from orderbell.domain.access import ApiSeat
from orderbell.runtime.house import House
from orderbell.store.schema import Attempt, EventRow, LineRow, Message, Order, Reveal
from orderbell.web import guards
from orderbell.web.api.paging import DEFAULT_LIMIT, Cursor, Limit, Place, read_page

READ = [guards.scope("orders:read")]


class LineOut(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of goods; `price` is for one piece."""

    sku: str
    title: str
    quantity: int
    price: str


class OrderOut(msgspec.Struct, frozen=True, kw_only=True):
    """An order. Money is a decimal string; a moment that has not come is null."""

    id: str
    number: str
    status: str
    amount: str
    currency: str
    held: bool
    owed: bool
    refund_requested: bool
    disputed: bool
    buyer: dict[str, Any]
    attributes: dict[str, Any]
    ip: str | None
    country: str | None
    lines: list[LineOut]
    created_at: datetime
    paid_at: datetime | None
    delivered_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None
    revealed_at: datetime | None
    reveals: int


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the list; `next` null is its end."""

    items: list[OrderOut]
    next: str | None


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened. `kind`: event, message, attempt or reveal. `why` tells rules that matched or did not."""

    at: datetime
    kind: str
    what: str
    id: str
    status: str | None = None
    reason: str | None = None
    channel: str | None = None
    audience: str | None = None
    words: str | None = None
    why: list[Any] | None = None


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """An order's story, oldest first."""

    order_id: str
    number: str
    steps: list[Step]


@get("/orders", guards=READ, summary="List orders", tags=["Orders"])
async def list_orders(
    house: House, seat: ApiSeat, *, status: FromQuery[str | None] = None, cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> OrderPage:  # fmt: skip
    """Orders, newest first, of one status or all."""
    query = select(Order.__table__).where(Order.shop_id == seat.shop_id)
    if status:
        query = query.where(Order.status == status)
    place = Place(cursor=cursor, limit=limit, kind="order")

    def read(tx: Connection) -> OrderPage:
        rows, after = read_page(tx, query, Order.id, place)
        lines = _lines(tx, seat.shop_id, [row.id for row in rows])
        return OrderPage(items=[order_out(row, lines.get(row.id, [])) for row in rows], next=after)

    return await house.store.read(read)


@get("/orders/{number:str}", guards=READ, summary="One order", tags=["Orders"])
async def get_order(house: House, seat: ApiSeat, number: FromPath[str]) -> OrderOut:
    """An order by the shop's own number."""

    def read(tx: Connection) -> OrderOut:
        row = find_order(tx, seat.shop_id, number)
        return order_out(row, _lines(tx, seat.shop_id, [row.id]).get(row.id, []))

    return await house.store.read(read)


@get("/orders/{number:str}/timeline", guards=READ, summary="An order's whole story", tags=["Orders"])
async def get_timeline(house: House, seat: ApiSeat, number: FromPath[str]) -> Timeline:
    """Everything that was told, decided, sent and seen, with reasons; keys and addresses are not in it."""

    def read(tx: Connection) -> Timeline:
        order = find_order(tx, seat.shop_id, number)
        steps = [*_events(tx, order), *_messages(tx, order), *_attempts(tx, order), *_reveals(tx, order)]
        return Timeline(order_id=order.id, number=order.number, steps=sorted(steps, key=lambda step: step.at))

    return await house.store.read(read)


def find_order(tx: Connection, shop_id: str, number: str) -> SqlRow[Any]:
    """The order's row.

    Raises:
        NotFound: no such order in this shop.
    """
    query = select(Order.__table__).where(Order.shop_id == shop_id, Order.number == number)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such order.")
    return row


def order_out(row: Any, lines: list[LineOut]) -> OrderOut:
    """An order's row as the API shows it."""
    return OrderOut(
        id=row.id, number=row.number, status=row.status, amount=to_text(row.amount_minor, row.currency),
        currency=row.currency, held=bool(row.held), owed=bool(row.owed), disputed=bool(row.disputed),
        refund_requested=bool(row.refund_requested), buyer=row.buyer, attributes=row.attributes, ip=row.ip,
        country=row.country, lines=lines, created_at=row.created_at, paid_at=row.paid_at,
        delivered_at=row.delivered_at, ended_at=row.ended_at, expires_at=row.expires_at,
        revealed_at=row.revealed_at, reveals=row.reveals,
    )  # fmt: skip


def _lines(tx: Connection, shop_id: str, order_ids: list[str]) -> dict[str, list[LineOut]]:
    query = (
        select(LineRow.order_id, LineRow.sku, LineRow.title, LineRow.quantity, LineRow.price_minor, Order.currency)
        .join(Order, Order.id == LineRow.order_id)
        .where(LineRow.shop_id == shop_id, LineRow.order_id.in_(order_ids))
        .order_by(LineRow.order_id, LineRow.n)
    )
    found: dict[str, list[LineOut]] = {}
    for row in tx.execute(query):
        price = to_text(row.price_minor, row.currency)
        line = LineOut(sku=row.sku, title=row.title, quantity=row.quantity, price=price)
        found.setdefault(row.order_id, []).append(line)
    return found


def _events(tx: Connection, order: Any) -> list[Step]:
    query = select(EventRow.id, EventRow.type, EventRow.received_at, EventRow.story, EventRow.error).where(
        EventRow.shop_id == order.shop_id, EventRow.order_number == order.number
    )
    return [
        Step(at=row.received_at, kind="event", what=row.type, id=row.id, why=row.story, reason=row.error)
        for row in tx.execute(query)
    ]


def _messages(tx: Connection, order: Any) -> list[Step]:
    query = select(Message.__table__).where(Message.shop_id == order.shop_id, Message.order_id == order.id)
    return [
        Step(
            at=row.created_at, kind="message", what=row.event_type, id=row.id, status=row.status, reason=row.reason,
            channel=row.channel, audience=row.audience,
        )
        for row in tx.execute(query)
    ]  # fmt: skip


def _attempts(tx: Connection, order: Any) -> list[Step]:
    query = (
        select(Attempt.started_at, Attempt.ended_at, Attempt.outcome, Attempt.words, Attempt.code, Message.id,
               Message.event_type, Message.channel)
        .join(Message, (Message.id == Attempt.message_id) & (Message.shop_id == Attempt.shop_id))
        .where(Attempt.shop_id == order.shop_id, Message.order_id == order.id)
    )  # fmt: skip
    return [
        Step(
            at=row.ended_at or row.started_at, kind="attempt", what=row.event_type, id=row.id, channel=row.channel,
            status=row.outcome or "running", reason=row.code, words=row.words,
        )
        for row in tx.execute(query)
    ]  # fmt: skip


def _reveals(tx: Connection, order: Any) -> list[Step]:
    query = select(Reveal.id, Reveal.at, Reveal.by).where(Reveal.shop_id == order.shop_id, Reveal.order_id == order.id)
    return [Step(at=row.at, kind="reveal", what="card.revealed", id=row.id, words=row.by) for row in tx.execute(query)]


ROUTES = [list_orders, get_order, get_timeline]
