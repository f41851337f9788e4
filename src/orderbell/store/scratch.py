"""A PostgreSQL database of its own beside the shop's, for rehearsals; it is gone afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from orderbell.base.errors import Misconfigured
from orderbell.store import postgres


@contextmanager
def database(url: str) -> Iterator[tuple[str, Engine]]:
    """An empty database on the same server: its URL, and an engine on it.

    Raises:
        Misconfigured: `no_database` address is set.
    """
    if not url:
        raise Misconfigured("Set ORDERBELL_DATABASE_URL to a PostgreSQL server to rehearse on.", code="no_database")
    name = f"orderbell_drill_{secrets.token_hex(4)}"
    fresh = make_url(url).set(database=name).render_as_string(hide_password=False)
    _outside(url, f"CREATE DATABASE {name}")
    try:
        engine = postgres.make_engine(fresh, connections=1)
        try:
            yield fresh, engine
        finally:
            engine.dispose()
    finally:
        _outside(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _outside(url: str, statement: str) -> None:
    # A database is made and dropped outside of any transaction.
    engine = postgres.make_engine(url, connections=1)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as tx:
            tx.exec_driver_sql(statement)
    finally:
        engine.dispose()
