"""Messages that are delivered by being written: the inbox is a row of our own and needs no second step."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from orderbell.delivery.book import ShopBook
from orderbell.delivery.prepare import with_wording
from orderbell.delivery.wording import NotWorded, Writer
from orderbell.domain.orders import OrderState, still_true
from orderbell.runtime.words import Decided
from orderbell.store.schema import State


def deliver(out: Decided, books: Mapping[str, ShopBook], writer: Writer) -> None:
    """Word each local message from its order as it stands at the end of the batch, or say why it is not said."""
    for row, order in out.local:
        row |= {"ended_at": out.now, "tries": 1, **_outcome(row, order, books[row["shop_id"]], writer)}
        out.messages.append(row)


def _outcome(row: Mapping[str, Any], order: OrderState | None, book: ShopBook, writer: Writer) -> dict[str, Any]:
    if order is not None and not still_true(row["event_type"], order):
        return {"state": int(State.DONE), "status": "suppressed", "reason": "no_longer_true"}
    try:
        worded = writer.write(SimpleNamespace(**row), book, order, order.lines if order else ())
    except NotWorded as failed:
        return {"state": int(State.STUCK), "status": "failed", "reason": failed.sentence}
    told = {"state": int(State.DONE), "status": "delivered", "sent_at": row["created_at"]}
    return told | with_wording(worded)
