"""What is kept so that a change to automations can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from orderbell.store.tables.base import Row


class RuleChange(Row):
    """One change by a person. `before` holds the touched rules as they were, and what else it needs to be undone.

    The touched rules carry the same moment as `changed_at`: an undo never overrules somebody who came later.
    """

    __tablename__ = "rule_change"
    __table_args__ = (Index("ix_rule_change_recent", "shop_id", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    before: Mapped[dict[str, Any]]
    by: Mapped[str]
    at: Mapped[datetime]
