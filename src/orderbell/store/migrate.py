"""Brings a database to this release's shape; safe to run again, and after being killed half-way."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from orderbell.base.settings import Settings
from orderbell.store import postgres, sqlite

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x0B0BE11


def make_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, made here instead of read from a file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def migrate(settings: Settings) -> None:
    """Run every step this database has not seen yet."""
    engine = _engine(settings)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                # Two processes that start together must not both make the tables.
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            if current(connection) != head():
                command.upgrade(make_config(connection), "head")
                connection.commit()
    finally:
        engine.dispose()


def lock_for_founding(tx: Connection) -> None:
    """Let one process at a time look whether there is a shop and make it; the lock ends with the transaction."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def current(connection: Connection) -> str | None:
    """The step a database stands at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The newest step of this release."""
    return ScriptDirectory.from_config(make_config()).get_current_head()


def _engine(settings: Settings) -> Engine:
    if settings.database_url:
        return postgres.make_engine(settings.database_url, connections=1)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return sqlite.make_engine(settings.sqlite_path)
