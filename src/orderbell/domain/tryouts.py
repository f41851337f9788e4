"""Orders that visitors of the demo shop tried out: known by their number, and forgotten after a day."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select

from orderbell.store.schema import (
    AddressRow,
    Attempt,
    Customer,
    EventRow,
    LineRow,
    Message,
    Order,
    Reveal,
    Shop,
    Slot,
    Task,
    Timer,
)

KEPT = timedelta(hours=24)
_MARK = "TRY-"
_PORTION = 200


def new_number(now: datetime) -> str:
    """A number nobody can guess."""
    return f"{_MARK}{now:%m%d}-{secrets.token_hex(4).upper()}"


def forget_old(tx: Connection, *, now: datetime) -> int:
    """Take tried orders of yesterday away with all that was told of them; how many orders, a portion at a time."""
    demo = select(Shop.id).where(Shop.demo == 1)
    mine = (Order.shop_id.in_(demo), Order.number.startswith(_MARK, autoescape=True), Order.created_at < now - KEPT)
    rows = tx.execute(select(Order.shop_id, Order.id, Order.number, Order.customer_id).where(*mine).limit(_PORTION))
    by_shop: dict[str, list[Any]] = {}
    for row in rows:
        by_shop.setdefault(row.shop_id, []).append(row)
    for shop_id, gone in by_shop.items():
        _forget(tx, shop_id, gone)
    return sum(len(gone) for gone in by_shop.values())


def _forget(tx: Connection, shop_id: str, orders: list[Any]) -> None:
    ids, numbers = [row.id for row in orders], [row.number for row in orders]
    told = select(Message.id).where(Message.shop_id == shop_id, Message.order_id.in_(ids))
    for table, which in (
        (Attempt, Attempt.message_id.in_(told)), (Message, Message.order_id.in_(ids)),
        (LineRow, LineRow.order_id.in_(ids)), (Reveal, Reveal.order_id.in_(ids)), (Slot, Slot.order_id.in_(ids)),
        (Task, Task.subject_id.in_(ids)), (Timer, Timer.subject_id.in_(ids)),
        (EventRow, EventRow.order_number.in_(numbers)), (Order, Order.id.in_(ids)),
    ):  # fmt: skip
        tx.execute(delete(table).where(table.shop_id == shop_id, which))
    _forget_customers(tx, shop_id, {row.customer_id for row in orders if row.customer_id})


def _forget_customers(tx: Connection, shop_id: str, ids: set[str]) -> None:
    """Visitors who left nothing but tried orders."""
    query = select(Order.customer_id).where(Order.shop_id == shop_id, Order.customer_id.in_(ids))
    alone = ids - set(tx.execute(query).scalars())
    tx.execute(delete(AddressRow).where(AddressRow.shop_id == shop_id, AddressRow.customer_id.in_(alone)))
    tx.execute(delete(Customer).where(Customer.shop_id == shop_id, Customer.id.in_(alone)))
