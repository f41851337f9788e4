"""Opens the database the settings name: the only place that chooses between the two."""

from __future__ import annotations

from orderbell.base.settings import Settings
from orderbell.store.database import Store
from orderbell.store.postgres import PostgresStore
from orderbell.store.sqlite import SqliteStore


def open_store(settings: Settings) -> Store:
    """The store of this process: PostgreSQL when an address is set, SQLite in the data directory otherwise."""
    if settings.database_url:
        return PostgresStore(settings.database_url)
    return SqliteStore(settings.sqlite_path)
