"""What buyers choose, the log of it, and the index of a customer's messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_KNOWN = sa.text("customer_id IS NOT NULL")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "preference",
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("reach", sa.String(), nullable=False),
        sa.Column("off", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "channel", "reach", name="pk_preference"),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("reach", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_reach", "consent", ["shop_id", "channel", "reach", "id"])
    op.create_index(
        "ix_message_customer", "message", ["shop_id", "customer_id", "id"], sqlite_where=_KNOWN,
        postgresql_where=_KNOWN,
    )  # fmt: skip


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_message_customer", table_name="message")
    op.drop_table("consent")
    op.drop_table("preference")
