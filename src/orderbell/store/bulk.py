"""Many rows in one statement, without SQLAlchemy's per-row work: the SQL is compiled once and run with plain tuples.

On the hot path building the parameters cost more than the database itself; the types' own conversions stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Table, bindparam, literal_column, update
from sqlalchemy.dialects import postgresql, sqlite

from orderbell.store.database import Tx

Row = dict[str, Any]
Names = tuple[str, ...]
_Convert = Callable[[Any], Any] | None


def insert(tx: Tx, table: Any, rows: Sequence[Row], *, once: Names = ()) -> None:
    """Insert rows that all have the same columns; `once` names a unique key whose known rows are passed over."""
    if rows:
        names = tuple(rows[0])
        _run(tx, _insert_sql(tx.dialect, table.__table__, names, once), rows)


def settle(tx: Tx, table: Any, rows: Sequence[Row], names: Names) -> int:
    """Set the columns `names` of rows found by `b_id` whose `lease_gen` is still `b_gen`; how many there were."""
    return _run(tx, _settle_sql(tx.dialect, table.__table__, names), rows) if rows else 0


def lease(tx: Tx, table: Any, rows: Sequence[Row]) -> None:
    """Lease rows found by `b_id` until `b_until`: one generation and one try more."""
    if rows:
        _run(tx, _lease_sql(tx.dialect, table.__table__), rows)


def _run(tx: Tx, plan: tuple[str, tuple[tuple[str, _Convert], ...], bool], rows: Sequence[Row]) -> int:
    sql, places, positional = plan
    values = [[convert(row[name]) if convert else row[name] for name, convert in places] for row in rows]
    if positional:
        return tx.exec_driver_sql(sql, [tuple(each) for each in values]).rowcount
    names = [name for name, _ in places]
    return tx.exec_driver_sql(sql, [dict(zip(names, each, strict=True)) for each in values]).rowcount


@lru_cache(maxsize=256)
def _insert_sql(dialect: Dialect, table: Table, names: Names, once: Names) -> Any:
    make = (sqlite if dialect.name == "sqlite" else postgresql).insert
    statement = make(table).values({name: bindparam(name, type_=table.c[name].type) for name in names})
    return _plan(dialect, statement.on_conflict_do_nothing(index_elements=list(once)) if once else statement)


@lru_cache(maxsize=64)
def _settle_sql(dialect: Dialect, table: Table, names: Names) -> Any:
    statement = (
        update(table)
        .where(table.c.id == bindparam("b_id"), table.c.lease_gen == bindparam("b_gen"))
        .values({name: bindparam(name, type_=table.c[name].type) for name in names})
    )
    return _plan(dialect, statement)


@lru_cache(maxsize=16)
def _lease_sql(dialect: Dialect, table: Table) -> Any:
    statement = (
        update(table)
        .where(table.c.id == bindparam("b_id"))
        .values(
            state=literal_column("1"),
            lease_gen=table.c.lease_gen + literal_column("1"),
            tries=table.c.tries + literal_column("1"),
            due_at=bindparam("b_until", type_=table.c.due_at.type),
        )
    )
    return _plan(dialect, statement)


def _plan(dialect: Dialect, statement: Any) -> tuple[str, tuple[tuple[str, _Convert], ...], bool]:
    compiled = statement.compile(dialect=dialect)
    order = compiled.positiontup if compiled.positional else list(compiled.binds)
    places = tuple((name, _conversion(compiled.binds[name], dialect)) for name in order)
    return str(compiled), places, bool(compiled.positional)


def _conversion(bound: Any, dialect: Dialect) -> _Convert:
    found: _Convert = bound.type.dialect_impl(dialect).bind_processor(dialect)
    return found
