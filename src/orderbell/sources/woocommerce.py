"""WooCommerce's order webhooks: there is no `order.paid`, so facts are drawn from the order's status.

Shapes and traps as seen on WooCommerce 11.0.1 and in its source (`class-wc-webhook.php`), read 2026-11-22. An event's
natural id names the fact and not the delivery, so `order.created` and `order.updated` of one change are one event.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

import msgspec

from orderbell.base.clock import read_moment
from orderbell.base.errors import BadInput, BadSignature
from orderbell.base.signing import hmac_base64, same
from orderbell.events import (
    Buyer,
    Event,
    Line,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderFacts,
    OrderPaid,
    OrderRefunded,
    PaymentFailed,
)
from orderbell.sources import fields
from orderbell.sources.base import RawRequest, Reading, SourceField
from orderbell.sources.wire import fit, read_json

_PING = re.compile(rb"webhook_id=[0-9]{1,20}")
_TOPICS = frozenset({"order.created", "order.updated", "order.restored"})
"""Topics that carry a whole order; `order.deleted` carries an id alone, the rest is not about orders."""
_NOT_YET_ORDERS = frozenset({"checkout-draft", "auto-draft", "draft", "trash"})
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class _Billing(msgspec.Struct):
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    country: str | None = None


class _Item(msgspec.Struct):
    name: str | None = None
    product_id: int | None = None
    variation_id: int | None = None
    sku: str | None = None
    quantity: int | Decimal = 1
    price: Decimal | None = None


class _Order(msgspec.Struct):
    id: int
    status: str
    currency: str
    total: Decimal
    number: str | int | None = None
    customer_id: int | None = None
    customer_ip_address: str | None = None
    billing: _Billing = msgspec.field(default_factory=_Billing)
    line_items: list[_Item] = []
    payment_url: str | None = None
    payment_method: str | None = None
    date_created_gmt: str | None = None
    date_modified_gmt: str | None = None
    date_paid: str | None = None
    date_paid_gmt: str | None = None
    date_completed_gmt: str | None = None


class WooCommerce:
    """A WordPress shop with WooCommerce, by its own webhooks."""

    kind: ClassVar[str] = "woocommerce"
    title: ClassVar[str] = "WooCommerce"
    signed: ClassVar[bool] = True
    names_events: ClassVar[bool] = False
    fields: ClassVar[tuple[SourceField, ...]] = (
        SourceField(
            name="secret",
            label="Webhook secret",
            kind="secret",
            help="The same text as in the webhook's Secret box. Leave empty and one is made for you.",
        ),
    )

    def verify(self, request: RawRequest, secrets: Sequence[str]) -> None:
        """Let pass what one of the secrets signed, and the unsigned ping sent when a webhook is saved.

        Raises:
            BadSignature: no signature, or one that matches no secret.
        """
        if _is_ping(request):
            return
        given = request.headers.get("x-wc-webhook-signature", "")
        if not any(same(given, hmac_base64(key, request.body)) for key in _keys(secrets)):
            raise BadSignature("The signature does not match the body.")

    def read(self, request: RawRequest, settings: Mapping[str, str]) -> Reading:
        """What the order's status says; nothing for pings, drafts, deleted orders and other topics.

        Raises:
            BadInput: the body is not an order, or its topic is missing.
        """
        if _is_ping(request):
            # Any other status than 200 is shown to the shop's owner as an error while saving.
            return Reading(status=200)
        topic = request.headers.get("x-wc-webhook-topic")
        if topic is None:
            raise BadInput("The header x-wc-webhook-topic is missing.", code="missing_topic")
        if topic not in _TOPICS:
            return Reading()
        order = fit(read_json(request.body), _Order)
        return Reading(events=_events(order, request.received_at))


def _is_ping(request: RawRequest) -> bool:
    unsigned = "x-wc-webhook-signature" not in request.headers
    return unsigned and _PING.fullmatch(request.body) is not None


def _keys(secrets: Sequence[str]) -> set[bytes]:
    # WooCommerce decodes HTML entities in the secret before it signs; which of the two texts the owner copied
    # cannot be known. An empty secret would let anybody sign.
    return {text.encode() for secret in secrets if secret for text in (secret, html.unescape(secret))}


def _events(order: _Order, received_at: datetime) -> tuple[Event, ...]:
    if order.status in _NOT_YET_ORDERS:
        return ()
    facts = _facts(order)
    changed_at = _moment(order.date_modified_gmt) or received_at
    name = f"woo:{order.id}"
    match order.status:
        # Neither says "paid" too, even with a payment date: a card would go out for money that went back.
        case "cancelled":
            return (OrderCancelled(id=f"{name}:cancelled", at=changed_at, order=facts),)
        case "refunded":
            return (OrderRefunded(id=f"{name}:refunded", at=changed_at, order=facts),)
        case "failed":
            # A payment may fail again and again, so this fact alone carries its moment in its name.
            attempt = order.date_modified_gmt or "unknown"
            return (PaymentFailed(id=f"{name}:failed:{attempt}", at=changed_at, order=facts),)
    if not _is_paid(order):
        return (OrderCreated(id=f"{name}:created", at=facts.created_at or changed_at, order=facts),)
    paid = OrderPaid(id=f"{name}:paid", at=_moment(order.date_paid_gmt) or changed_at, order=facts)
    if order.status != "completed":
        return (paid,)
    done_at = _moment(order.date_completed_gmt) or changed_at
    return (paid, OrderCompleted(id=f"{name}:completed", at=done_at, order=facts))


def _is_paid(order: _Order) -> bool:
    # `date_paid` alone is not enough: a bank transfer moved to processing by hand leaves it null.
    return order.status in ("processing", "completed") or bool(order.date_paid_gmt or order.date_paid)


def _facts(order: _Order) -> OrderFacts:
    country = fields.country_code(order.billing.country or "")
    number = "" if order.number is None else fields.tidied(str(order.number), max_chars=64)
    method = fields.tidied(order.payment_method or "", max_chars=64)
    return OrderFacts(
        number=number or str(order.id),
        amount_minor=fields.rounded_minor(order.total, order.currency, field="total"),
        currency=order.currency,
        ip=fields.ip_address(order.customer_ip_address or ""),
        country=country,
        buyer=_buyer(order, country),
        lines=tuple(_line(each, order.currency) for each in order.line_items),
        created_at=_moment(order.date_created_gmt),
        payment_url=fields.web_address(order.payment_url or ""),
        attributes={"payment_method": method} if method else {},
    )


def _buyer(order: _Order, country: str | None) -> Buyer:
    billing = order.billing
    email = fields.tidied(billing.email or "", max_chars=254)
    phone = fields.tidied(billing.phone or "", max_chars=64)
    ways = fields.reach(email or None, phone or None, None, country=country)
    return Buyer(
        ref=f"woo-{order.customer_id}" if order.customer_id else None,
        name=_name(billing.first_name or "", billing.last_name or "") or None,
        email=ways.email,
        phone=ways.phone,
        contact=ways.contact,
    )


def _name(first: str, last: str) -> str:
    # The family name comes first there, without a space.
    if _EAST_ASIAN.search(first + last):
        return fields.tidied(last.strip() + first.strip(), max_chars=200)
    return fields.tidied(f"{first} {last}", max_chars=200)


def _line(item: _Item, currency: str) -> Line:
    sku = fields.tidied(item.sku or "", max_chars=128)
    if not sku:
        sku = f"woo-{item.product_id or 0}" + (f"-{item.variation_id}" if item.variation_id else "")
    price = item.price if item.price is not None else Decimal(0)
    return Line(
        sku=sku,
        title=fields.tidied(item.name or "", max_chars=300),
        quantity=_pieces(item.quantity),
        price_minor=fields.rounded_minor(price, currency, field="line_items.price"),
    )


def _pieces(quantity: int | Decimal) -> int:
    # Shops with an add-on for weights send fractions; whoever buys half a piece is handed a whole one.
    if not 0 <= quantity <= 1_000_000:
        raise BadInput("line_items.quantity is out of range.", code="out_of_range", field="line_items.quantity")
    return max(1, math.ceil(quantity))


def _moment(text: str | None) -> datetime | None:
    """A `_gmt` date of WooCommerce: ISO 8601 without a zone, in UTC (the dates without `_gmt` are local)."""
    if not text:
        return None
    try:
        naive = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text[:40]!r} is not a date.", code="bad_time") from None
    return naive.replace(tzinfo=UTC) if naive.tzinfo is None else read_moment(text, field="date")
