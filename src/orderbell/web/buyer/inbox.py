"""An order's inbox for people without an account: what the shop told them, worded as it was."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from orderbell.delivery.book import ShopBook
from orderbell.store.schema import Message
from orderbell.web.shown import InboxMessage, inbox_message

_MOST = 50


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """The newest messages, and how many of them were not read."""

    messages: list[InboxMessage]
    unread: int


def read_inbox(tx: Connection, book: ShopBook, *, order_id: str) -> Inbox:
    """The order's in-app messages, newest first."""
    query = (
        select(Message.__table__)
        .where(
            Message.shop_id == book.id, Message.order_id == order_id, Message.channel == "inbox",
            Message.audience == "buyer", Message.sent_at.is_not(None),
        )
        .order_by(Message.id.desc())
        .limit(_MOST)
    )  # fmt: skip
    messages = [inbox_message(row, book) for row in tx.execute(query)]
    return Inbox(messages=messages, unread=sum(each.read_at is None for each in messages))
