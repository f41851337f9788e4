"""Quiet hours and what the matrix keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let rules remember what was switched off and when they keep quiet, and changes be taken back."""
    with op.batch_alter_table("rule") as rule:
        rule.add_column(sa.Column("muted", sa.Text(), nullable=False, server_default="[]"))
        rule.add_column(sa.Column("quiet", sa.String(), nullable=False, server_default="shop"))
        rule.add_column(sa.Column("quiet_from", sa.Integer(), nullable=True))
        rule.add_column(sa.Column("quiet_until", sa.Integer(), nullable=True))
    with op.batch_alter_table("rule") as rule:
        for name, kind in (("muted", sa.Text()), ("quiet", sa.String())):
            rule.alter_column(name, existing_type=kind, server_default=None)
    op.create_table(
        "rule_change",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rule_change"),
    )
    op.create_index("ix_rule_change_recent", "rule_change", ["shop_id", "id"])


def downgrade() -> None:
    """As it was."""
    op.drop_table("rule_change")
    with op.batch_alter_table("rule") as rule:
        for name in ("quiet_until", "quiet_from", "quiet", "muted"):
            rule.drop_column(name)
