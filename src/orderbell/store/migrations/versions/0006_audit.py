"""The audit trail's chain: every row that is there takes its place in it, in the order of its id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from orderbell.store.chain import START, link
from orderbell.store.tables.base import Json, Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_AUDIT = sa.table(
    "audit", sa.column("id"), sa.column("shop_id"), sa.column("seq"), sa.column("at", Moment()), sa.column("actor"),
    sa.column("action"), sa.column("object"), sa.column("ip"), sa.column("detail", Json()), sa.column("hash"),
)  # fmt: skip
_HEAD = sa.table("audit_head", sa.column("shop_id"), sa.column("seq"), sa.column("hash"))


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "audit_head",
        sa.Column("shop_id", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", name="pk_audit_head"),
    )
    with op.batch_alter_table("audit") as audit:
        audit.add_column(sa.Column("seq", sa.BigInteger(), nullable=True))
        audit.add_column(sa.Column("hash", sa.String(), nullable=True))
    _chain(op.get_bind())
    with op.batch_alter_table("audit") as audit:
        audit.alter_column("seq", existing_type=sa.BigInteger(), nullable=False)
        audit.alter_column("hash", existing_type=sa.String(), nullable=False)
        audit.create_unique_constraint("uq_audit_shop_id_seq", ["shop_id", "seq"])


def downgrade() -> None:
    """Backwards."""
    with op.batch_alter_table("audit") as audit:
        audit.drop_constraint("uq_audit_shop_id_seq", type_="unique")
        audit.drop_column("hash")
        audit.drop_column("seq")
    op.drop_table("audit_head")


def _chain(tx: sa.Connection) -> None:
    heads: dict[str, tuple[int, str]] = {}
    for known in _rows(tx):
        seq, before = heads.get(known["shop_id"], (0, START))
        row = {**known, "seq": seq + 1}
        heads[row["shop_id"]] = row["seq"], link(before, row)
        placed = {"seq": row["seq"], "hash": heads[row["shop_id"]][1]}
        tx.execute(sa.update(_AUDIT).where(_AUDIT.c.id == row["id"]).values(**placed))
    if heads:
        tx.execute(sa.insert(_HEAD), [{"shop_id": shop, "seq": s, "hash": h} for shop, (s, h) in heads.items()])


def _rows(tx: sa.Connection) -> Iterator[dict[str, Any]]:
    after = ""
    while piece := tx.execute(sa.select(_AUDIT).where(_AUDIT.c.id > after).order_by(_AUDIT.c.id).limit(1000)).all():
        yield from (dict(row._mapping) for row in piece)
        after = piece[-1].id
