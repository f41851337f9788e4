"""Messages at the end of a batch: what needs no network ends here, stale news is not sent, the rest takes its seat.

The inbox is a row of our own and the sandbox mailbox shows what would have gone out. A message that finds a seat in
the sender of this process is leased to it from birth: no claim, and nothing to be read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from orderbell.channels.directory import CHANNELS
from orderbell.delivery import wishes
from orderbell.delivery.book import ShopBook
from orderbell.delivery.prepare import Flight, attempt_row, with_wording
from orderbell.delivery.seats import Seats
from orderbell.delivery.wording import NotWorded, Writer
from orderbell.domain.orders import OrderState, still_true, superseded
from orderbell.domain.wishes import REASON
from orderbell.runtime.words import Decided
from orderbell.store.database import Tx
from orderbell.store.schema import State

_OVER = {"state": int(State.DONE), "tries": 1}


def obey(tx: Tx, out: Decided, books: Mapping[str, ShopBook]) -> None:
    """End the messages their readers do not want; the reason stays with them."""
    # On every order's way, and in most shops nobody ever chose.
    if not any(book.has_wishes for book in books.values()):
        return
    waiting = [row for row, _ in out.messages if row["state"] == State.READY]
    unwanted = wishes.unwanted(tx, waiting, books)
    for row in waiting:
        if row["id"] in unwanted:
            row.update(_OVER, ended_at=out.now, status="suppressed", reason=REASON)


def deliver(out: Decided, books: Mapping[str, ShopBook], writer: Writer) -> None:
    """Look at each message with its order as it stands at the end of the batch, and end those that need no network."""
    for row, order in out.messages:
        if row["state"] != State.READY or row["due_at"] > out.now:
            continue
        traits = CHANNELS[row["channel"]].traits
        if why := stale(row, order, local=traits.local):
            row.update(_OVER, ended_at=out.now, status="suppressed", reason=why)
        elif traits.local or row["provider_id"] is None:
            row.update(_OVER, ended_at=out.now, **_said(row, order, books[row["shop_id"]], writer))
            if not traits.local:
                _keep_in_sandbox(out, row)


def board(out: Decided, books: Mapping[str, ShopBook], seats: Seats, until: datetime) -> list[Flight]:
    """Give seats to the messages that wait; each is leased to this process until then."""
    flights = []
    for row, order in out.messages:
        provider_id = row["provider_id"]
        if row["state"] != State.READY or row["due_at"] > out.now or CHANNELS[row["channel"]].traits.per_minute:
            continue
        book = books[row["shop_id"]]
        account = book.account(provider_id)
        if account is not None and seats.take(provider_id):
            lines = order.lines if order else ()
            flights.append(
                Flight(SimpleNamespace(**row, read_at=None, resend_of=None), account, book, order, lines, out.now)
            )
            row.update(state=int(State.LEASED), due_at=until, lease_gen=1, tries=1)
    return flights


def stale(row: Mapping[str, Any], order: OrderState | None, *, local: bool) -> str | None:
    """Why a message is not sent although its rule matched, as the order stands at the end of the batch."""
    if order is None or row["channel"] == "webhook":
        return None
    if not still_true(row["event_type"], order):
        return "no_longer_true"
    # The inbox is also a history: there, the money's coming may stand below the goods'.
    return "superseded" if not local and superseded(row["event_type"], row["audience"], order) else None


def _said(row: Mapping[str, Any], order: OrderState | None, book: ShopBook, writer: Writer) -> dict[str, Any]:
    try:
        worded = writer.note(SimpleNamespace(**row), book, order, order.lines if order else ())
    except NotWorded as failed:
        return {"state": int(State.STUCK), "status": "failed", "reason": failed.sentence}
    return {"status": "delivered", "sent_at": row["created_at"], **with_wording(worded)}


def _keep_in_sandbox(out: Decided, row: dict[str, Any]) -> None:
    if row["status"] != "delivered":
        return
    row.update(status="sent", reason="sandbox")
    out.attempts.append(
        attempt_row(
            SimpleNamespace(**row), 1, started_at=out.now, ended_at=out.now, outcome="sandbox",
            words="kept in the sandbox mailbox",
        )
    )  # fmt: skip
