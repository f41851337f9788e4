"""The queries somebody keeps for themselves, a few for each list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from orderbell.base.errors import BadInput, Conflict, NotFound
from orderbell.base.ids import new_id
from orderbell.domain.staff import StaffSeat
from orderbell.store.schema import SavedFilter

PAGES = ("messages", "orders", "customers")
MOST = 12
NAME_MOST, QUERY_MOST = 40, 300


def keep(tx: Connection, seat: StaffSeat, page: str, *, name: str, query: str, now: datetime) -> str:
    """Keep a query under a name; one that is kept already gets the new name. Returns its id.

    Raises:
        BadInput: `bad_filter`, without a name or a query.
        Conflict: `too_many_filters`.
    """
    name, query = " ".join(name.split())[:NAME_MOST], query.strip()[:QUERY_MOST]
    if not name or not query:
        raise BadInput("Give the filter a name.", code="bad_filter", field="name")
    mine = _mine(seat, page)
    tx.execute(delete(SavedFilter).where(*mine, SavedFilter.query == query))
    if tx.execute(select(func.count()).select_from(SavedFilter).where(*mine)).scalar_one() >= MOST:
        raise Conflict(f"At most {MOST} filters are kept for a list.", code="too_many_filters", most=MOST)
    id_ = new_id("filter")
    row = {"id": id_, "shop_id": seat.shop_id, "staff_id": seat.staff_id, "page": page, "name": name, "query": query}
    tx.execute(insert(SavedFilter).values(**row, created_at=now))
    return id_


def drop(tx: Connection, seat: StaffSeat, page: str, filter_id: str) -> Row[Any]:
    """Forget a query; returns what was forgotten.

    Raises:
        NotFound: this person keeps no such filter.
    """
    this = (*_mine(seat, page), SavedFilter.id == filter_id)
    row = tx.execute(select(SavedFilter.__table__).where(*this)).one_or_none()
    if row is None:
        raise NotFound("There is no such filter.")
    tx.execute(delete(SavedFilter).where(*this))
    return row


def kept(tx: Connection, seat: StaffSeat, page: str) -> Sequence[Row[Any]]:
    """What somebody keeps for a list, the oldest first."""
    return tx.execute(select(SavedFilter.__table__).where(*_mine(seat, page)).order_by(SavedFilter.id)).all()


def _mine(seat: StaffSeat, page: str) -> tuple[Any, ...]:
    return (SavedFilter.shop_id == seat.shop_id, SavedFilter.staff_id == seat.staff_id, SavedFilter.page == page)
