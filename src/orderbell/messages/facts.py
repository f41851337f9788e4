"""What a wording is made from: plain facts of one event, kept with its message; no secrets and no links."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One kind of goods as it is shown; `price_minor` is for one piece."""

    title: str
    quantity: int = 1
    price_minor: int = 0
    sku: str = ""


class MessageFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The facts of one message; what the event did not tell is None, empty or zero.

    `status` is the order's own word (`paid`); `timezone` is the reader's, by its IANA name.
    """

    event_type: str
    shop_name: str = ""
    order_number: str = ""
    status: str = ""
    amount_minor: int | None = None
    currency: str = "CNY"
    buyer_name: str = ""
    buyer_contact: str = ""
    items: tuple[Item, ...] = ()
    reason: str = ""
    created_at: datetime | None = None
    paid_at: datetime | None = None
    expires_at: datetime | None = None
    occurred_at: datetime | None = None
    country: str = ""
    timezone: str = "Asia/Shanghai"
    sku: str = ""
    product_title: str = ""
    stock_left: int = 0
    owed_pieces: int = 0


class Links(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Addresses made at sending and never stored; an empty one means there is none for this reader."""

    order_url: str = ""
    panel_url: str = ""
    payment_url: str = ""
    unsubscribe_url: str = ""


# What a stored message is shown with again: its capability was never kept.
NO_LINKS = Links()


def to_row(facts: MessageFacts) -> dict[str, Any]:
    """The facts as JSON values, for `message.facts`."""
    row: dict[str, Any] = msgspec.to_builtins(facts)
    return row


def from_row(row: dict[str, Any]) -> MessageFacts:
    """The way back of `to_row`; what a later release wrote and this one does not know is passed over."""
    return msgspec.convert(row, MessageFacts)
