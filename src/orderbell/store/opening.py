"""Opens the database the settings name, and the key file that belongs to it."""

from __future__ import annotations

from sqlalchemy import Engine

from orderbell.base import keyfile
from orderbell.base.errors import Misconfigured
from orderbell.base.keyfile import Keys
from orderbell.base.secrets import Keyring
from orderbell.base.settings import Settings
from orderbell.store import disk, meta, migrate, postgres, sqlite
from orderbell.store.allocations import AllocationJournal, NoJournal
from orderbell.store.database import Store
from orderbell.store.postgres import PostgresStore
from orderbell.store.sqlite import SqliteStore


def open_store(settings: Settings, *, journal: NoJournal | None = None) -> Store:
    """The store of this process: PostgreSQL when an address is set, SQLite in the data directory otherwise.

    What it gives away is written to `journal` first; a tool that gives nothing away needs none.
    """
    if settings.database_url:
        return PostgresStore(settings.database_url, journal=journal)
    disk.refuse_network(settings.data_dir)
    return SqliteStore(settings.sqlite_path, journal=journal)


def open_journal(settings: Settings, keyring: Keyring) -> AllocationJournal:
    """The allocation journal of this process; nothing is opened before the first sale."""
    return AllocationJournal(settings.journal_path, journal_key(keyring))


def journal_key(keyring: Keyring) -> bytes:
    """The key of the journal's chain."""
    return keyring.derive("allocations")


def open_keyring(settings: Settings) -> Keyring:
    """The keyring of this process; a house that has no key yet gets one.

    Raises:
        Misconfigured: the file cannot be used, or it is missing though the database was made with a key.
    """
    find_keys(settings)
    return Keyring.of_file(settings.key_path)


def find_keys(settings: Settings) -> Keys | None:
    """The keys of this house, None before its first start; never makes a file.

    Raises:
        Misconfigured: as for `open_keyring`.
    """
    if settings.key_path.exists():
        return keyfile.read(settings.key_path)
    engine = _look(settings)
    if engine is None:
        return None
    try:
        with engine.connect() as tx:
            known = migrate.current(tx) is not None and meta.has_key(tx)
    finally:
        engine.dispose()
    if known:
        # A fresh key here would open nothing, and hide that the right one is gone.
        raise Misconfigured(
            f"This database was made with a key, but {settings.key_path} is not there; put it back.",
            code="key_file_missing",
        )
    return None


def _look(settings: Settings) -> Engine | None:
    if settings.database_url:
        return postgres.make_engine(settings.database_url, connections=1)
    return sqlite.make_engine(settings.sqlite_path, read_only=True) if settings.sqlite_path.exists() else None
