"""独角数卡 (dujiaoka): one unsigned POST after payment, told apart by its text alone.

The hook is set per product and sent once, without a retry, for every paid order: `app/Jobs/ApiHook.php` of
dujiaoka 2.0.6, read 2026-11-22. It has no type, status, currency, time or id but the order number; the secret address
is the only proof.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

import msgspec

from orderbell.base.errors import BadInput
from orderbell.events import Buyer, Event, Line, OrderDelivered, OrderFacts, OrderOwed, OrderPaid
from orderbell.sources import fields
from orderbell.sources.base import RawRequest, Reading, SourceField
from orderbell.sources.wire import fit, read_json

SOLD_OUT = frozenset({"库存可使用卡密不足，请联系管理员核查", "庫存可使用卡密不足，請聯系管理員核查"})
"""What stands in the cards' place when there were none (zh_CN, zh_TW): the only sign of a paid order without goods."""

_PIECES = re.compile(r" x ([0-9]{1,4})\s*$")
_PAIR = re.compile(r"^\s*([0-9]{1,12})\s*[=:]\s*(\S(?:.{0,126}\S)?)\s*$", re.MULTILINE)


class _Hook(msgspec.Struct):
    order_sn: str
    actual_price: Decimal
    good_id: int | str
    title: str | None = None
    email: str | None = None
    order_info: str | None = None
    gd_name: str | None = None


class Dujiaoka:
    """A 独角数卡 shop, by the API hook of each product."""

    kind: ClassVar[str] = "dujiaoka"
    title: ClassVar[str] = "独角数卡 (dujiaoka)"
    signed: ClassVar[bool] = False
    names_events: ClassVar[bool] = False
    fields: ClassVar[tuple[SourceField, ...]] = (
        SourceField(name="currency", label="Currency", default="CNY", help="The shop's currency; the hook names none."),
        SourceField(
            name="goods_kind",
            label="Goods",
            kind="choice",
            default="auto",
            choices=("auto", "manual"),
            help="Manual: a buyer's words are never taken for a card. For one product add ?kind=manual to its hook.",
        ),
        SourceField(
            name="skus",
            label="SKUs",
            help="One pair a line, product number = SKU. Others are called good-1, good-2 … For one product add ?sku=.",
        ),
    )

    def verify(self, request: RawRequest, secrets: Sequence[str]) -> None:
        """Let everything pass: this system cannot sign, whoever knows the secret address is believed."""

    def read(self, request: RawRequest, settings: Mapping[str, str]) -> Reading:
        """Paid, and with it delivered or owed when the goods are cards.

        Raises:
            BadInput: the body is not this hook.
        """
        hook = fit(read_json(request.body), _Hook)
        facts = _facts(hook, request.query, settings)
        name = f"dujiaoka:{facts.number}"
        at = request.received_at
        events: list[Event] = [OrderPaid(id=f"{name}:paid", at=at, order=facts)]
        told = (hook.order_info or "").strip()
        # Before anything else: the sentence stands where a card would, and must never reach a buyer as one.
        if told in SOLD_OUT:
            events.append(OrderOwed(id=f"{name}:owed", at=at, order=facts, reason=told))
        elif told and not _is_manual(request.query, settings):
            events.append(OrderDelivered(id=f"{name}:delivered", at=at, order=facts, goods=_cards(hook)))
        return Reading(events=tuple(events), status=200, answer="ok")


def _is_manual(query: Mapping[str, str], settings: Mapping[str, str]) -> bool:
    # A buyer's form is lines of `label:value`, and so are many cards; no look at the text could tell them apart.
    return (query.get("kind") or settings.get("goods_kind", "")).strip().lower() == "manual"


def _cards(hook: _Hook) -> tuple[str, ...]:
    # PHP_EOL is \n or \r\n after the shop's machine; str.splitlines would also cut at characters a card may hold.
    lines = (line.removesuffix("\r") for line in (hook.order_info or "").split("\n"))
    return tuple(line for line in lines if line.strip())


def _facts(hook: _Hook, query: Mapping[str, str], settings: Mapping[str, str]) -> OrderFacts:
    number = fields.tidied(hook.order_sn, max_chars=65)
    if not 1 <= len(number) <= 64:
        raise BadInput("order_sn must be 1 to 64 characters.", code="bad_number", field="order_sn")
    currency = settings.get("currency") or "CNY"
    amount_minor = fields.rounded_minor(hook.actual_price, currency, field="actual_price")
    return OrderFacts(
        number=number,
        amount_minor=amount_minor,
        currency=currency,
        buyer=_buyer(hook),
        lines=(_line(hook, amount_minor, sku=_sku(hook, query, settings)),),
    )


def _buyer(hook: _Hook) -> Buyer:
    given = fields.tidied(hook.email or "", max_chars=254)
    ways = fields.reach(given or None, None, None)
    return Buyer(email=ways.email, phone=ways.phone, contact=ways.contact)


def _line(hook: _Hook, amount_minor: int, *, sku: str) -> Line:
    title = fields.tidied(hook.title or "", max_chars=1000)
    counted = _PIECES.search(title)
    quantity = max(1, int(counted[1])) if counted else 1
    name = fields.tidied(hook.gd_name or "", max_chars=300) or _PIECES.sub("", title)[:300]
    # Only the sum is told; with a coupon the piece's share of it is what the buyer paid, rounded down.
    return Line(sku=sku, title=name, quantity=quantity, price_minor=amount_minor // quantity)


def _sku(hook: _Hook, query: Mapping[str, str], settings: Mapping[str, str]) -> str:
    number = fields.tidied(str(hook.good_id), max_chars=64)
    chosen = fields.tidied(query.get("sku", ""), max_chars=128)
    return chosen or dict(_PAIR.findall(settings.get("skus", ""))).get(number) or f"good-{number}"
