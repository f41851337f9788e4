"""The rate limits that all workers share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of allowances."""
    op.create_table(
        "allowance",
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("spent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name=("pk_allowance")),
    )


def downgrade() -> None:
    """Let go of it."""
    op.drop_table("allowance")
