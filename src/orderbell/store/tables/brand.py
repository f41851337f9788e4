"""Pictures that shops sign with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from orderbell.store.tables.base import Row


class Logo(Row):
    """A logo as we re-encoded it; `mark` is the hash of the bytes, so an address never shows another picture."""

    __tablename__ = "logo"
    shop_id: Mapped[str] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(primary_key=True)
    png: Mapped[bytes]
    width_px: Mapped[int]
    height_px: Mapped[int]
    created_at: Mapped[datetime]
