"""One way to take work: claim due rows for a while, and let go of them only if they are still ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, update
from sqlalchemy import Row as SqlRow

from orderbell.store import bulk
from orderbell.store.database import Tx
from orderbell.store.schema import EventRow, Message, State, Timer
from orderbell.store.tables.base import SUSPECT

Work = type[EventRow] | type[Message] | type[Timer]
LANES = (0, 1, 2)
CLOCKS_APART = timedelta(seconds=1)
# Spelled out, not bound: a planner uses a partial index only when it can read the condition (SQLite manual,
# "Partial Indexes", read 2026-11-22); bound, the claim would scan every message ever sent.
_WAITS = "state < 2"
_ALL_LANES = "lane IN (0, 1, 2)"
_FAST_LANES = "lane IN (0, 1)"
FRONT = 1000
_SUSPECT = SUSPECT.text
_CALM = f"NOT ({_SUSPECT})"


def claim(
    tx: Tx, work: Work, *, most: int, now: datetime, lease_s: int, only: ColumnElement[bool] | None = None
) -> list[SqlRow[Any]]:
    """Take up to `most` due rows until `now + lease_s`; each as it was *before* the claim.

    A row whose `state` reads LEASED was left behind by a worker that died: its last try is in doubt. The row's
    new `lease_gen` is the old one + 1, its new `tries` likewise. A share is kept for the slower lanes, so that
    a flood of urgent work does not starve them and a million slow rows cannot delay an urgent one. `only` narrows
    the choice further.
    """
    lanes = _ALL_LANES if only is None else _FAST_LANES
    rows = list(tx.execute(_narrowed(_due(work, _WAITS, _CALM, lanes, now=now, most=most), only)))
    if only is not None and len(rows) < most:
        rows += tx.execute(_from_the_front(work, only, now=now, most=most - len(rows)))
    if len(rows) == most and rows[-1].lane < LANES[-1]:
        rows = _leave_room(tx, work, rows, now=now, only=only)
    _take(tx, work, rows, now=now, lease_s=lease_s)
    return rows


def _leave_room(
    tx: Tx, work: Work, first: list[SqlRow[Any]], *, now: datetime, only: ColumnElement[bool] | None
) -> list[SqlRow[Any]]:
    """More is due than fits: a fifth of the room is for the lanes behind, where anything waits there."""
    most = len(first)
    rows = first[: most * 4 // 5]
    for lane in LANES[LANES.index(first[-1].lane) + 1 :]:
        left = most - len(rows)
        share = left if lane == LANES[-1] else max(1, left * 4 // 5)
        if lane == LANES[-1] and only is not None:
            rows += tx.execute(_from_the_front(work, only, now=now, most=share))
            continue
        query = _due(work, _WAITS, _CALM, now=now, most=share).where(work.lane == lane)
        rows += tx.execute(_narrowed(query, only))
    spare = first[most * 4 // 5 :]
    return rows + spare[: most - len(rows)]


def _from_the_front(work: Work, only: ColumnElement[bool], *, now: datetime, most: int) -> Select[Any]:
    """The rows of the slowest lane that fit, among the first few that are due.

    A million rows for a provider that is busy would all be looked at in every claim, and hold up the urgent lanes.
    """
    front = (
        select(work.id)
        .where(text(_WAITS), text(_CALM), work.lane == LANES[-1], work.due_at <= now)
        .order_by(work.due_at)
        .limit(FRONT)
    )
    return (
        select(work.__table__)
        .where(work.id.in_(front), only)
        .order_by(work.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )


def claim_suspect(tx: Tx, work: Work, *, now: datetime, lease_s: int) -> list[SqlRow[Any]]:
    """Take one row whose worker died twice already; `claim` leaves these alone.

    The row may be what kills workers: handled one at a time, it harms none of those that were claimed beside it.
    """
    rows = list(tx.execute(_due(work, _SUSPECT, now=now, most=1)))
    _take(tx, work, rows, now=now, lease_s=lease_s)
    return rows


def claim_named(
    tx: Tx, work: Work, ids: Sequence[str], *, now: datetime, lease_s: int, only: ColumnElement[bool] | None = None
) -> list[SqlRow[Any]]:
    """Take those of these rows that are due and nobody holds; otherwise as `claim`, suspects are left alone.

    A row that waits is believed a moment before our clock agrees: whoever named it has a clock of its own.
    """
    if not ids:
        return []
    due = or_(work.due_at <= now, and_(work.state == int(State.READY), work.due_at <= now + CLOCKS_APART))
    query = (
        select(work.__table__)
        .where(text(_WAITS), text(_CALM), work.id.in_(ids), due)
        .order_by(work.lane, work.due_at)
        .with_for_update(skip_locked=True)
    )
    rows = list(tx.execute(_narrowed(query, only)))
    _take(tx, work, rows, now=now, lease_s=lease_s)
    return rows


def _due(work: Work, *conditions: str, now: datetime, most: int) -> Select[Any]:
    return (
        select(work.__table__)
        .where(*map(text, conditions), work.due_at <= now)
        .order_by(work.lane, work.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )


def _narrowed(query: Select[Any], only: ColumnElement[bool] | None) -> Select[Any]:
    return query if only is None else query.where(only)


def _take(tx: Tx, work: Work, rows: Sequence[SqlRow[Any]], *, now: datetime, lease_s: int) -> None:
    until = now + timedelta(seconds=lease_s)
    bulk.lease(tx, work, [{"b_id": row.id, "b_until": until} for row in rows])


class Place(NamedTuple):
    """A place in a lane: the last row that was seen."""

    due_at: datetime
    id: str


def waiting(
    tx: Tx, work: type[EventRow | Message], *, lane: int, until: datetime, after: Place | None, most: int
) -> list[SqlRow[Any]]:
    """Rows of a lane that have been due since `until` and that nobody holds, the oldest first, behind a place.

    Each with id, lane, due_at, lease_gen and whose `share` of an engine it fills. Takes no lock.
    """
    share = Message.provider_id if work is Message else work.shop_id
    query = (
        select(work.id, work.lane, work.due_at, work.lease_gen, func.coalesce(share, work.shop_id).label("share"))
        .where(text(_WAITS), text(_CALM), work.lane == lane, work.due_at <= until)
        .order_by(work.due_at, work.id)
        .limit(most)
    )
    if after is not None:
        behind = or_(work.due_at > after.due_at, work.id > after.id)
        query = query.where(work.due_at >= after.due_at, behind)
    return list(tx.execute(query))


def next_due(tx: Tx, work: Work) -> datetime | None:
    """When the earliest waiting row is due, over all lanes; None when nothing waits."""
    first = [select(func.min(work.due_at)).where(text(_WAITS), work.lane == lane).scalar_subquery() for lane in LANES]
    return min((at for at in tx.execute(select(*first)).one() if at is not None), default=None)


def renew(tx: Tx, work: Work, held: Sequence[tuple[str, int]], *, until: datetime) -> int:
    """Keep rows (id, lease generation) until a later moment; how many were still ours."""
    return bulk.settle(tx, work, [{"b_id": id_, "b_gen": gen, "due_at": until} for id_, gen in held], ("due_at",))


def release_all(tx: Tx, *, now: datetime) -> None:
    """Let go of every lease: for the start of the only process there is, when all holders are dead.

    A row that was left behind more than once keeps its lease to the end: a house that falls again and again in a
    few seconds would use up the chances of rows that only happened to be there.
    """
    for work in (EventRow, Message, Timer):
        tx.execute(update(work).where(text(_WAITS), text("state = 1 AND tries < 2")).values(due_at=now))


def settle(tx: Tx, work: Work, rows: Sequence[dict[str, Any]], names: Sequence[str]) -> int:
    """Write the results of claimed rows in one go; a row taken by another meanwhile is left alone.

    Each dict holds `b_id`, `b_gen` (the lease generation it was claimed under) and the columns in `names`.
    Returns how many were still ours.
    """
    return bulk.settle(tx, work, rows, tuple(names))
