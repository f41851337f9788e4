"""Products and the card vault, with the guard on sold cards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


GUARD_SQLITE = """
CREATE TRIGGER card_stays_sold BEFORE UPDATE ON card
WHEN (OLD.state = 'sold' AND NEW.state IN ('free', 'reserved'))
  OR (OLD.slot_id IS NOT NULL AND NEW.slot_id IS NOT OLD.slot_id)
BEGIN SELECT RAISE(ABORT, 'a sold card stays sold'); END
"""
GUARD_POSTGRES = """
CREATE FUNCTION card_stays_sold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.state = 'sold' AND NEW.state IN ('free', 'reserved'))
     OR (OLD.slot_id IS NOT NULL AND NEW.slot_id IS DISTINCT FROM OLD.slot_id) THEN
    RAISE EXCEPTION 'a sold card stays sold';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER card_stays_sold BEFORE UPDATE ON card FOR EACH ROW EXECUTE FUNCTION card_stays_sold()
"""


def upgrade() -> None:
    """Make these tables."""
    _card()
    _card_import()
    _product()
    _reusable_card()
    _reveal()
    _slot()
    op.execute(GUARD_SQLITE if op.get_bind().dialect.name == "sqlite" else GUARD_POSTGRES)


def _card() -> None:
    op.create_table(
        "card",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.String(), nullable=True),
        sa.Column("slot_id", sa.String(), nullable=True),
        sa.Column("reserved_for", sa.String(), nullable=True),
        sa.Column("reserved_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sold_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint(
            "shop_id", "product_id", "fingerprint", name=op.f("uq_card_shop_id_product_id_fingerprint")
        ),
        sa.UniqueConstraint("slot_id", name=op.f("uq_card_slot_id")),
    )
    op.create_index(
        "ix_card_free",
        "card",
        ["product_id", "id"],
        unique=False,
        sqlite_where=sa.text("state='free'"),
        postgresql_where=sa.text("state='free'"),
    )
    op.create_index("ix_card_product", "card", ["shop_id", "product_id", "id"], unique=False)
    op.create_index(
        "ix_card_reserved",
        "card",
        ["reserved_for"],
        unique=False,
        sqlite_where=sa.text("state='reserved'"),
        postgresql_where=sa.text("state='reserved'"),
    )


def _card_import() -> None:
    op.create_table(
        "card_import",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_import")),
    )
    op.create_index("ix_import_product", "card_import", ["shop_id", "product_id", "id"], unique=False)


def _product() -> None:
    op.create_table(
        "product",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("free", sa.Integer(), nullable=False),
        sa.Column("sold", sa.Integer(), nullable=False),
        sa.Column("low_at", sa.Integer(), nullable=False),
        sa.Column("warned", sa.Integer(), nullable=False),
        sa.Column("reserve_on_order", sa.Integer(), nullable=False),
        sa.Column("instructions", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("shop_id", "sku", name=op.f("uq_product_shop_id_sku")),
    )


def _reusable_card() -> None:
    op.create_table(
        "reusable_card",
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_reusable_card")),
    )


def _reveal() -> None:
    op.create_table(
        "reveal",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("slot_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("agent", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reveal")),
    )
    op.create_index("ix_reveal_order", "reveal", ["shop_id", "order_id", "id"], unique=False)


def _slot() -> None:
    op.create_table(
        "slot",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("line_n", sa.Integer(), nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("gen", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("card_id", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot")),
        sa.UniqueConstraint("card_id", name=op.f("uq_slot_card_id")),
        sa.UniqueConstraint("order_id", "line_n", "piece", "gen", name=op.f("uq_slot_order_id_line_n_piece_gen")),
    )
