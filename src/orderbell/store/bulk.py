"""Many rows in one statement: one call into the database for dozens of rows, with plain values.

Each call hands the interpreter's lock to another thread and back; row by row, that cost more than the rows. The SQL
is made once per shape; our own column kinds convert their values themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, Table
from sqlalchemy.exc import DBAPIError

from orderbell.base import mutant
from orderbell.store.database import Tx
from orderbell.store.tables.base import Json, Moment

Row = dict[str, Any]
Names = tuple[str, ...]
# Few shapes, so that the database knows their plans; the largest has 64 × 31 values of SQLite's 32,766.
SIZES = (64, 16, 4, 1)
_Convert = Callable[[Any], Any]
_Picker = tuple[Callable[[Row], Sequence[Any]], int, tuple[tuple[int, _Convert], ...]]


def insert(tx: Tx, table: Any, rows: Sequence[Row], *, once: Names = (), renew: Names = ()) -> int:
    """Insert rows that all have the same columns; how many were new or renewed.

    `once` names a unique key whose known rows are passed over, but for the columns `renew`, which they get anew.
    """
    if not rows:
        return 0
    names = tuple(rows[0])
    shape = (names, once, renew)
    return sum(
        _run(tx, _insert_sql(tx.dialect, table.__table__, shape, len(part)), part, _picker(table.__table__, names))
        for part in _parts(rows)
    )


def settle(tx: Tx, table: Any, rows: Sequence[Row], names: Names) -> int:
    """Set the columns `names` of rows found by `b_id` that are still leased under `b_gen`; how many there were."""
    keys = ("id", "lease_gen") if not mutant.without("lease_gen") else ("id",)
    return change(tx, table, rows, names, keys=keys, only="t.state = 1")


def change(tx: Tx, table: Any, rows: Sequence[Row], names: Names, *, keys: Names = ("id",), only: str = "") -> int:
    """Set the columns `names` of rows found by `keys`, for which each row has `b_<key>`; how many there were.

    `only` is a condition on the table, called `t`, that all of them must meet; never made of what came from outside.
    """
    shape = (keys + names, len(keys), only)
    picker = _picker(table.__table__, tuple(f"b_{'gen' if key == 'lease_gen' else key}" for key in keys) + names)
    return sum(
        _run(tx, _change_sql(tx.dialect, table.__table__, shape, len(part)), part, picker) for part in _parts(rows)
    )


def lease(tx: Tx, table: Any, rows: Sequence[Row]) -> None:
    """Lease rows found by `b_id` until `b_until`, all to the same moment: one generation and one try more."""
    for part in _parts(rows):
        _run(
            tx, _lease_sql(tx.dialect, table.__table__, len(part)), part, _picker(table.__table__, ("b_id", "b_until"))
        )


_COLUMN = {"b_gen": "lease_gen", "b_until": "due_at"}


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    at = 0
    for size in SIZES:
        while len(rows) - at >= size:
            yield rows[at : at + size]
            at += size


def _run(tx: Tx, sql: str, rows: Sequence[Row], picker: _Picker) -> int:
    pick, width, conversions = picker
    values = [value for row in rows for value in pick(row)]
    for at, convert in conversions:
        values[at::width] = map(convert, values[at::width])
    return _execute(tx, sql, tuple(values))


def _execute(tx: Tx, sql: str, values: tuple[Any, ...]) -> int:
    if not tx.dialect.positional:
        return tx.exec_driver_sql(sql, values).rowcount
    # Straight to SQLite: SQLAlchemy's bookkeeping would cost as much as a small statement itself.
    cursor = tx.connection.cursor()
    driver: Any = tx.dialect.loaded_dbapi
    try:
        cursor.execute(sql, values)
        return int(cursor.rowcount)
    except driver.Error as error:
        raise DBAPIError.instance(sql, None, error, driver.Error, hide_parameters=True, dialect=tx.dialect) from error
    finally:
        cursor.close()


@lru_cache(maxsize=256)
def _picker(table: Table, names: Names) -> _Picker:
    """What takes a row's values in this order, how many they are, and which of them are converted, how."""
    columns = [table.c[_COLUMN.get(name, name.removeprefix("b_"))] for name in names]
    conversions = [
        (at, column.type.to_store) for at, column in enumerate(columns) if isinstance(column.type, Moment | Json)
    ]
    pick = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
    return pick, len(names), tuple(conversions)


@lru_cache(maxsize=512)
def _insert_sql(dialect: Dialect, table: Table, shape: tuple[Names, Names, Names], size: int) -> str:
    names, once, renew = shape
    row = f"({', '.join([_mark(dialect)] * len(names))})"
    sql = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES {', '.join([row] * size)}"
    if not once:
        return sql
    then = f"UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in renew)}" if renew else "NOTHING"
    return f"{sql} ON CONFLICT ({', '.join(once)}) DO {then}"


@lru_cache(maxsize=256)
def _change_sql(dialect: Dialect, table: Table, shape: tuple[Names, int, str], size: int) -> str:
    names, keys, only = shape
    # The values come as text where all are empty: PostgreSQL wants to be told what they are.
    row = f"({', '.join(_typed(dialect, table, name) for name in names)})"
    # A column may be both a key and set: then it comes twice.
    pairs = [f"{name} = v.column{n}" for n, name in enumerate(names, 1)]
    sets = ", ".join(pairs[keys:])
    found = [f"t.{pair}" for pair in pairs[:keys]] + ([only] if only else [])
    return (
        f"UPDATE {table.name} AS t SET {sets} FROM (VALUES {', '.join([row] * size)}) AS v WHERE {' AND '.join(found)}"
    )


@lru_cache(maxsize=32)
def _lease_sql(dialect: Dialect, table: Table, size: int) -> str:
    row = f"({_typed(dialect, table, 'id')}, {_typed(dialect, table, 'due_at')})"
    return (
        f"UPDATE {table.name} AS t SET state = 1, lease_gen = t.lease_gen + 1, tries = t.tries + 1, due_at = v.column2"
        f" FROM (VALUES {', '.join([row] * size)}) AS v WHERE t.id = v.column1"
    )


def _typed(dialect: Dialect, table: Table, name: str) -> str:
    return "?" if dialect.positional else f"CAST(%s AS {table.c[name].type.compile(dialect)})"


def _mark(dialect: Dialect) -> str:
    return "?" if dialect.positional else "%s"
