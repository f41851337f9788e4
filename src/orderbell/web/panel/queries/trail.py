"""The audit trail as the panel lists it: newest first, by actor, by kind of deed, by what was touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy import Row as SqlRow

from orderbell.store.schema import ApiKey, Audit, Staff

PAGE = 50
MOST_EXPORTED = 50_000


@dataclass(frozen=True, kw_only=True)
class TrailWish:
    """What a reader filters by; `q` is the start of the touched thing's id, `before` the place to go on from."""

    q: str = ""
    actor: str = ""
    action: str = ""
    before: str = ""
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TrailPage:
    """A page of the trail, the names of those who act in the shop, and where the next page begins."""

    rows: Sequence[SqlRow[Any]]
    older: str
    names: Mapping[str, str]


def find(tx: Connection, shop_id: str, wish: TrailWish) -> TrailPage:
    """The rows a wish asks for."""
    rows = tx.execute(_wanted(shop_id, wish).limit(PAGE + 1)).all()
    older = str(rows[PAGE - 1].seq) if len(rows) > PAGE else ""
    return TrailPage(rows=rows[:PAGE], older=older, names=names(tx, shop_id))


def everything(tx: Connection, shop_id: str, wish: TrailWish) -> Sequence[SqlRow[Any]]:
    """All rows a wish asks for, at most MOST_EXPORTED, for a table somebody takes along."""
    return tx.execute(_wanted(shop_id, wish).limit(MOST_EXPORTED)).all()


def names(tx: Connection, shop_id: str) -> dict[str, str]:
    """Everybody who acts in the shop, people and keys, those who left too."""
    people = tx.execute(select(Staff.id, Staff.name).where(Staff.shop_id == shop_id).order_by(Staff.id))
    keys = tx.execute(select(ApiKey.id, ApiKey.name).where(ApiKey.shop_id == shop_id).order_by(ApiKey.id))
    return {row.id: row.name for rows in (people, keys) for row in rows}


def _wanted(shop_id: str, wish: TrailWish) -> Select[Any]:
    query = select(Audit.__table__).where(Audit.shop_id == shop_id)
    if wish.q:
        query = query.where(Audit.object.startswith(wish.q, autoescape=True))
    if wish.actor:
        query = query.where(Audit.actor == wish.actor)
    if wish.action:
        query = query.where(Audit.action == wish.action)
    if wish.since:
        query = query.where(Audit.at >= wish.since)
    if wish.before.isascii() and wish.before.isdigit() and len(wish.before) < 16:
        query = query.where(Audit.seq < int(wish.before))
    return query.order_by(Audit.seq.desc())
