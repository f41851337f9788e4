"""Who may come to work in a shop, and the second proof of those who do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from orderbell.store.tables.base import Row


class Invitation(Row):
    """A place kept for somebody by e-mail address; `hash` is of the link's token, which is kept nowhere."""

    __tablename__ = "invitation"
    __table_args__ = (Index(None, "shop_id", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str]
    role: Mapped[str]
    invited_by: Mapped[str]
    created_at: Mapped[datetime]
    until: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SecondFactor(Row):
    """Somebody's authenticator app. `on_at` None: being set up. `last_step`: the newest code that was taken.

    `recovery` holds the hashes of the codes that are left.
    """

    __tablename__ = "second_factor"
    staff_id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    on_at: Mapped[datetime | None]
    last_step: Mapped[int]
    recovery: Mapped[list[Any]]
