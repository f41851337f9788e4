"""Migrations: the tables they make are those the code speaks of, however often and from however many sides they run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from orderbell.base.settings import Settings
from orderbell.domain import audit
from orderbell.domain.audit import Verdict
from orderbell.store import migrate as migrating
from orderbell.store.database import Store, Tx
from orderbell.store.migrate import migrate
from orderbell.store.schema import METADATA


def differences(tx: Tx) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(tx), METADATA))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings for a database without a table."""
    settings = Settings(data_dir=tmp_path)
    if request.param == "sqlite":
        return settings
    url = request.getfixturevalue("postgres_url")
    name = f"empty_{abs(hash(tmp_path))}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    head, _, query = url.partition("?")
    return replace(settings, database_url=f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else ""))


def test_a_trail_from_before_the_chain_takes_its_place_in_it(empty: Settings) -> None:
    with migrating._engine(empty).begin() as tx:
        command.upgrade(migrating.make_config(tx), "0005")
        row = {"at": 1, "actor": "cli", "action": "x", "object": "y", "ip": None, "detail": '{"n": 1}'}
        for n in range(6):
            values = row | {"id": f"aud_{n}", "shop_id": f"shp_{n % 2}"}
            tx.execute(text(f"INSERT INTO audit ({', '.join(values)}) VALUES (:{', :'.join(values)})"), values)
    migrate(empty)
    with migrating._engine(empty).begin() as tx:
        assert [audit.verify(tx, shop) for shop in ("shp_0", "shp_1")] == [Verdict(rows=3)] * 2
        audit.note(tx, "shp_0", actor="cli", action="x", object="y", now=datetime(2026, 11, 22, tzinfo=UTC))
        assert audit.verify(tx, "shp_0") == Verdict(rows=4)


async def test_the_tables_are_those_the_code_speaks_of(store: Store) -> None:
    assert await store.read(differences) == []


async def test_a_migrated_database_stands_at_the_head(store: Store) -> None:
    assert await store.read(migrating.current) == migrating.head() is not None


def test_migrating_again_changes_nothing(empty: Settings) -> None:
    migrate(empty)
    migrate(empty)
    with migrating._engine(empty).connect() as connection:
        assert migrating.current(connection) == migrating.head()


def test_processes_that_start_together_migrate_once(empty: Settings) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, [empty] * 4))
    with migrating._engine(empty).connect() as connection:
        assert migrating.current(connection) == migrating.head()


def test_a_migration_that_dies_half_way_leaves_nothing_behind(empty: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("alembic.migration.HeadMaintainer.update_to_step", die)
        migrate(empty)
    with migrating._engine(empty).connect() as connection:
        tables = {"sqlite": "sqlite_master WHERE type='table'", "postgresql": "pg_tables WHERE schemaname='public'"}
        left = connection.execute(text(f"SELECT count(*) FROM {tables[connection.dialect.name]}")).scalar()
    assert left == 0
    migrate(empty)
