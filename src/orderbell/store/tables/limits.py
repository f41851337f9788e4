"""Counters of tries within a window of time, for rate limits; one row a bucket, never a COUNT(*)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, mapped_column

from orderbell.store.tables.base import Row


class Bucket(Row):
    """How often something happened since its window opened. `name` is a hash: no address or number is kept.

    Not a shop's row: an attacker's address belongs to no shop, and a sign-in does not know its shop yet.
    """

    __tablename__ = "bucket"
    name: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime] = mapped_column(index=True)
