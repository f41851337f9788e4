"""Lists in pieces: newest first, the cursor is the id of the last row seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from litestar.params import QueryParameter
from sqlalchemy import Connection, Select
from sqlalchemy import Row as SqlRow

from orderbell.base.errors import BadInput
from orderbell.base.ids import is_id

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 200
Cursor = Annotated[str | None, QueryParameter(name="cursor", description="`next` of the page before.")]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=LARGEST_LIMIT, description="How many, at most 200.")]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in a list somebody stands; `kind` is the kind of id the cursor must have."""

    cursor: str | None
    limit: int
    kind: str


def read_page(
    tx: Connection, query: Select[Any], id_column: Any, place: Place
) -> tuple[Sequence[SqlRow[Any]], str | None]:
    """The rows after the cursor and the next cursor, None at the end. The query brings its own shop filter.

    Raises:
        BadInput: `bad_cursor`.
    """
    if place.cursor is not None:
        if not is_id(place.cursor, place.kind):
            raise BadInput("This cursor is none of ours.", code="bad_cursor", field="cursor")
        query = query.where(id_column < place.cursor)
    rows = tx.execute(query.order_by(id_column.desc()).limit(place.limit + 1)).all()
    more = len(rows) > place.limit
    rows = rows[: place.limit]
    return rows, str(rows[-1].id) if more else None
