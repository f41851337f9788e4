"""The audit trail: who did what to which object, in the same transaction as the deed, as a chain per shop.

Each row's hash covers the row before it, so that an edit, a deletion or another order shows (promise H5). Whoever
may write the database can also write a whole new chain: that shows against the heads kept elsewhere (runtime.heads).
Written for deeds of people and programs only, never for each order: a shop's rows queue behind its head.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orderbell.base.ids import new_id
from orderbell.store.chain import START, link
from orderbell.store.schema import Audit, AuditHead

_PIECE = 1000


@dataclass(frozen=True)
class Head:
    """The end of a shop's chain as somebody saw it."""

    seq: int
    hash: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of reading a whole trail. `why`: "" sound, else gap, changed, cut (the end is gone) or not_the_seen."""

    rows: int
    why: str = ""
    at_seq: int = 0
    """The place where it first breaks; 0 when it is sound."""

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.why


def note(
    tx: Connection, shop_id: str, *, actor: str, action: str, object: str, now: datetime,
    detail: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Write one line. `actor` is a staff or key id, `buyer` or `system`; `detail` must hold no secret.

    A detail named `ip` goes to its own column.
    """
    rest = dict(detail or {})
    ip = rest.pop("ip", None)
    head = _hold_head(tx, shop_id)
    row = {
        "id": new_id("audit"), "shop_id": shop_id, "seq": head.seq + 1, "at": now, "actor": actor, "action": action,
        "object": object, "ip": ip, "detail": rest,
    }  # fmt: skip
    ends = {"seq": row["seq"], "hash": link(head.hash, row)}
    tx.execute(insert(Audit).values(**row, hash=ends["hash"]))
    tx.execute(update(AuditHead).where(AuditHead.shop_id == shop_id).values(**ends))


def head_of(tx: Connection, shop_id: str) -> Head:
    """Where a shop's chain ends now; seq 0 before its first row."""
    row = tx.execute(_head(shop_id)).one_or_none()
    return Head(row.seq, row.hash) if row else Head(0, START)


def heads(tx: Connection) -> dict[str, Head]:
    """Where every shop's chain ends now."""
    return {row.shop_id: Head(row.seq, row.hash) for row in tx.execute(select(AuditHead.__table__))}


def verify(tx: Connection, shop_id: str, seen: Iterable[Head] = ()) -> Verdict:
    """Read a shop's whole trail and say where it first breaks. `seen` are ends of it that were kept elsewhere."""
    wanted = {each.seq: each.hash for each in seen if each.seq}
    seq, before = 0, START
    for row in _trail(tx, shop_id):
        seq += 1
        before, why = _next(row, seq, before)
        if not why and wanted.get(seq, before) != before:
            why = "not_the_seen"
        if why:
            return Verdict(rows=seq, why=why, at_seq=seq)
    if max([head_of(tx, shop_id).seq, *wanted]) > seq:
        return Verdict(rows=seq, why="cut", at_seq=seq + 1)
    return Verdict(rows=seq)


def _next(row: Mapping[str, Any], seq: int, before: str) -> tuple[str, str]:
    """The hash of a row that should stand at `seq`, and what is wrong with it; "" when nothing is."""
    if row["seq"] != seq:
        return "", "gap"
    return row["hash"], "" if row["hash"] == link(before, row) else "changed"


def _trail(tx: Connection, shop_id: str) -> Iterator[Mapping[str, Any]]:
    after = 0
    query = select(Audit.__table__).where(Audit.shop_id == shop_id).order_by(Audit.seq).limit(_PIECE)
    while piece := tx.execute(query.where(Audit.seq > after)).mappings().all():
        yield from (dict(row) for row in piece)
        after = piece[-1]["seq"]


def _head(shop_id: str) -> Any:
    return select(AuditHead.seq, AuditHead.hash).where(AuditHead.shop_id == shop_id)


def _hold_head(tx: Connection, shop_id: str) -> Head:
    """The end of the chain, kept from every other writer until this transaction ends."""
    row = tx.execute(_head(shop_id).with_for_update()).one_or_none()
    if row is None:
        dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
        first = dialect.insert(AuditHead).values(shop_id=shop_id, seq=0, hash=START)
        tx.execute(first.on_conflict_do_nothing(index_elements=["shop_id"]))
        row = tx.execute(_head(shop_id).with_for_update()).one()
    return Head(row.seq, row.hash)
