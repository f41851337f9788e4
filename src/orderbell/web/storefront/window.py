"""What the demo shop sells, what a visitor may do next, and the event each deed tells. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from orderbell.base.money import to_text

PAY_WITHIN, LAST_DAYS = timedelta(minutes=30), timedelta(days=3)
_PAID = ("paid", "delivered", "completed")


@dataclass(frozen=True, kw_only=True)
class Ware:
    """One thing in the window; words are message ids of the catalogue."""

    sku: str
    title: str
    word: str
    comment: str
    price_minor: int
    icon: str


WARES: Mapping[str, Ware] = {
    each.sku: each
    for each in (
        Ware(sku="steam-100", title="Steam 充值卡 ¥100", word="Gift card", icon="key", price_minor=9800,
             comment="A key from the stock, handed out in seconds"),
        Ware(sku="video-year", title="视频会员年卡", word="Membership", icon="good", price_minor=19800,
             comment="A year, with a word before it ends"),
        Ware(sku="ebook-potter", title="《哈利波特》电子书", word="E-book", icon="order", price_minor=3900,
             comment="The same file for everybody"),
    )
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Deed:
    """Something the pretend cashier offers; `event` is what the shop then tells OrderBell."""

    event: str
    word: str
    comment: str
    main: bool = False
    reason: str = ""


DEEDS: Mapping[str, Deed] = {
    "pay": Deed(event="order.paid", word="Pay", comment="The money arrives.", main=True),
    "fail": Deed(event="payment.failed", word="Let the payment fail", comment="The bank says no.",
                 reason="Not enough money on the account"),
    "expire": Deed(event="order.expired", word="Leave it unpaid", comment="Fast-forward 30 minutes."),
    "refund": Deed(event="refund.requested", word="Ask for a refund", comment="The seller hears of it at once.",
                   reason="Bought by mistake"),
    "repay": Deed(event="order.refunded", word="Play the seller: pay back", comment="The card is taken back if unseen.",
                  main=True),
    "ending": Deed(event="membership.expiring", word="Fast-forward a year", comment="Three days before it ends."),
}  # fmt: skip


def open_deeds(order: Any | None, sku: str) -> list[str]:
    """What a visitor may do now; `order` is its row, None while it is being written down."""
    if order is None:
        return []
    if order.status == "pending":
        return ["pay", "fail", "expire"]
    if order.status not in _PAID:
        return []
    found = ["repay"] if order.refund_requested else ["refund"]
    return [*found, "ending"] if sku == "video-year" else found


def order_json(number: str, ware: Ware, buyer: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    """The order as the shop tells it at first."""
    price = to_text(ware.price_minor, "CNY")
    line = {"sku": ware.sku, "title": ware.title, "quantity": 1, "price": price}
    return {
        "number": number, "amount": price, "currency": "CNY", "country": "CN", "buyer": dict(buyer), "lines": [line],
        "created_at": now.isoformat(), "expires_at": (now + PAY_WITHIN).isoformat(),
    }  # fmt: skip


def event_json(name: str, number: str, *, nth: str, reason: str, now: datetime) -> dict[str, Any]:
    """What the shop tells when a visitor did something; a failed payment may come several times."""
    deed, order = DEEDS[name], {"number": number}
    if name == "ending":
        order["expires_at"] = (now + LAST_DAYS).isoformat()
    told = {"id": f"{number}:{name}{nth if name == 'fail' else ''}", "type": deed.event, "order": order}
    return {**told, "reason": reason} if reason else told
