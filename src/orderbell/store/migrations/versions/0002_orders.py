"""The order"s story."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make these tables."""
    _address()
    _conflicting_event()
    _customer()
    _event()
    _event_indexes()
    _line()
    _orders()
    _orders_indexes()
    _task()
    _timer()


def _address() -> None:
    op.create_table(
        "address",
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("dead_at", sa.BigInteger(), nullable=True),
        sa.Column("dead_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "kind", "value", name=("pk_address")),
    )


def _conflicting_event() -> None:
    op.create_table(
        "conflicting_event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("natural_id", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_conflicting_event")),
    )


def _customer() -> None:
    op.create_table(
        "customer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("natural_key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("locale", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_customer")),
        sa.UniqueConstraint("shop_id", "natural_key", name=("uq_customer_shop_id_natural_key")),
    )
    op.create_index("ix_customer_recent", "customer", ["shop_id", "id"], unique=False)


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=True),
        sa.Column("natural_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("order_number", sa.String(), nullable=True),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("goods_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("story", sa.Text(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_gen", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_event")),
        sa.UniqueConstraint("shop_id", "natural_id", name=("uq_event_shop_id_natural_id")),
    )


def _event_indexes() -> None:
    op.create_index("ix_event_id", "event", ["shop_id", "id"], unique=False)
    op.create_index("ix_event_order", "event", ["shop_id", "order_number", "id"], unique=False)
    op.create_index(
        "ix_event_stuck",
        "event",
        ["shop_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 3"),
        postgresql_where=sa.text("state = 3"),
    )
    op.create_index(
        "ix_event_suspect",
        "event",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 1 AND tries >= 2"),
        postgresql_where=sa.text("state = 1 AND tries >= 2"),
    )
    op.create_index(
        "ix_event_work",
        "event",
        ["lane", "due_at"],
        unique=False,
        sqlite_where=sa.text("state<2"),
        postgresql_where=sa.text("state<2"),
    )


def _line() -> None:
    op.create_table(
        "line",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "n", name=("pk_line")),
    )


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=True),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("owed", sa.Integer(), nullable=False),
        sa.Column("refund_requested", sa.Integer(), nullable=False),
        sa.Column("disputed", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("payment_url", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revealed_at", sa.BigInteger(), nullable=True),
        sa.Column("reveals", sa.Integer(), nullable=False),
        sa.Column("link_gen", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_orders")),
        sa.UniqueConstraint("shop_id", "number", name=("uq_orders_shop_id_number")),
    )


def _orders_indexes() -> None:
    op.create_index("ix_orders_customer", "orders", ["shop_id", "customer_id"], unique=False)
    op.create_index(
        "ix_orders_owed",
        "orders",
        ["shop_id", "id"],
        unique=False,
        sqlite_where=sa.text("owed=1"),
        postgresql_where=sa.text("owed=1"),
    )
    op.create_index("ix_orders_recent", "orders", ["shop_id", "id"], unique=False)
    op.create_index("ix_orders_status", "orders", ["shop_id", "status", "id"], unique=False)


def _task() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=("pk_task")),
        sa.UniqueConstraint("shop_id", "kind", "subject_id", name=("uq_task_shop_id_kind_subject_id")),
    )
    op.create_index(
        "ix_task_open",
        "task",
        ["shop_id", "id"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _timer() -> None:
    op.create_table(
        "timer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("gen", sa.Integer(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_gen", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_timer")),
        sa.UniqueConstraint("shop_id", "kind", "subject_id", "gen", name=("uq_timer_shop_id_kind_subject_id_gen")),
    )
    op.create_index(
        "ix_timer_work",
        "timer",
        ["lane", "due_at"],
        unique=False,
        sqlite_where=sa.text("state<2"),
        postgresql_where=sa.text("state<2"),
    )
