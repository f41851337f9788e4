"""What all tables share: the metadata, the column kinds, and the lease a worker holds on a row."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, MetaData, String, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from orderbell.base.clock import from_micros, to_micros

# One batch writes the same few moments again and again.
_micros = lru_cache(maxsize=1024)(to_micros)
_encode = msgspec.json.Encoder().encode


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment, kept as microseconds since 1970: exact, sortable, the same in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return self.to_store(value)

    @staticmethod
    def to_store(value: datetime | None) -> int | None:
        """As the column keeps it."""
        return None if value is None else _micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else from_micros(value)


class Json(TypeDecorator[Any]):
    """A JSON value as text, written and read by msgspec; never queried inside."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To the database."""
        return self.to_store(value)

    @staticmethod
    def to_store(value: Any) -> str | None:
        """As the column keeps it."""
        return None if value is None else _encode(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """From the database."""
        return None if value is None else msgspec.json.decode(value)


class Row(DeclarativeBase):
    """The root of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        str: String(),
        int: BigInteger(),
        bytes: LargeBinary(),
        datetime: Moment(),
        dict[str, Any]: Json(),
        list[Any]: Json(),
    }


class State(IntEnum):
    """Where a work row stands; small numbers so that the index of waiting work stays small."""

    READY = 0
    LEASED = 1
    DONE = 2
    STUCK = 3
    """After its tries: visible with its reason and a button, never thrown away."""
    HELD = 4


STUCK = text("state = 3")
SUSPECT = text("state = 1 AND tries >= 2")
"""Rows that more than one worker died over; `store.leases` takes them one at a time."""


class Leased:
    """The lease columns of a row that is work: one claim function serves event, message and timer.

    `due_at` is when the row wants a worker; while it is leased it is the lease's end, so that one index range
    finds both what is due and what a dead worker left behind.
    """

    state: Mapped[int] = mapped_column(Integer, default=int(State.READY))
    lane: Mapped[int] = mapped_column(Integer, default=1)
    due_at: Mapped[datetime]
    lease_gen: Mapped[int] = mapped_column(Integer, default=0)
    tries: Mapped[int] = mapped_column(Integer, default=0)
