"""The index of free cards, by which one is found however many were sold."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_FREE = sa.text("state='free'")


def upgrade() -> None:
    """Put the shop in front, as every question does."""
    _make("shop_id", "product_id", "id")


def downgrade() -> None:
    """As it was."""
    _make("product_id", "id")


def _make(*columns: str) -> None:
    op.drop_index("ix_card_free", table_name="card")
    op.create_index("ix_card_free", "card", list(columns), sqlite_where=_FREE, postgresql_where=_FREE)
