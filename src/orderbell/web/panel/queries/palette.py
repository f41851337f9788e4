"""What the palette finds among a shop's rows: a handful of each kind, every question on an index or a short range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, or_, select
from sqlalchemy import Row as SqlRow

from orderbell.domain.staff import StaffSeat
from orderbell.store.schema import AddressRow, Customer, Message, Order, Product
from orderbell.web.panel.queries import messages

MOST = 5
NEWEST_MESSAGES = 1000
AnyRow = SqlRow[*tuple[Any, ...]]
_LAST = "\U0010ffff"


@dataclass(frozen=True, kw_only=True)
class Finds:
    """A few rows of each kind; what the reader's role may not see is empty."""

    orders: Sequence[AnyRow] = ()
    customers: Sequence[AnyRow] = ()
    products: Sequence[AnyRow] = ()
    messages: Sequence[AnyRow] = ()


def find(tx: Connection, staff: StaffSeat, text: str) -> Finds:
    """What fits a text of at least one letter."""
    shop_id = staff.shop_id
    return Finds(
        orders=_orders(tx, shop_id, text) if staff.may("see_orders") else (),
        customers=_customers(tx, shop_id, text) if staff.may("see_customers") else (),
        products=_products(tx, shop_id, text) if staff.may("see_goods") else (),
        messages=_messages(tx, shop_id, text) if staff.may("see_messages") else (),
    )


def _orders(tx: Connection, shop_id: str, text: str) -> Sequence[AnyRow]:
    query = select(Order.number, Order.status, Order.buyer, Order.amount_minor, Order.currency).where(
        Order.shop_id == shop_id, Order.number >= text, Order.number < text + _LAST
    )
    return tx.execute(query.order_by(Order.number.desc()).limit(MOST)).all()


def _customers(tx: Connection, shop_id: str, text: str) -> Sequence[AnyRow]:
    """By the start of a name, or the start of any contact."""
    value = text.lower() if "@" in text else text
    by_contact = select(AddressRow.customer_id).where(
        AddressRow.shop_id == shop_id, AddressRow.value >= value, AddressRow.value < value + _LAST
    )
    by_name = select(Customer.id).where(
        Customer.shop_id == shop_id, Customer.name >= text, Customer.name < text + _LAST
    )
    ids = {id_ for query in (by_name, by_contact) for id_ in tx.execute(query.limit(MOST)).scalars()}
    found = select(Customer.id, Customer.name, Customer.natural_key).where(
        Customer.shop_id == shop_id, Customer.id.in_(ids)
    )
    return tx.execute(found.limit(MOST)).all()


def _products(tx: Connection, shop_id: str, text: str) -> Sequence[AnyRow]:
    like = f"%{_plain(text.lower())}%"
    mine = (Product.shop_id == shop_id, Product.archived_at.is_(None))
    fits = or_(func.lower(Product.title).like(like, escape="\\"), func.lower(Product.sku).like(like, escape="\\"))
    query = select(Product.id, Product.title, Product.sku, Product.free, Product.kind).where(*mine, fits)
    return tx.execute(query.order_by(Product.title).limit(MOST)).all()


def _messages(tx: Connection, shop_id: str, text: str) -> Sequence[AnyRow]:
    newest = select(Message.id).where(Message.shop_id == shop_id).order_by(Message.id.desc()).limit(NEWEST_MESSAGES)
    like = func.lower(Message.subject).like(f"%{_plain(text.lower())}%", escape="\\")
    query = messages.line().where(Message.shop_id == shop_id, Message.id.in_(newest), like)
    return tx.execute(query.order_by(Message.id.desc()).limit(MOST)).all()


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
