"""What buyers want to hear by which channel, and the log of their choices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from orderbell.store.tables.base import Row


class Preference(Row):
    """The topics somebody switched off for one way to reach them; no row means that all are on."""

    __tablename__ = "preference"
    shop_id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    reach: Mapped[str] = mapped_column(primary_key=True)
    """The address in small letters; where a channel has none, the customer's or the order's id."""
    off: Mapped[list[Any]]
    changed_at: Mapped[datetime]


class Consent(Row):
    """One choice, kept for ever: who allowed or forbade which topic, when, and how they said so."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_reach", "shop_id", "channel", "reach", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    channel: Mapped[str]
    reach: Mapped[str]
    topic: Mapped[str]
    allowed: Mapped[int] = mapped_column(Integer)
    how: Mapped[str]
    """page, unsubscribe, one_click or api."""
    ip: Mapped[str | None]
    at: Mapped[datetime]
