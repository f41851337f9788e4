"""What provider accounts let through, so that all workers together keep to it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from orderbell.store.tables.base import Row


class Allowance(Row):
    """How much an account sent of late: `spent` holds [second since 1970, messages] of the last minute.

    Only accounts whose channel has a limit have a row; whoever claims their messages locks it.
    """

    __tablename__ = "allowance"
    provider_id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    spent: Mapped[list[Any]]
