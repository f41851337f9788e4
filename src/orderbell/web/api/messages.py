"""Messages: what was sent to whom and how it ended; one is sent again by asking. And the in-app inbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy import Connection, Select, select

from orderbell.base.errors import BadInput, NotFound
from orderbell.delivery import outbox
from orderbell.domain import customers
from orderbell.domain.access import ApiSeat
from orderbell.runtime.house import House
from orderbell.store.schema import Message, Order
from orderbell.web import guards
from orderbell.web.api.once import once
from orderbell.web.api.paging import DEFAULT_LIMIT, Cursor, Limit, Place, read_page
from orderbell.web.shown import InboxMessage, inbox_message

READ, WRITE = [guards.scope("messages:read")], [guards.scope("messages:write")]


class MessageOut(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `address` is masked; `reason` says why it was suppressed, held or failed."""

    id: str
    event_id: str
    event_type: str
    order_id: str | None
    rule_id: str | None
    audience: str
    channel: str
    provider_id: str | None
    address: str
    locale: str
    status: str
    reason: str | None
    subject: str | None
    tries: int
    created_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    read_at: datetime | None
    resend_of: str | None


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the list; `next` null is its end."""

    items: list[MessageOut]
    next: str | None


class InboxPage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of an inbox, newest first."""

    items: list[InboxMessage]
    next: str | None


class Resent(msgspec.Struct, frozen=True):
    """The new message that repeats an old one."""

    id: str


class Read(msgspec.Struct, frozen=True):
    """Whether the message was unread until now."""

    id: str
    was_unread: bool


@get("/messages", guards=READ, summary="List messages", tags=["Messages"])
async def list_messages(
    house: House, seat: ApiSeat, *, order: FromQuery[str | None] = None, status: FromQuery[str | None] = None,
    channel: FromQuery[str | None] = None, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT,
) -> MessagePage:  # fmt: skip
    """Messages, newest first; `order` is the shop's own order number."""
    place = Place(cursor=cursor, limit=limit, kind="message")

    def read(tx: Connection) -> MessagePage:
        query = _of_order(_messages(seat.shop_id), seat.shop_id, order)
        for column, wanted in ((Message.status, status), (Message.channel, channel)):
            query = query.where(column == wanted) if wanted else query
        rows, after = read_page(tx, query, Message.id, place)
        return MessagePage(items=[message_out(row) for row in rows], next=after)

    return await house.store.read(read)


@get("/messages/{message_id:str}", guards=READ, summary="One message", tags=["Messages"])
async def get_message(house: House, seat: ApiSeat, message_id: FromPath[str]) -> MessageOut:
    """A message by its id."""
    return await house.store.read(lambda tx: message_out(_find(tx, seat.shop_id, message_id)))


@post("/messages/{message_id:str}/resend", guards=WRITE, summary="Send a message again", tags=["Messages"])
async def resend(
    request: Request[Any, Any, Any], house: House, seat: ApiSeat, message_id: FromPath[str]
) -> Response[Resent]:
    """Send a finished message once more, to the same address by the same channel."""
    now = house.clock.now()
    answer = await once(
        request, house, seat, lambda tx: Resent(outbox.resend(tx, seat.shop_id, message_id, by=seat.key_id, now=now))
    )
    house.wake()
    return answer


@get("/inbox", guards=READ, summary="An in-app inbox", tags=["Inbox"])
async def list_inbox(
    house: House, seat: ApiSeat, *, order: FromQuery[str | None] = None, customer: FromQuery[str | None] = None,
    cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT,
) -> InboxPage:  # fmt: skip
    """The in-app messages of one order (its number) or one customer (its id)."""
    if not order and not customer:
        raise BadInput("Say whose inbox: order= or customer=.", code="missing_owner")

    def read(tx: Connection) -> InboxPage:
        query = _of_order(_messages(seat.shop_id), seat.shop_id, order).where(
            Message.channel == "inbox", Message.audience == "buyer", Message.sent_at.is_not(None)
        )
        query = query.where(Message.customer_id == customer) if customer else query
        rows, after = read_page(tx, query, Message.id, Place(cursor=cursor, limit=limit, kind="message"))
        book = house.books.one(tx, seat.shop_id)
        return InboxPage(items=[inbox_message(row, book) for row in rows], next=after)

    return await house.store.read(read)


@post("/inbox/{message_id:str}/read", guards=WRITE, summary="Mark an in-app message as read", tags=["Inbox"])
async def mark_read(
    request: Request[Any, Any, Any], house: House, seat: ApiSeat, message_id: FromPath[str]
) -> Response[Read]:
    """Mark one in-app message as read; again is no error."""
    now = house.clock.now()

    def deed(tx: Connection) -> Read:
        row = _find(tx, seat.shop_id, message_id)
        owner = row.order_id or row.customer_id or ""
        return Read(message_id, outbox.mark_read(tx, seat.shop_id, [message_id], owner=owner, now=now) > 0)

    return await once(request, house, seat, deed)


def message_out(row: Any) -> MessageOut:
    """A message's row as the API shows it."""
    return MessageOut(
        id=row.id, event_id=row.event_id, event_type=row.event_type, order_id=row.order_id, rule_id=row.rule_id,
        audience=row.audience, channel=row.channel, provider_id=row.provider_id, locale=row.locale,
        address=customers.mask(row.address) if row.address else "", status=row.status, reason=row.reason,
        subject=row.subject, tries=row.tries, created_at=row.created_at, sent_at=row.sent_at,
        ended_at=row.ended_at, read_at=row.read_at, resend_of=row.resend_of,
    )  # fmt: skip


def _messages(shop_id: str) -> Select[Any]:
    return select(Message.__table__).where(Message.shop_id == shop_id)


def _of_order(query: Select[Any], shop_id: str, number: str | None) -> Select[Any]:
    """Only messages of that order; a number nobody has finds nothing."""
    if not number:
        return query
    order_id = select(Order.id).where(Order.shop_id == shop_id, Order.number == number).scalar_subquery()
    return query.where(Message.order_id == order_id)


def _find(tx: Connection, shop_id: str, message_id: str) -> Any:
    row = tx.execute(_messages(shop_id).where(Message.id == message_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such message.")
    return row


ROUTES = [list_messages, get_message, resend, list_inbox, mark_read]
