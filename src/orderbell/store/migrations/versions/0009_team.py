"""Invitations, second factors, what a session remembers, and keys that end by themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ADDED = (
    ("session", "seen_at", sa.BigInteger),
    ("session", "way", sa.String),
    ("staff", "muted", sa.Text),
    ("api_key", "expires_at", sa.BigInteger),
    ("api_key", "follows", sa.String),
)


def upgrade() -> None:
    """Make the tables and the new columns."""
    op.create_table(
        "invitation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("invited_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("hash", name="uq_invitation_hash"),
    )
    op.create_index("ix_invitation_shop_id_id", "invitation", ["shop_id", "id"])
    op.create_table(
        "second_factor",
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("on_at", sa.BigInteger(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("recovery", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", name="pk_second_factor"),
    )
    for table, name, kind in _ADDED:
        op.add_column(table, sa.Column(name, kind(), nullable=True))


def downgrade() -> None:
    """Let go of them."""
    for table, name, _ in reversed(_ADDED):
        op.drop_column(table, name)
    op.drop_table("second_factor")
    op.drop_index("ix_invitation_shop_id_id", table_name="invitation")
    op.drop_table("invitation")
