"""What the records of messages, orders and customers ask for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_message_event_type", "message", ("shop_id", "event_type", "id"), None),
    ("ix_message_reason", "message", ("shop_id", "reason", "id"), "reason IS NOT NULL"),
    ("ix_message_resent", "message", ("shop_id", "resend_of"), "resend_of IS NOT NULL"),
    ("ix_message_wording", "message", ("shop_id", "template_version", "id"), "template_version IS NOT NULL"),
    ("ix_customer_name", "customer", ("shop_id", "name"), None),
    ("ix_address_value", "address", ("shop_id", "value"), None),
    ("ix_address_dead", "address", ("shop_id", "customer_id"), "dead_at IS NOT NULL"),
)


def upgrade() -> None:
    """Saved filters, bulk resends, and the indexes of what people filter by."""
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.String(), nullable=False),
        *[sa.Column(name, sa.String(), nullable=False) for name in ("shop_id", "staff_id", "page", "name", "query")],
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_filter"),
        sa.UniqueConstraint("shop_id", "staff_id", "page", "query", name="uq_saved_filter_shop_id_staff_id_page_query"),
    )
    op.create_table(
        "resend_job",
        sa.Column("id", sa.String(), nullable=False),
        *[sa.Column(name, sa.String(), nullable=False) for name in ("shop_id", "by", "query", "status")],
        *[sa.Column(name, sa.Integer(), nullable=False) for name in ("total", "resent", "skipped")],
        sa.Column("reached", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_resend_job"),
    )
    op.create_index("ix_resend_job_recent", "resend_job", ["shop_id", "id"])
    op.create_table(
        "resend_item",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String()),
        sa.PrimaryKeyConstraint("job_id", "message_id", name="pk_resend_item"),
    )
    for name, table, columns, where in _INDEXES:
        only = sa.text(where) if where else None
        op.create_index(name, table, list(columns), sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    """As it was."""
    for name, table, _columns, _where in _INDEXES:
        op.drop_index(name, table_name=table)
    for table in ("resend_item", "resend_job", "saved_filter"):
        op.drop_table(table)
