"""What people keep and start on the record's pages: saved filters, and messages sent again in bulk."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from orderbell.store.tables.base import Row


class SavedFilter(Row):
    """A query somebody keeps for themselves; `page` is messages, orders or customers."""

    __tablename__ = "saved_filter"
    __table_args__ = (UniqueConstraint("shop_id", "staff_id", "page", "query"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    staff_id: Mapped[str]
    page: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    created_at: Mapped[datetime]


class ResendJob(Row):
    """Many messages to be sent again. `status`: running, done or cancelled; `reached` is the last id looked at.

    `total` counts its items, `resent` and `skipped` those that are through.
    """

    __tablename__ = "resend_job"
    __table_args__ = (Index("ix_resend_job_recent", "shop_id", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    by: Mapped[str]
    query: Mapped[str]
    status: Mapped[str]
    total: Mapped[int] = mapped_column(Integer)
    resent: Mapped[int] = mapped_column(Integer, default=0)
    skipped: Mapped[int] = mapped_column(Integer, default=0)
    reached: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ResendItem(Row):
    """One message of a job, chosen when the job was started; `outcome`: None while it waits, `resent`, or why not."""

    __tablename__ = "resend_item"
    job_id: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    outcome: Mapped[str | None]
