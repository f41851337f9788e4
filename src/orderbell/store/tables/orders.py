"""The order's story: journal, orders, lines, customers, timers, tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from orderbell.store.tables.base import STUCK, SUSPECT, Leased, Row


class EventRow(Leased, Row):
    """The journal: every fact we were told or found out, once per natural name, for ever.

    `story` is what came of it (rules that matched or did not, and why), written when it is done.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("shop_id", "natural_id"),
        Index("ix_event_work", "lane", "due_at", sqlite_where=text("state<2"), postgresql_where=text("state<2")),
        Index("ix_event_suspect", "due_at", sqlite_where=SUSPECT, postgresql_where=SUSPECT),
        Index("ix_event_order", "shop_id", "order_number", "id"),
        Index("ix_event_id", "shop_id", "id"),
        Index("ix_event_stuck", "shop_id", "id", sqlite_where=STUCK, postgresql_where=STUCK),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    source_id: Mapped[str | None]
    natural_id: Mapped[str]
    type: Mapped[str]
    order_number: Mapped[str | None]
    order_id: Mapped[str | None]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    body_hash: Mapped[str]
    payload: Mapped[str]
    goods_sealed: Mapped[bytes | None]
    story: Mapped[list[Any] | None]
    error: Mapped[str | None]


class Conflicting(Row):
    """The same natural id with another body: the first is kept and acted on, this one is kept to be seen."""

    __tablename__ = "conflicting_event"
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    natural_id: Mapped[str]
    received_at: Mapped[datetime]
    payload: Mapped[str]


class Order(Row):
    """An order as it stands now. `version` rises with every change; flags beside the status are 0 or 1."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("shop_id", "number"),
        Index("ix_orders_recent", "shop_id", "id"),
        Index("ix_orders_status", "shop_id", "status", "id"),
        Index("ix_orders_customer", "shop_id", "customer_id"),
        Index("ix_orders_owed", "shop_id", "id", sqlite_where=text("owed=1"), postgresql_where=text("owed=1")),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    source_id: Mapped[str | None]
    number: Mapped[str]
    status: Mapped[str]
    version: Mapped[int] = mapped_column(Integer, default=1)
    held: Mapped[int] = mapped_column(Integer, default=0)
    owed: Mapped[int] = mapped_column(Integer, default=0)
    refund_requested: Mapped[int] = mapped_column(Integer, default=0)
    disputed: Mapped[int] = mapped_column(Integer, default=0)
    amount_minor: Mapped[int]
    currency: Mapped[str]
    ip: Mapped[str | None]
    country: Mapped[str | None]
    customer_id: Mapped[str | None]
    buyer: Mapped[dict[str, Any]]
    attributes: Mapped[dict[str, Any]]
    payment_url: Mapped[str | None]
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revealed_at: Mapped[datetime | None]
    reveals: Mapped[int] = mapped_column(Integer, default=0)
    link_gen: Mapped[int] = mapped_column(Integer, default=0)
    """Part of every signed link to this order; raising it revokes them all."""


class LineRow(Row):
    """One kind of goods in an order."""

    __tablename__ = "line"
    order_id: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    shop_id: Mapped[str]
    sku: Mapped[str]
    title: Mapped[str]
    quantity: Mapped[int] = mapped_column(Integer)
    price_minor: Mapped[int]


class Customer(Row):
    """A buyer of one shop; `natural_key` is the best name the shop gave (ref, mail, phone, contact)."""

    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("shop_id", "natural_key"),
        Index("ix_customer_recent", "shop_id", "id"),
        Index("ix_customer_name", "shop_id", "name"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    natural_key: Mapped[str]
    name: Mapped[str | None]
    locale: Mapped[str | None]
    timezone: Mapped[str | None]
    created_at: Mapped[datetime]


class AddressRow(Row):
    """A way to reach a customer. `kind`: email, phone, openid, …, or unknown."""

    __tablename__ = "address"
    __table_args__ = (
        Index("ix_address_value", "shop_id", "value"),
        Index(
            "ix_address_dead", "shop_id", "customer_id", sqlite_where=text("dead_at IS NOT NULL"),
            postgresql_where=text("dead_at IS NOT NULL"),
        ),
    )  # fmt: skip
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    seen_at: Mapped[datetime]
    dead_at: Mapped[datetime | None]
    dead_reason: Mapped[str | None]


class Timer(Leased, Row):
    """Something that is to happen later; it fires in the same transaction as its effect."""

    __tablename__ = "timer"
    __table_args__ = (
        UniqueConstraint("shop_id", "kind", "subject_id", "gen"),
        Index("ix_timer_work", "lane", "due_at", sqlite_where=text("state<2"), postgresql_where=text("state<2")),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    kind: Mapped[str]
    subject_id: Mapped[str]
    gen: Mapped[int] = mapped_column(Integer, default=0)
    fired_at: Mapped[datetime | None]


class Task(Row):
    """Something a person must look at; `kind`: owed, late_payment, conflict, … Open while `closed_at` is None."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("shop_id", "kind", "subject_id"),
        Index(
            "ix_task_open", "shop_id", "id", sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )  # fmt: skip
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    kind: Mapped[str]
    subject_id: Mapped[str]
    detail: Mapped[dict[str, Any]]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
