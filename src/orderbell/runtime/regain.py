"""Facts told a second time after a restore: their orders get the very cards back, and nobody hears of them again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row as SqlRow

from orderbell.channels.directory import CHANNELS
from orderbell.domain import lost, restored
from orderbell.domain.orders import OrderState
from orderbell.events import OrderEvent
from orderbell.runtime.words import Heard
from orderbell.store.database import Tx
from orderbell.store.marker import Restored
from orderbell.store.schema import State

# Whoever got the goods had been told all of this.
_BEFORE_GOODS = frozenset({"order.created", "payment.failed", "order.paid", "order.owed", "order.delivered"})
Key = tuple[str, str]


class Regained:
    """What a batch must know of a restore: which of its orders had cards, and which facts are old news."""

    def __init__(self, mark: Restored) -> None:
        self._mark = mark
        self._sales: dict[Key, list[SqlRow[Any]]] = {}
        self._given: set[Key] = set()
        self._old: set[Key] = set()

    def load(self, tx: Tx, keys: Iterable[Key]) -> None:
        """Read what the journal says of these orders."""
        for key, rows in lost.of_orders(tx, sorted(keys)).items():
            self._sales[key] = rows
            if all(row.settled_at for row in rows):
                self._given.add(key)

    def has_cards(self, order: OrderState) -> bool:
        """Whether the journal says that this order got cards, which it has not got back yet."""
        key = (order.shop_id, order.number)
        return key in self._sales and key not in self._given

    def give_back(self, tx: Tx, order: OrderState, now: datetime) -> list[dict[str, Any]]:
        """The slots of the order's very cards; they are sold already and leave no stock."""
        key = (order.shop_id, order.number)
        rows = [row for row in self._sales[key] if row.settled_at is None]
        lost.settle(tx, rows, now)
        self._given.add(key)
        return lost.slot_rows(order.id, rows)

    def is_told(self, heard: Heard) -> bool:
        """Whether people heard of this fact before the restore.

        So it is for what the snapshot held, what that led to, and for orders in the journal:
        everything up to their goods, and whatever happened before the journal's last line.
        """
        key = (heard.shop_id, heard.event.order.number) if isinstance(heard.event, OrderEvent) else None
        if not heard.derived and heard.row.received_at <= self._mark.restored_at:
            self._old |= {key} if key else set()
            return True
        if key is None:
            return False
        until = self._mark.told_until
        before = until is not None and heard.event.at <= until
        return (heard.derived and key in self._old) or (
            key in self._sales and (heard.row.type in _BEFORE_GOODS or before)
        )


def hush(row: dict[str, Any], now: datetime) -> None:
    """End a message unsent; the inbox is a page of our own and shows what happened all the same."""
    if not CHANNELS[row["channel"]].traits.local:
        row.update(state=int(State.DONE), status="suppressed", reason=restored.REASON, ended_at=now)
