"""First orders: which order of a buyer is the oldest we know."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select, tuple_

from orderbell.store.database import Tx
from orderbell.store.schema import Order


def earliest(tx: Tx, buyers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The id of the oldest order of each (shop, customer) by the customer's id; who never ordered is left out."""
    wanted = sorted(set(buyers))
    if not wanted:
        return {}
    mine = tuple_(Order.shop_id, Order.customer_id).in_(wanted)
    found = tx.execute(select(Order.customer_id, func.min(Order.id)).where(mine).group_by(Order.customer_id))
    return {str(customer_id): order_id for customer_id, order_id in found}
