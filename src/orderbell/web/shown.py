"""Messages shown again as they were: worded once more from the facts that were kept with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from orderbell.channels.base import Letter
from orderbell.channels.directory import CHANNELS
from orderbell.delivery.book import ShopBook
from orderbell.messages.compose import compose
from orderbell.messages.facts import NO_LINKS, from_row


class InboxMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One in-app message. `read_at` None means unread."""

    id: str
    event_type: str
    order_id: str | None
    title: str
    text: str
    sent_at: datetime
    read_at: datetime | None


def letter_of(row: Any, book: ShopBook) -> Letter:
    """The letter of a message that was sent, from its kept facts; links, which are secrets, are left out."""
    facts = from_row({"event_type": row.event_type, **(row.facts or {})})
    wording = book.wordings.choose(row.event_type, row.audience, row.channel, row.locale)
    return compose(wording, facts, book.brand, NO_LINKS, locale=row.locale, traits=CHANNELS[row.channel].traits)


def inbox_message(row: Any, book: ShopBook) -> InboxMessage:
    """An in-app message as its reader sees it."""
    letter = letter_of(row, book)
    return InboxMessage(
        id=row.id, event_type=row.event_type, order_id=row.order_id, title=letter.subject, text=letter.text,
        sent_at=row.sent_at, read_at=row.read_at,
    )  # fmt: skip
