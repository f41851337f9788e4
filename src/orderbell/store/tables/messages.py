"""Rules, wording, brand, providers, messages and their attempts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from orderbell.store.tables.base import STUCK, SUSPECT, Leased, Row


def _where(name: str, known: str, *more: str) -> Index:
    """An index of those rows of a shop in which that column is known."""
    only = text(f"{known} IS NOT NULL")
    return Index(name, "shop_id", known, *more, sqlite_where=only, postgresql_where=only)


class Rule(Row):
    """When an event of `trigger` fits `condition` (CEL; empty means always), `audience` hears by `channels`."""

    __tablename__ = "rule"
    __table_args__ = (UniqueConstraint("shop_id", "preset"), Index("ix_rule_trigger", "shop_id", "trigger"))
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    preset: Mapped[str | None]
    """The stock rule this row came from; None for a merchant's own."""
    name: Mapped[str]
    trigger: Mapped[str]
    condition: Mapped[str] = mapped_column(default="")
    audience: Mapped[str]
    channels: Mapped[list[Any]]
    lane: Mapped[int] = mapped_column(Integer, default=1)
    enabled: Mapped[int] = mapped_column(Integer, default=1)
    muted: Mapped[list[Any]] = mapped_column(default=list)
    """The channels a person switched off for this event, so that its story can say so."""
    quiet: Mapped[str] = mapped_column(default="shop")
    """Quiet hours: `shop` as the shop keeps them, `own` those below, `never` waits."""
    quiet_from: Mapped[int | None] = mapped_column(Integer)
    quiet_until: Mapped[int | None] = mapped_column(Integer)
    changed_at: Mapped[datetime]


class Template(Row):
    """A merchant's own wording of one event for one audience, channel and language; `current` names its version."""

    __tablename__ = "template"
    __table_args__ = (UniqueConstraint("shop_id", "event_type", "audience", "channel", "locale"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    event_type: Mapped[str]
    audience: Mapped[str]
    channel: Mapped[str]
    locale: Mapped[str]
    current: Mapped[str | None]
    """None: the stock text counts again."""


class TemplateVersion(Row):
    """One wording, never changed after it was saved. `parts`: subject, heading, body, button, …"""

    __tablename__ = "template_version"
    __table_args__ = (UniqueConstraint("template_id", "n"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    template_id: Mapped[str]
    n: Mapped[int] = mapped_column(Integer)
    parts: Mapped[dict[str, Any]]
    by: Mapped[str]
    created_at: Mapped[datetime]


class BrandVersion(Row):
    """How a shop looks in every message; the newest version counts, old ones stay for old messages."""

    __tablename__ = "brand_version"
    __table_args__ = (UniqueConstraint("shop_id", "n"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    n: Mapped[int] = mapped_column(Integer)
    parts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Provider(Row):
    """A configured account of one channel kind. `values_sealed`: its form as sealed JSON; filters in `settings`."""

    __tablename__ = "provider"
    __table_args__ = (Index("ix_provider_kind", "shop_id", "kind"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    values_sealed: Mapped[bytes]
    settings: Mapped[dict[str, Any]]
    """For webhooks: {"events": ["order.paid", …]}, empty list means all."""
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    failing_since: Mapped[datetime | None]


class Message(Leased, Row):
    """One recipient, one channel, one event: the unit that is sent once.

    `status`: queued, held, sending, sent, delivered, failed, unknown, suppressed or cancelled.
    `reason` says why for suppressed, failed, held and unknown. `facts` are the values its wording was made from,
    without secrets and without links, so that it can be shown again as it was.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("shop_id", "natural_key"),
        Index("ix_message_work", "lane", "due_at", sqlite_where=text("state<2"), postgresql_where=text("state<2")),
        Index("ix_message_suspect", "due_at", sqlite_where=SUSPECT, postgresql_where=SUSPECT),
        Index("ix_message_recent", "shop_id", "id"),
        Index("ix_message_order", "shop_id", "order_id", "id"),
        Index("ix_message_stuck", "shop_id", "id", sqlite_where=STUCK, postgresql_where=STUCK),
        Index("ix_message_event", "event_id"),
        Index("ix_message_status", "shop_id", "status", "id"),
        Index("ix_message_channel", "shop_id", "channel", "id"),
        Index("ix_message_event_type", "shop_id", "event_type", "id"),
        _where("ix_message_customer", "customer_id", "id"),
        _where("ix_message_reason", "reason", "id"),
        _where("ix_message_wording", "template_version", "id"),
        _where("ix_message_resent", "resend_of"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    natural_key: Mapped[str]
    """event id, recipient, channel (and rule for a merchant's own): the same message is never made twice."""
    event_id: Mapped[str]
    event_type: Mapped[str]
    order_id: Mapped[str | None]
    customer_id: Mapped[str | None]
    rule_id: Mapped[str | None]
    audience: Mapped[str]
    channel: Mapped[str]
    provider_id: Mapped[str | None]
    """None means the sandbox mailbox (or a local channel)."""
    address: Mapped[str]
    locale: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str | None]
    template_version: Mapped[str | None]
    """None means the stock text of the release that sent it."""
    brand_version: Mapped[str | None]
    subject: Mapped[str | None]
    facts: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    resend_of: Mapped[str | None]


class Attempt(Row):
    """One try to hand a message to a provider. `outcome` None while it runs: after a crash that means in doubt."""

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("message_id", "n"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    message_id: Mapped[str]
    n: Mapped[int] = mapped_column(Integer)
    provider_id: Mapped[str | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    """taken, refused, later, unsure, in_doubt or sandbox."""
    code: Mapped[str | None]
    words: Mapped[str | None]
    reference: Mapped[str | None]
