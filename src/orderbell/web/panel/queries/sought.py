"""What was asked for in a query box, as conditions that stay on an index, however many rows there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select, true
from sqlalchemy import text as literal_text

from orderbell.base import money
from orderbell.base.clock import EPOCH
from orderbell.base.ids import PREFIXES, is_id
from orderbell.store.schema import AddressRow, Customer, LineRow, Message, Order, Staff
from orderbell.web.panel.asked import Asked, as_words, day_begins

MOST_PEOPLE = 50
MOST_ORDERS = 500
MOST_MESSAGES = 2000
NEWEST_SEARCHED = 5000
MOST_FOUND = 200
TOP = "\U0010ffff"
CHINA = "+86"
Condition = ColumnElement[bool]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a reader asks of a list: `asked`, or `q` as plain words. `before` is the id the page starts under."""

    q: str = ""
    asked: Asked | None = None
    before: str = ""
    now: datetime = EPOCH
    zone: str = "UTC"
    currency: str = "CNY"
    """What an amount without a currency is taken for."""

    @property
    def read(self) -> Asked:
        """The filters and words."""
        return self.asked or as_words(self.q)


def born(table: Any, kind: str, asked: Asked, *, now: datetime, zone: str) -> list[Condition]:
    """Rows made between two days; an id begins with its birth, so the index of ids serves."""
    found: list[Condition] = []
    if asked.one("after"):
        found.append(table.id >= _first_id(kind, day_begins(asked.one("after"), now, zone)))
    if asked.one("before"):
        found.append(table.id < _first_id(kind, day_begins(asked.one("before"), now, zone)))
    return found


def _first_id(kind: str, at: datetime) -> str:
    return f"{PREFIXES[kind]}_{max(0, int(at.timestamp() * 1000)):012x}"


def starts(column: Any, text: str) -> Condition:
    """A column that begins with the text; a range, so that an index serves."""
    condition: Condition = (column >= text) & (column < text + TOP)
    return condition


def of_messages(tx: Connection, shop_id: str, asked: Asked, *, now: datetime, zone: str) -> list[Condition]:
    """The messages somebody asked for, words and all."""
    found = [Message.shop_id == shop_id, *born(Message, "message", asked, now=now, zone=zone)]
    for key, column in _PLAIN.items():
        if key in asked.filters:
            found.append(_one_of(column, asked.filters[key]))
    for key, condition in _LOOKED_UP.items():
        if key in asked.filters:
            found.append(condition(tx, shop_id, asked.one(key)))
    if asked.words:
        found.append(Message.id.in_(_ids_like(tx, shop_id, asked.words)))
    return found


def _one_of(column: Any, values: Sequence[str]) -> Condition:
    condition: Condition = column == values[0] if len(values) == 1 else column.in_(values)
    return condition


def _of_wording(_tx: Connection, _shop_id: str, value: str) -> Condition:
    if value == "stock":
        return Message.template_version.is_(None)
    return Message.template_version.is_not(None) if value == "own" else Message.template_version == value


def _of_orders(tx: Connection, shop_id: str, text: str) -> Condition:
    return Message.id.in_(_messages_of(tx, shop_id, orders_like(tx, shop_id, text)))


def _messages_of(tx: Connection, shop_id: str, orders: Sequence[str], *more: Condition) -> list[str]:
    """The messages of some orders. No ORDER BY here: the planner would walk all messages instead of these few."""
    query = select(Message.id).where(Message.shop_id == shop_id, Message.order_id.in_(orders), *more)
    return list(tx.execute(query.limit(MOST_MESSAGES)).scalars()) if orders else []


