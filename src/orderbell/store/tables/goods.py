"""Products and the card vault. No row ever goes from sold back to free: a trigger forbids it in both databases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from orderbell.store.tables.base import Row


class Product(Row):
    """Something a shop sells. `kind`: card (one key per piece), reusable (the same text for all), or service.

    `free` counts free cards and is kept in the same transaction as every change of a card.
    `warned`: 0 well stocked, 1 the low warning went out, 2 the out warning went out (edge-triggered, re-armed).
    """

    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("shop_id", "sku"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    sku: Mapped[str]
    title: Mapped[str]
    kind: Mapped[str]
    free: Mapped[int] = mapped_column(Integer, default=0)
    sold: Mapped[int] = mapped_column(Integer, default=0)
    low_at: Mapped[int] = mapped_column(Integer, default=5)
    warned: Mapped[int] = mapped_column(Integer, default=0)
    reserve_on_order: Mapped[int] = mapped_column(Integer, default=0)
    instructions: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class Card(Row):
    """One secret that is sold once. `state`: free, reserved, sold, void or quarantine; `slot_id` is written once."""

    __tablename__ = "card"
    __table_args__ = (
        UniqueConstraint("shop_id", "product_id", "fingerprint"),
        UniqueConstraint("slot_id"),
        Index(
            "ix_card_free", "shop_id", "product_id", "id", sqlite_where=text("state='free'"),
            postgresql_where=text("state='free'"),
        ),
        Index("ix_card_product", "shop_id", "product_id", "id"),
        Index(
            "ix_card_reserved", "reserved_for", sqlite_where=text("state='reserved'"),
            postgresql_where=text("state='reserved'"),
        ),
    )  # fmt: skip
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    product_id: Mapped[str]
    state: Mapped[str]
    fingerprint: Mapped[bytes]
    sealed: Mapped[bytes]
    key_version: Mapped[int] = mapped_column(Integer, default=1)
    import_id: Mapped[str | None]
    slot_id: Mapped[str | None]
    reserved_for: Mapped[str | None]
    reserved_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    sold_at: Mapped[datetime | None]


class ReusableCard(Row):
    """The text every buyer of a reusable product gets; a product type of its own, never a flag on a card."""

    __tablename__ = "reusable_card"
    product_id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    sealed: Mapped[bytes]
    key_version: Mapped[int] = mapped_column(Integer, default=1)
    changed_at: Mapped[datetime]


class Slot(Row):
    """One piece of an order's line and the goods it got. `gen` rises with a re-issue; the newest one counts.

    `origin`: vault (card_id), reusable (product's text), or shop (`sealed` holds what the shop handed out).
    """

    __tablename__ = "slot"
    __table_args__ = (
        UniqueConstraint("order_id", "line_n", "piece", "gen"),
        UniqueConstraint("card_id"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    order_id: Mapped[str]
    line_n: Mapped[int] = mapped_column(Integer)
    piece: Mapped[int] = mapped_column(Integer)
    gen: Mapped[int] = mapped_column(Integer, default=0)
    product_id: Mapped[str | None]
    origin: Mapped[str]
    card_id: Mapped[str | None]
    sealed: Mapped[bytes | None]
    at: Mapped[datetime]


class LostSale(Row):
    """A card that went out by the allocation journal, and of which a restored or crashed database knew nothing.

    `fate`: sold (the card is bound to that slot), missing (the card itself was lost, too), or quarantine (the process
    ended between journal and commit: nobody got it, most likely). `settled_at`: its order has it back, or a person
    decided.
    """

    __tablename__ = "lost_sale"
    __table_args__ = (
        Index("ix_lost_order", "shop_id", "order_number"),
        Index("ix_lost_fingerprint", "shop_id", "fingerprint"),
    )
    card_id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    slot_id: Mapped[str]
    order_number: Mapped[str]
    line_n: Mapped[int] = mapped_column(Integer)
    piece: Mapped[int] = mapped_column(Integer)
    gen: Mapped[int] = mapped_column(Integer)
    product_id: Mapped[str]
    sku: Mapped[str]
    fingerprint: Mapped[bytes]
    at: Mapped[datetime]
    fate: Mapped[str]
    settled_at: Mapped[datetime | None]


class Reveal(Row):
    """Somebody saw a secret: who, when, from where."""

    __tablename__ = "reveal"
    __table_args__ = (Index("ix_reveal_order", "shop_id", "order_id", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    order_id: Mapped[str]
    slot_id: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    ip: Mapped[str | None]
    agent: Mapped[str | None]


class CardImport(Row):
    """One import of cards and how far it came. `state`: running, done or failed."""

    __tablename__ = "card_import"
    __table_args__ = (Index("ix_import_product", "shop_id", "product_id", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    product_id: Mapped[str]
    state: Mapped[str]
    total: Mapped[int] = mapped_column(Integer)
    taken: Mapped[int] = mapped_column(Integer, default=0)
    duplicates: Mapped[int] = mapped_column(Integer, default=0)
    refused: Mapped[list[Any]]
    by: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
