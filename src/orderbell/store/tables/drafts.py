"""Wordings that are still being written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, mapped_column

from orderbell.store.tables.base import Row


class TemplateDraft(Row):
    """What somebody has written and not published yet: one draft for each wording of a shop.

    `rev` counts its changes and `pen` names the open page that made the last one, so that two people who write at
    the same time notice each other.
    """

    __tablename__ = "template_draft"
    shop_id: Mapped[str] = mapped_column(primary_key=True)
    event_type: Mapped[str] = mapped_column(primary_key=True)
    audience: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    parts: Mapped[dict[str, Any]]
    """They may be broken: only publishing checks them."""
    rev: Mapped[int] = mapped_column(Integer)
    pen: Mapped[str]
    by: Mapped[str]
    changed_at: Mapped[datetime]
    dropped_at: Mapped[datetime | None]
    """When it was thrown away; it stays to be taken back."""