def orders_like(tx: Connection, shop_id: str, text: str) -> list[str]:
    """The ids of the orders whose number starts with that text."""
    query = select(Order.id).where(Order.shop_id == shop_id, starts(Order.number, text))
    return list(tx.execute(query.order_by(Order.number.desc()).limit(MOST_FOUND // 4)).scalars())


def _to(tx: Connection, shop_id: str, text: str) -> Condition:
    """Messages to addresses that begin so: a buyer's by way of their orders, the staff's by their few addresses."""
    head, tail = text.partition("*")[0], text.rpartition("*")[2] if "*" in text else ""
    heads = beginnings(head)
    fits = or_(*(Message.address.startswith(each, autoescape=True) for each in heads))
    if tail:
        fits &= Message.address.endswith(tail, autoescape=True)
    people = customers_at(tx, shop_id, text)
    orders = select(Order.id).where(Order.shop_id == shop_id, Order.customer_id.in_(people)).limit(MOST_ORDERS)
    mine = list(tx.execute(orders).scalars()) if people else []
    found: Condition = Message.id.in_(_messages_of(tx, shop_id, mine, fits))
    staff = tx.execute(select(Staff.email).where(Staff.shop_id == shop_id)).scalars()
    if any(email.startswith(each) for email in staff for each in heads):
        found = or_(found, (Message.audience == "staff") & fits)
    return found


def beginnings(text: str) -> tuple[str, ...]:
    """How an address that was typed so may begin: as it is, in small letters, or a Chinese number with its code."""
    ways = [text, text.lower(), f"{CHINA}{text}"] if re.fullmatch(r"1\d{0,10}", text) else [text, text.lower()]
    return tuple(dict.fromkeys(ways))


def customers_at(tx: Connection, shop_id: str, text: str) -> list[str]:
    """The customers with an address that begins so; `139****8821`, as a list shows it, is understood as well."""
    head, star, rest = text.partition("*")
    reached = or_(*(starts(AddressRow.value, each) for each in beginnings(head)))
    query = select(AddressRow.customer_id).where(AddressRow.shop_id == shop_id, reached)
    if star and rest.strip("*"):
        query = query.where(AddressRow.value.endswith(rest.lstrip("*"), autoescape=True))
    return list(tx.execute(query.distinct().limit(MOST_PEOPLE)).scalars()) if head else []


def _ids_like(tx: Connection, shop_id: str, text: str) -> list[str]:
    """The newest messages that carry the text: as their id, their order's number, their address or subject."""
    if is_id(text, "message"):
        return [text]
    mine = Message.shop_id == shop_id
    orders = orders_like(tx, shop_id, text)
    ids = _messages_of(tx, shop_id, orders)[:MOST_FOUND]
    newest = select(Message.id).where(mine).order_by(Message.id.desc()).offset(NEWEST_SEARCHED).limit(1)
    floor = tx.execute(newest).scalar() or ""
    carries = Message.address.icontains(text, autoescape=True) | Message.subject.icontains(text, autoescape=True)
    by_words = select(Message.id).where(mine, Message.id > floor, carries).order_by(Message.id.desc())
    return ids + list(tx.execute(by_words.limit(MOST_FOUND)).scalars())


def of_orders(
    tx: Connection, shop_id: str, asked: Asked, *, now: datetime, zone: str, currency: str
) -> list[Condition]:
    """The orders somebody asked for, words and all."""
    found: list[Condition] = [Order.shop_id == shop_id]
    if "status" in asked.filters:
        found.append(_one_of(Order.status, asked.filters["status"]))
    if "is" in asked.filters:
        found.append(or_(*(_FLAGS[flag] == 1 for flag in asked.filters["is"])))
    if "buyer" in asked.filters:
        found.append(Order.customer_id.in_(customers_named(tx, shop_id, asked.one("buyer"))))
    if "sku" in asked.filters:
        found.append(Order.id.in_(_orders_with(tx, shop_id, asked.one("sku"))))
    if "amount" in asked.filters:
        found.append(of_amount(Order.amount_minor, asked.one("amount"), currency))
    if asked.one("after"):
        # An order is known from its birth or later: the index of ids finds where to begin.
        day = day_begins(asked.one("after"), now, zone)
        found += [Order.id >= _first_id("order", day), Order.created_at >= day]
    if asked.one("before"):
        found.append(Order.created_at < day_begins(asked.one("before"), now, zone))
    if asked.words:
        found.append(Order.id.in_(_orders_of(tx, shop_id, asked.words)))
    return found


def _orders_with(tx: Connection, shop_id: str, sku: str) -> list[str]:
    """The newest orders in which goods were bought whose SKU begins so."""
    newest = select(Order.id).where(Order.shop_id == shop_id).order_by(Order.id.desc()).offset(NEWEST_SEARCHED).limit(1)
    floor = tx.execute(newest).scalar() or ""
    mine = (LineRow.shop_id == shop_id, LineRow.order_id > floor, starts(LineRow.sku, sku))
    return list(tx.execute(select(LineRow.order_id).where(*mine).distinct().limit(MOST_ORDERS)).scalars())


def _orders_of(tx: Connection, shop_id: str, text: str) -> list[str]:
    """The orders whose number starts with the text or whose buyer's name or contact does; all by an index."""
    people = customers_named(tx, shop_id, text)
    by_buyer = select(Order.id).where(Order.shop_id == shop_id, Order.customer_id.in_(people)).limit(MOST_ORDERS)
    return [*orders_like(tx, shop_id, text), *(tx.execute(by_buyer).scalars() if people else ())]


def of_customers(tx: Connection, shop_id: str, asked: Asked, *, now: datetime, zone: str) -> list[Condition]:
    """The customers somebody asked for, words and all."""
    found = [Customer.shop_id == shop_id, *born(Customer, "customer", asked, now=now, zone=zone)]
    if "name" in asked.filters:
        found.append(starts(Customer.name, asked.one("name")))
    if "to" in asked.filters:
        found.append(Customer.id.in_(customers_at(tx, shop_id, asked.one("to"))))
    if "locale" in asked.filters:
        found.append(or_(*(Customer.locale.startswith(each, autoescape=True) for each in asked.filters["locale"])))
    if "returning" in asked.filters.get("is", ()):
        often = select(Order.customer_id).where(Order.shop_id == shop_id, Order.customer_id.is_not(None))
        found.append(Customer.id.in_(often.group_by(Order.customer_id).having(func.count() > 1)))
    if "unreachable" in asked.filters.get("is", ()):
        dead = literal_text("address.dead_at IS NOT NULL")
        found.append(Customer.id.in_(select(AddressRow.customer_id).where(AddressRow.shop_id == shop_id, dead)))
    if asked.words:
        found.append(Customer.id.in_(customers_named(tx, shop_id, asked.words)))
    return found


def of_amount(column: Any, text: str, currency: str) -> Condition:
    """An amount as it was typed, `>100`, in the shop's own currency."""
    found = re.fullmatch(r"([<>]?=?)(.+)", text)
    if found is None:
        return true()
    minor = int(Decimal(found[2]) * 10 ** money.exponent(currency))
    ways: Mapping[str, Callable[[], Any]] = {
        "<": lambda: column < minor, "<=": lambda: column <= minor, ">": lambda: column > minor,
        ">=": lambda: column >= minor,
    }  # fmt: skip
    condition: Condition = ways.get(found[1], lambda: column == minor)()
    return condition


def customers_named(tx: Connection, shop_id: str, text: str) -> list[str]:
    """The customers whose name, address or own key begins so."""
    keys = [f"{kind}:{each}" for kind in ("ref", "email", "phone", "contact") for each in beginnings(text)]
    ways = or_(starts(Customer.name, text), *(starts(Customer.natural_key, key) for key in keys))
    query = select(Customer.id).where(Customer.shop_id == shop_id, ways).limit(MOST_PEOPLE)
    return list(dict.fromkeys([*tx.execute(query).scalars(), *customers_at(tx, shop_id, text)]))


_FLAGS: Mapping[str, Any] = {
    "owed": Order.owed, "held": Order.held, "refund_requested": Order.refund_requested, "disputed": Order.disputed,
}  # fmt: skip
_PLAIN: Mapping[str, Any] = {
    "status": Message.status, "channel": Message.channel, "event": Message.event_type, "why": Message.reason,
    "who": Message.audience,
}  # fmt: skip
_LOOKED_UP: Mapping[str, Callable[[Connection, str, str], Condition]] = {
    "order": _of_orders, "to": _to, "template": _of_wording,
}  # fmt: skip
