"""Rules, wording, brand, providers, messages and their attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make these tables."""
    _attempt()
    _brand_version()
    _message()
    _message_indexes()
    _provider()
    _rule()
    _template()
    _template_version()


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=("pk_attempt")),
        sa.UniqueConstraint("message_id", "n", name=("uq_attempt_message_id_n")),
    )


def _brand_version() -> None:
    op.create_table(
        "brand_version",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_brand_version")),
        sa.UniqueConstraint("shop_id", "n", name=("uq_brand_version_shop_id_n")),
    )


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("natural_key", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("rule_id", sa.String(), nullable=True),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("template_version", sa.String(), nullable=True),
        sa.Column("brand_version", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("resend_of", sa.String(), nullable=True),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_gen", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_message")),
        sa.UniqueConstraint("shop_id", "natural_key", name=("uq_message_shop_id_natural_key")),
    )


def _message_indexes() -> None:
    op.create_index("ix_message_channel", "message", ["shop_id", "channel", "id"], unique=False)
    op.create_index("ix_message_event", "message", ["event_id"], unique=False)
    op.create_index("ix_message_order", "message", ["shop_id", "order_id", "id"], unique=False)
    op.create_index("ix_message_recent", "message", ["shop_id", "id"], unique=False)
    op.create_index("ix_message_status", "message", ["shop_id", "status", "id"], unique=False)
    op.create_index(
        "ix_message_stuck",
        "message",
        ["shop_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 3"),
        postgresql_where=sa.text("state = 3"),
    )
    op.create_index(
        "ix_message_suspect",
        "message",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 1 AND tries >= 2"),
        postgresql_where=sa.text("state = 1 AND tries >= 2"),
    )
    op.create_index(
        "ix_message_work",
        "message",
        ["lane", "due_at"],
        unique=False,
        sqlite_where=sa.text("state<2"),
        postgresql_where=sa.text("state<2"),
    )


def _provider() -> None:
    op.create_table(
        "provider",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("values_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("disabled_reason", sa.String(), nullable=True),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=("pk_provider")),
    )
    op.create_index("ix_provider_kind", "provider", ["shop_id", "kind"], unique=False)


def _rule() -> None:
    op.create_table(
        "rule",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("preset", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_rule")),
        sa.UniqueConstraint("shop_id", "preset", name=("uq_rule_shop_id_preset")),
    )
    op.create_index("ix_rule_trigger", "rule", ["shop_id", "trigger"], unique=False)


def _template() -> None:
    op.create_table(
        "template",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("current", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=("pk_template")),
        sa.UniqueConstraint(
            "shop_id",
            "event_type",
            "audience",
            "channel",
            "locale",
            name=("uq_template_shop_id_event_type_audience_channel_locale"),
        ),
    )


def _template_version() -> None:
    op.create_table(
        "template_version",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("template_id", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_template_version")),
        sa.UniqueConstraint("template_id", "n", name=("uq_template_version_template_id_n")),
    )
