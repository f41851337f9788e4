"""Looks for paid orders in a third state: neither delivered, nor owed before a person's eyes (promises A8).

None should exist; one does when a product enters the vault only after its order was paid. It becomes owed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, exists, select

from orderbell.base import mutant
from orderbell.base.crash import crashpoint
from orderbell.events import OrderFacts, OrderOwed
from orderbell.runtime.batch import natural
from orderbell.store import journal
from orderbell.store.database import Tx
from orderbell.store.schema import LineRow, Order, Product, Shop, Slot

# What was paid this moment may be under a worker's hands.
SILENT_AFTER = timedelta(seconds=20)
MOST = 200


def find_silent(tx: Tx, *, now: datetime) -> int:
    """Write down of every paid and silent order that its goods are owed; how many there were.

    At most 200 of each shop at once: the next look finds the others.
    """
    shops = [] if mutant.without("silent_sweep") else tx.execute(select(Shop.id)).scalars().all()
    entries = [_owed(shop_id, order, now) for shop_id in shops for order in tx.execute(_silent(shop_id, now))]
    if entries:
        journal.record(tx, entries, now)
    crashpoint("sweep.after_find")
    return len(entries)


def _silent(shop_id: str, now: datetime) -> Any:
    kept = (
        exists()
        .where(LineRow.order_id == Order.id, Product.shop_id == shop_id, Product.sku == LineRow.sku)
        .where(Product.kind != "service", Product.archived_at.is_(None))
    )
    filled = exists().where(Slot.order_id == Order.id)
    return (
        select(Order.id, Order.number, Order.version)
        .where(Order.shop_id == shop_id, Order.status == "paid", Order.owed == 0, Order.held == 0)
        .where(Order.paid_at < now - SILENT_AFTER, kept, ~filled)
        .order_by(Order.id)
        .limit(MOST)
    )


def _owed(shop_id: str, order: Row[Any], now: datetime) -> journal.Entry:
    event = OrderOwed(
        id=f"{natural(OrderOwed, order.id)}:{order.version}:silent", at=now, order=OrderFacts(number=order.number),
        reason="paid, and nothing was handed out",
    )  # fmt: skip
    return journal.Entry(shop_id=shop_id, source_id=None, event=event)
