"""What the order page shows: the order's state in plain words, its goods masked, and what happened so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy import Row as SqlRow

from orderbell.base.errors import NotFound
from orderbell.domain import customers, goods
from orderbell.domain.goods import Piece
from orderbell.store.schema import EventRow, LineRow, Message, Order, Reveal, Shop

HAPPENINGS = {
    "order.created": ("order", "Order placed"),
    "order.paid": ("money", "Payment received"),
    "payment.failed": ("bad", "A payment did not go through"),
    "order.owed": ("wait", "Waiting for new stock; the seller knows"),
    "order.delivered": ("good", "Goods delivered"),
    "order.completed": ("good", "Order completed"),
    "order.cancelled": ("bad", "Order cancelled"),
    "order.expired": ("bad", "Order expired unpaid"),
    "refund.requested": ("wait", "Refund requested"),
    "refund.approved": ("money", "Refund approved"),
    "refund.rejected": ("bad", "Refund refused"),
    "order.refunded": ("money", "Money refunded"),
    "review.needed": ("wait", "The seller is checking the order"),
    "review.approved": ("good", "The seller has checked the order"),
    "review.rejected": ("bad", "The seller stopped the order"),
    "membership.expiring": ("wait", "Membership ends soon"),
    "membership.expired": ("bad", "Membership ended"),
    "membership.renewed": ("good", "Membership renewed"),
    "card.revealed": ("eye", "Goods first viewed"),
}
"""Event type: how its dot looks, and its words (message ids of the catalogue)."""
SENT = {"email": "E-mail sent", "sms": "Text message sent", "webpush": "Push notification sent"}
_MOST_HAPPENINGS = 60


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One line of the order's story; `detail` is a masked address."""

    at: datetime
    kind: str
    words: str
    detail: str = ""
    trial: bool = False
    """The shop has no such provider yet: the message lies in its sandbox mailbox."""


@dataclass(frozen=True, kw_only=True)
class OrderPage:
    """All the order page needs."""

    order: SqlRow[Any]
    shop: SqlRow[*tuple[Any, ...]]
    state: str
    lines: Sequence[SqlRow[*tuple[Any, ...]]]
    pieces: Sequence[Piece]
    happenings: Sequence[Happening]
    last_seen_at: datetime | None
    can_resend: bool

    @property
    def mark(self) -> str:
        """Changes whenever the page would look different: the waiting page asks for it."""
        return f"{self.order.version}.{len(self.pieces)}.{len(self.happenings)}"

    @property
    def may_reveal(self) -> bool:
        """Whether the button that shows the goods is there."""
        return may_reveal(self.order)

    @property
    def waits(self) -> bool:
        """Whether something is about to happen without the buyer."""
        return self.state in ("pending", "paid", "owed", "held")

    @property
    def timezone(self) -> str:
        """The buyer's own time zone, else the shop's."""
        return str(self.order.buyer.get("timezone") or self.shop.timezone)


def load_page(tx: Connection, shop_id: str, order_id: str) -> OrderPage:
    """Read the page's facts.

    Raises:
        NotFound: no such order in this shop.
    """
    order = tx.execute(select(Order.__table__).where(Order.shop_id == shop_id, Order.id == order_id)).one_or_none()
    if order is None:
        raise NotFound("This link is not valid.", code="bad_link")
    shop = tx.execute(select(Shop.id, Shop.name, Shop.locale, Shop.timezone).where(Shop.id == shop_id)).one()
    lines = select(LineRow.title, LineRow.sku, LineRow.quantity, LineRow.price_minor).where(
        LineRow.shop_id == shop_id, LineRow.order_id == order_id
    )
    pieces = goods.list_pieces(tx, shop_id, order_id)
    sent = _messages(tx, shop_id, order_id)
    seen = select(func.max(Reveal.at)).where(Reveal.shop_id == shop_id, Reveal.order_id == order_id)
    return OrderPage(
        order=order, shop=shop, state=state_of(order, has_goods=bool(pieces)), pieces=pieces,
        lines=tx.execute(lines.order_by(LineRow.n)).all(), can_resend=any(row.ended for row in sent),
        happenings=_story(order, _events(tx, shop_id, order.number), sent), last_seen_at=tx.execute(seen).scalar(),
    )  # fmt: skip


def state_of(order: Any, *, has_goods: bool) -> str:
    """One word for the page: what the buyer should be told first."""
    if order.status in ("cancelled", "expired", "refunded"):
        return str(order.status)
    if order.held:
        return "held"
    if order.owed:
        return "owed"
    if order.status == "paid" and has_goods:
        return "delivered"
    return "delivered" if order.status == "completed" else str(order.status)


def may_reveal(order: Any) -> bool:
    """Whether the goods may be shown now: paid for, not given back, and not stopped for a check."""
    return order.status in ("paid", "delivered", "completed") and not order.held


def _events(tx: Connection, shop_id: str, number: str) -> list[SqlRow[str, datetime]]:
    query = (
        select(EventRow.type, EventRow.occurred_at)
        .where(EventRow.shop_id == shop_id, EventRow.order_number == number, EventRow.type.in_(HAPPENINGS))
        .order_by(EventRow.id)
        .limit(_MOST_HAPPENINGS)
    )
    return list(tx.execute(query))


def _messages(tx: Connection, shop_id: str, order_id: str) -> list[SqlRow[Any]]:
    query = (
        select(
            Message.channel, Message.address, Message.sent_at, Message.provider_id,
            Message.status.in_(("sent", "delivered")).label("went"),
            Message.status.in_(("sent", "delivered", "failed", "unknown")).label("ended"),
        )
        .where(
            Message.shop_id == shop_id, Message.order_id == order_id, Message.audience == "buyer",
            Message.channel != "inbox",
        )
        .order_by(Message.id)
        .limit(_MOST_HAPPENINGS)
    )  # fmt: skip
    return list(tx.execute(query))


def _story(order: Any, told: Sequence[Any], sent: Sequence[Any]) -> list[Happening]:
    """Newest first. A fact told twice (by the shop and by us) is shown once; a failed payment may come often."""
    first: dict[str, Happening] = {}
    for n, row in enumerate(told):
        kind, words = HAPPENINGS[row.type]
        name = f"{row.type}.{n}" if row.type == "payment.failed" else row.type
        first.setdefault(name, Happening(at=row.occurred_at, kind=kind, words=words))
    if "order.created" not in first:
        kind, words = HAPPENINGS["order.created"]
        first["order.created"] = Happening(at=order.created_at, kind=kind, words=words)
    letters = [
        Happening(
            at=row.sent_at, kind="mail", words=SENT.get(row.channel, "Message sent"),
            detail=customers.mask(row.address), trial=row.provider_id is None,
        )
        for row in sent
        if row.went and row.sent_at
    ]  # fmt: skip
    return sorted([*first.values(), *letters], key=lambda each: each.at, reverse=True)
