"""Every fact the house speaks of: past tense, frozen, one struct a type.

A struct's tag is its public type name (`order.paid`); the same name stands in the API, in rules and in webhooks.
Money is integer minor units; moments are aware UTC. `goods` holds clear secrets on their way into the vault and
is never encoded: the journal seals it apart from the payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec


class Buyer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who buys, as far as the shop knows. `contact` is a reachable something of unknown kind (mail, phone, QQ …)."""

    ref: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    contact: str | None = None
    locale: str | None = None
    timezone: str | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One kind of goods in an order; `price_minor` is for one piece."""

    sku: str
    title: str = ""
    quantity: int = 1
    price_minor: int = 0


class OrderFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a shop says of an order at one moment; a field it did not name is None or empty."""

    number: str
    amount_minor: int | None = None
    currency: str | None = None
    ip: str | None = None
    country: str | None = None
    buyer: Buyer = Buyer()
    lines: tuple[Line, ...] = ()
    created_at: datetime | None = None
    expires_at: datetime | None = None
    payment_url: str | None = None
    attributes: dict[str, str] = {}


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """A fact. `id` is its natural name for ever: the same id in the same shop is the same fact, said again."""

    id: str
    at: datetime


class OrderEvent(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A fact about one order; `reason` is in people's words, `goods` are keys the shop handed out itself."""

    order: OrderFacts
    reason: str | None = None
    goods: tuple[str, ...] = ()


class OrderCreated(OrderEvent, frozen=True, tag="order.created"):
    """An order was placed and waits for money."""


class OrderPaid(OrderEvent, frozen=True, tag="order.paid"):
    """The money for an order came in."""


class PaymentFailed(OrderEvent, frozen=True, tag="payment.failed"):
    """A try to pay did not succeed; the order still waits."""


class OrderDelivered(OrderEvent, frozen=True, tag="order.delivered"):
    """The goods of an order were handed out, by us or by the shop."""


class OrderOwed(OrderEvent, frozen=True, tag="order.owed"):
    """An order is paid but there is no card for it; a person must see this."""


class OrderCompleted(OrderEvent, frozen=True, tag="order.completed"):
    """The shop considers the order finished."""


class OrderCancelled(OrderEvent, frozen=True, tag="order.cancelled"):
    """An unpaid order was called off."""


class OrderExpired(OrderEvent, frozen=True, tag="order.expired"):
    """An order was not paid in time."""


class RefundRequested(OrderEvent, frozen=True, tag="refund.requested"):
    """The buyer asks for the money back."""


class RefundApproved(OrderEvent, frozen=True, tag="refund.approved"):
    """A person agreed to a refund."""


class RefundRejected(OrderEvent, frozen=True, tag="refund.rejected"):
    """A person refused a refund."""


class OrderRefunded(OrderEvent, frozen=True, tag="order.refunded"):
    """The money went back."""


class DisputeOpened(OrderEvent, frozen=True, tag="dispute.opened"):
    """The buyer's bank disputes the payment."""


class DisputeClosed(OrderEvent, frozen=True, tag="dispute.closed"):
    """The dispute came to its end."""


class MembershipExpiring(OrderEvent, frozen=True, tag="membership.expiring"):
    """A membership ends soon; the order's `expires_at` says when."""


class MembershipExpired(OrderEvent, frozen=True, tag="membership.expired"):
    """A membership ended."""


class MembershipRenewed(OrderEvent, frozen=True, tag="membership.renewed"):
    """A membership was prolonged."""


class ReviewNeeded(OrderEvent, frozen=True, tag="review.needed"):
    """A person must look at the order before it goes on."""


class ReviewApproved(OrderEvent, frozen=True, tag="review.approved"):
    """A person let the order go on."""


class ReviewRejected(OrderEvent, frozen=True, tag="review.rejected"):
    """A person stopped the order."""


class RiskFlagged(OrderEvent, frozen=True, tag="risk.flagged"):
    """Something about the order looks wrong; `reason` says what."""


class CardRevealed(OrderEvent, frozen=True, tag="card.revealed"):
    """The buyer looked at the goods for the first time."""


class StockEvent(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A fact about one product's stock; `left` counts free cards."""

    sku: str
    title: str = ""
    left: int = 0


class StockLow(StockEvent, frozen=True, tag="stock.low"):
    """Free cards fell to the product's warning mark."""


class StockOut(StockEvent, frozen=True, tag="stock.out"):
    """The last free card went."""


class StockRestocked(StockEvent, frozen=True, tag="stock.restocked"):
    """Cards came in after the stock had been low or out."""


ORDER_EVENTS: tuple[type[OrderEvent], ...] = (
    OrderCreated, OrderPaid, PaymentFailed, OrderDelivered, OrderOwed, OrderCompleted, OrderCancelled, OrderExpired,
    RefundRequested, RefundApproved, RefundRejected, OrderRefunded, DisputeOpened, DisputeClosed,
    MembershipExpiring, MembershipExpired, MembershipRenewed, ReviewNeeded, ReviewApproved, ReviewRejected,
    RiskFlagged, CardRevealed,
)  # fmt: skip
STOCK_EVENTS: tuple[type[StockEvent], ...] = (StockLow, StockOut, StockRestocked)


def type_of(kind: type[Event]) -> str:
    """The public name of an event class: `order.paid` for OrderPaid."""
    tag = kind.__struct_config__.tag
    return str(tag)


BY_TYPE: Mapping[str, type[Event]] = {type_of(kind): kind for kind in (*ORDER_EVENTS, *STOCK_EVENTS)}


def to_payload(event: Event) -> bytes:
    """The event as JSON without `goods`; goods travel sealed."""
    if isinstance(event, OrderEvent) and event.goods:
        event = msgspec.structs.replace(event, goods=())
    return msgspec.json.encode(event)


def from_payload(type_: str, payload: bytes | str, goods: tuple[str, ...] = ()) -> Event:
    """The way back of `to_payload`."""
    event: Event = _decoders[type_].decode(payload)
    return msgspec.structs.replace(event, goods=goods) if goods else event


_decoders = {name: msgspec.json.Decoder(kind) for name, kind in BY_TYPE.items()}
