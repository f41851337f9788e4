"""What a visitor sees of their tried order: how it stands, the buyer's mail and SMS, and what the seller is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from orderbell.base.errors import NotFound, OrderBellError
from orderbell.channels.base import Letter
from orderbell.channels.directory import CHANNELS
from orderbell.domain import customers, wishes
from orderbell.runtime.house import House
from orderbell.store.schema import LineRow, Message, Order
from orderbell.web import inboxes
from orderbell.web.shown import letter_of

_MOST = 40
_HIDDEN = ("inbox", "webhook")
_STATES = {"sandbox": "sandbox", wishes.REASON: "unwanted", "delivered": "sent", "sending": "queued"}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One message beside the window; `state` is its status, or sandbox, or unwanted."""

    id: str
    channel: str
    title: str
    to: str
    state: str
    letter: Letter | None
    at: Any

    @property
    def is_mail(self) -> bool:
        """Whether it can be opened as a page of its own."""
        return self.channel == "email" and self.letter is not None


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A tried order and everything said about it, newest first."""

    number: str
    order: Any | None
    sku: str
    buyer: Sequence[Seen]
    seller: Sequence[Seen]
    inbox_token: str = ""
    order_url: str = ""

    @property
    def mark(self) -> str:
        """Changes whenever the page would look different."""
        order = self.order and (self.order.status, self.order.refund_requested, self.order.owed)
        return repr((order, [(each.id, each.state) for each in (*self.buyer, *self.seller)]))


def read(tx: Connection, house: House, shop_id: str, number: str) -> Watch:
    """How things stand; an order that is still being written down is None."""
    query = select(Order.__table__).where(Order.shop_id == shop_id, Order.number == number)
    order = tx.execute(query).one_or_none()
    if order is None:
        return Watch(number=number, order=None, sku="", buyer=(), seller=())
    line = select(LineRow.sku).where(LineRow.shop_id == shop_id, LineRow.order_id == order.id).limit(1)
    mine = (Message.shop_id == shop_id, Message.order_id == order.id, Message.channel.not_in(_HIDDEN))
    rows = tx.execute(select(Message.__table__).where(*mine).order_by(Message.id.desc()).limit(_MOST)).all()
    book = house.books.one(tx, shop_id)
    seen = {audience: [_seen(row, book) for row in rows if row.audience == audience] for audience in ("buyer", "staff")}
    token = inboxes.for_order(tx, house.signer, shop_id, number, now=house.clock.now(), lasts_s=inboxes.LONGEST_S)
    return Watch(
        number=number, order=order, sku=tx.execute(line).scalar() or "", buyer=seen["buyer"], seller=seen["staff"],
        inbox_token=token.token, order_url=f"/o/{house.writer.order_token(order)}",
    )  # fmt: skip


def mail_of(tx: Connection, house: House, shop_id: str, number: str, *, message_id: str) -> str:
    """A mail of that order as HTML.

    Raises:
        NotFound: it is none of this order's mails.
    """
    order = select(Order.id).where(Order.shop_id == shop_id, Order.number == number).scalar_subquery()
    mine = (Message.shop_id == shop_id, Message.id == message_id, Message.order_id == order, Message.channel == "email")
    row = tx.execute(select(Message.__table__).where(*mine)).one_or_none()
    letter = _letter(row, house.books.one(tx, shop_id)) if row else None
    if letter is None:
        raise NotFound("There is no such message.")
    return letter.html


def _seen(row: Any, book: Any) -> Seen:
    state = _STATES.get(row.reason or "") or _STATES.get(row.status, row.status)
    to = customers.mask(row.address) if row.address else ""
    title = CHANNELS[row.channel].title if row.channel in CHANNELS else row.channel
    return Seen(
        id=row.id, channel=row.channel, title=title, to=to, state=state, letter=_letter(row, book), at=row.created_at
    )  # fmt: skip


def _letter(row: Any, book: Any) -> Letter | None:
    if not row.facts or "event_type" not in row.facts:
        return None
    try:
        return letter_of(row, book)
    except OrderBellError:
        return None
