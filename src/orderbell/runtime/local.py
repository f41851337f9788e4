"""Messages that end where they are made: the inbox is a row of our own, and stale news is not sent at all."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from orderbell.channels.directory import CHANNELS
from orderbell.delivery.book import ShopBook
from orderbell.delivery.prepare import with_wording
from orderbell.delivery.wording import NotWorded, Writer
from orderbell.domain.orders import OrderState, still_true, superseded
from orderbell.runtime.words import Decided
from orderbell.store.schema import State


def deliver(out: Decided, books: Mapping[str, ShopBook], writer: Writer) -> None:
    """Look at each message with its order as it stands at the end of the batch, and end those that need no network."""
    for row, order in out.messages:
        local = CHANNELS[row["channel"]].traits.local
        if why := _stale(row, order, local=local):
            row.update(_ended(out) | {"status": "suppressed", "reason": why})
        elif local:
            row.update(_ended(out) | _said(row, order, books[row["shop_id"]], writer))


def _stale(row: Mapping[str, Any], order: OrderState | None, *, local: bool) -> str | None:
    if order is None or row["channel"] == "webhook":
        return None
    if not still_true(row["event_type"], order):
        return "no_longer_true"
    # The inbox is also a history: there, the money's coming may stand below the goods'.
    return "superseded" if not local and superseded(row["event_type"], row["audience"], order) else None


def _ended(out: Decided) -> dict[str, Any]:
    return {"state": int(State.DONE), "ended_at": out.now, "tries": 1}


def _said(row: Mapping[str, Any], order: OrderState | None, book: ShopBook, writer: Writer) -> dict[str, Any]:
    try:
        worded = writer.write(SimpleNamespace(**row), book, order, order.lines if order else ())
    except NotWorded as failed:
        return {"state": int(State.STUCK), "status": "failed", "reason": failed.sentence}
    return {"status": "delivered", "sent_at": row["created_at"], **with_wording(worded)}
