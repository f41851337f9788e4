"""Our own public JSON (`POST /v1/events`) as events: strict, and fast, for this is the busiest door of the house.

One event, or `{"events": […]}` with at most 500; all or none are taken. A field nobody named is passed over, since
losing an order over a field would be worse.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from orderbell.base.clock import read_moment
from orderbell.base.errors import BadInput
from orderbell.base.money import exponent, to_minor
from orderbell.events import (
    ORDER_EVENTS,
    STOCK_EVENTS,
    Buyer,
    Event,
    Line,
    OrderDelivered,
    OrderEvent,
    OrderFacts,
    StockEvent,
    type_of,
)
from orderbell.sources import fields
from orderbell.sources.wire import fit, read_json

MAX_EVENTS = 500
HOUSE_RAISED = frozenset(
    {"order.owed", "review.needed", "review.approved", "review.rejected", "risk.flagged", "card.revealed"}
)
"""Types that only this house finds out; no shop may tell them."""
# A shop that forgets its zone is off by up to 14 hours; whatever lies further ahead is a mistake.
MAX_AHEAD = timedelta(days=1)

_ORDER_KINDS = {type_of(kind): kind for kind in ORDER_EVENTS if type_of(kind) not in HOUSE_RAISED}
_STOCK_KINDS = {type_of(kind): kind for kind in STOCK_EVENTS}
# The id comes back in answers, logs and headers, where other characters do not arrive unharmed.
_ID = re.compile(r"[\x20-\x7e]{1,128}")
_Text35 = Annotated[str, Meta(max_length=35)]
_Text64 = Annotated[str, Meta(max_length=64)]
_Text128 = Annotated[str, Meta(max_length=128)]
_Text200 = Annotated[str, Meta(max_length=200)]
_Text254 = Annotated[str, Meta(max_length=254)]
_Text300 = Annotated[str, Meta(max_length=300)]
_Text500 = Annotated[str, Meta(max_length=500)]
_Text2048 = Annotated[str, Meta(max_length=2048)]
_Name64 = Annotated[str, Meta(min_length=1, max_length=64)]
_Name128 = Annotated[str, Meta(min_length=1, max_length=128)]


class _Buyer(msgspec.Struct):
    ref: _Text128 | None = None
    name: _Text200 | None = None
    email: _Text254 | None = None
    phone: _Text64 | None = None
    contact: _Text200 | None = None
    locale: _Text35 | None = None
    timezone: _Text64 | None = None


class _Line(msgspec.Struct):
    sku: _Name128
    title: _Text300 = ""
    quantity: Annotated[int, Meta(ge=1, le=1000)] = 1
    price: str | None = None


class _Order(msgspec.Struct):
    number: _Name64
    amount: str | None = None
    currency: str | None = None
    ip: _Text64 | None = None
    country: str | None = None
    buyer: _Buyer | None = None
    lines: Annotated[list[_Line], Meta(max_length=100)] | None = None
    created_at: _Text64 | None = None
    expires_at: _Text64 | None = None
    payment_url: _Text2048 | None = None
    attributes: Annotated[dict[_Name64, _Text500], Meta(max_length=50)] | None = None


class _Product(msgspec.Struct):
    sku: _Name128
    title: _Text300 = ""
    left: Annotated[int, Meta(ge=0, le=10**9)] = 0


class _Event(msgspec.Struct):
    type: str
    id: str | None = None
    occurred_at: _Text64 | None = None
    order: _Order | None = None
    product: _Product | None = None
    reason: _Text500 | None = None
    goods: Annotated[list[Annotated[str, Meta(min_length=1, max_length=4096)]], Meta(max_length=1000)] | None = None


def read_events(body: bytes, *, now: datetime, fallback_id: str | None = None) -> list[Event]:
    """The events of a body, in its order; `now` stands for a missing `occurred_at`.

    `fallback_id` names an event that brings no id of its own (in a batch with `:0`, `:1` … behind it).

    Raises:
        BadInput: with a code, a sentence, `index` (which event) and, where there is one, `field`.
    """
    value = read_json(body)
    batch = isinstance(value, dict) and "events" in value
    wires = fit(_batch(value["events"]), list[_Event]) if batch else [_single(value)]
    events: list[Event] = []
    for index, wire in enumerate(wires):
        spare = f"{fallback_id}:{index}" if batch and fallback_id is not None else fallback_id
        try:
            events.append(_event(wire, spare, now))
        except BadInput as bad:
            bad.extra["index"] = index
            raise
    return events


def _single(value: Any) -> _Event:
    try:
        return fit(value, _Event)
    except BadInput as bad:
        bad.extra["index"] = 0
        raise


def _batch(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise BadInput("events must be a list.", code="bad_type", field="events")
    if not value:
        raise BadInput("events must not be empty.", code="empty", field="events")
    if len(value) > MAX_EVENTS:
        raise BadInput(f"events may hold at most {MAX_EVENTS} entries.", code="too_many", field="events")
    return value


def _event(wire: _Event, spare_id: str | None, now: datetime) -> Event:
    name = _event_id(wire.id if wire.id is not None else spare_id)
    at = _past(wire.occurred_at, "occurred_at", now) or now
    if stock_kind := _STOCK_KINDS.get(wire.type):
        return _stock_event(stock_kind, wire, id_=name, at=at)
    kind = _ORDER_KINDS.get(wire.type)
    if kind is None:
        raise _refused_type(wire.type)
    if wire.order is None:
        raise BadInput("order is missing.", code="missing_field", field="order")
    return kind(id=name, at=at, order=_order(wire.order, now), reason=_reason(wire.reason), goods=_goods(kind, wire))


def _stock_event(kind: type[StockEvent], wire: _Event, *, id_: str, at: datetime) -> StockEvent:
    if wire.product is None:
        raise BadInput("product is missing.", code="missing_field", field="product")
    sku = _filled(wire.product.sku, "product.sku")
    title = fields.one_line(wire.product.title, field="product.title")
    return kind(id=id_, at=at, sku=sku, title=title, left=wire.product.left)


def _refused_type(name: str) -> BadInput:
    if name in HOUSE_RAISED:
        return BadInput(f"{name} is found out by OrderBell itself.", code="event_not_yours", field="type")
    near = difflib.get_close_matches(name[:64], [*_ORDER_KINDS, *_STOCK_KINDS], n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return BadInput(f"There is no event type {name[:64]!r}.{hint}", code="unknown_event_type", field="type", near=near)


def _event_id(text: str | None) -> str:
    if text is None:
        raise BadInput("id is missing.", code="missing_field", field="id")
    if not _ID.fullmatch(text):
        raise BadInput("id must be 1 to 128 printable ASCII characters.", code="bad_id", field="id")
    return text


def _reason(text: str | None) -> str | None:
    return fields.many_lines(text, field="reason") if text else None


def _goods(kind: type[OrderEvent], wire: _Event) -> tuple[str, ...]:
    if not wire.goods:
        return ()
    # Goods are sealed apart from the payload; with any other type nobody would hand them out.
    if kind is not OrderDelivered:
        raise BadInput("goods may only come with order.delivered.", code="goods_not_here", field="goods")
    return tuple(fields.many_lines(each, field="goods") for each in wire.goods)


def _order(wire: _Order, now: datetime) -> OrderFacts:
    currency = _known(wire.currency, _currency, "order.currency", "bad_currency")
    country = _known(wire.country, fields.country_code, "order.country", "bad_country")
    lines = wire.lines
    return OrderFacts(
        number=_filled(wire.number, "order.number"),
        amount_minor=None if wire.amount is None else _minor(wire.amount, currency, "order.amount"),
        currency=currency,
        ip=_known(wire.ip, fields.ip_address, "order.ip", "bad_ip"),
        country=country,
        buyer=Buyer() if wire.buyer is None else _buyer(wire.buyer, country),
        lines=tuple(_line(each, n, currency) for n, each in enumerate(lines)) if lines else (),
        created_at=_past(wire.created_at, "order.created_at", now),
        expires_at=_moment(wire.expires_at, "order.expires_at"),
        payment_url=_known(wire.payment_url, fields.web_address, "order.payment_url", "bad_url"),
        attributes=_attributes(wire.attributes) if wire.attributes else {},
    )


def _buyer(wire: _Buyer, country: str | None) -> Buyer:
    email, phone, contact = wire.email, wire.phone, wire.contact
    email = fields.one_line(email, field="order.buyer.email") if email else None
    phone = fields.one_line(phone, field="order.buyer.phone") if phone else None
    contact = fields.one_line(contact, field="order.buyer.contact") if contact else None
    email, phone, contact = fields.reach(email or None, phone, contact, country=country)
    return Buyer(
        ref=fields.one_line(wire.ref, field="order.buyer.ref") or None if wire.ref else None,
        name=fields.one_line(wire.name, field="order.buyer.name") or None if wire.name else None,
        email=email,
        phone=phone,
        contact=contact,
        locale=_known(wire.locale, fields.locale_tag, "order.buyer.locale", "bad_locale"),
        timezone=_known(wire.timezone, fields.timezone_name, "order.buyer.timezone", "bad_timezone"),
    )


def _line(wire: _Line, n: int, currency: str | None) -> Line:
    place = f"order.lines[{n}]"
    return Line(
        sku=_filled(wire.sku, f"{place}.sku"),
        title=fields.one_line(wire.title, field=f"{place}.title"),
        quantity=wire.quantity,
        price_minor=0 if wire.price is None else _minor(wire.price, currency, f"{place}.price"),
    )


def _attributes(given: dict[str, str]) -> dict[str, str]:
    place = "order.attributes"
    return {_filled(name, place): fields.many_lines(text, field=place) for name, text in given.items()}


def _filled(text: str, field: str) -> str:
    line = fields.one_line(text, field=field)
    if not line:
        raise BadInput(f"{field} must not be empty.", code="empty", field=field)
    return line


def _known(text: str | None, look_up: Callable[[str], str | None], field: str, code: str) -> str | None:
    # A shop that has no value often sends "" where it could have sent null.
    if not text:
        return None
    found = look_up(text)
    if found is None:
        raise BadInput(f"{field} cannot be {text[:64]!r}.", code=code, field=field)
    return found


def _currency(text: str) -> str:
    try:
        exponent(text)
    except BadInput as bad:
        bad.extra["field"] = "order.currency"
        raise
    return text


def _minor(text: str, currency: str | None, field: str) -> int:
    # Without a currency nobody can tell how many decimals the minor units have.
    if currency is None:
        raise BadInput(f"{field} needs order.currency.", code="missing_field", field="order.currency")
    try:
        return to_minor(text, currency, field=field)
    except BadInput as bad:
        bad.extra["field"] = field
        raise


def _moment(text: str | None, field: str) -> datetime | None:
    if text is None:
        return None
    try:
        return read_moment(text, field=field)
    except BadInput as bad:
        bad.extra["field"] = field
        raise


def _past(text: str | None, field: str, now: datetime) -> datetime | None:
    at = _moment(text, field)
    if at is not None and at > now + MAX_AHEAD:
        raise BadInput(f"{field} lies more than a day ahead.", code="bad_time", field=field)
    return at
