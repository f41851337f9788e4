"""What only the embedded database promises: one writer, durable settings, and a full disk that harms nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pysqlite3 import dbapi2
from sqlalchemy import func, insert, select, text

from orderbell.base.errors import Misconfigured, NotReady, OrderBellError
from orderbell.store.database import Tx
from orderbell.store.schema import Meta
from orderbell.store.sqlite import SqliteStore


@pytest.fixture
async def small(tmp_path: Path, sqlite_shape: bytes) -> AsyncIterator[SqliteStore]:
    """A store on a disk with hardly any room left."""
    (tmp_path / "small.db").write_bytes(sqlite_shape)
    store = SqliteStore(tmp_path / "small.db")
    await store.write(lambda tx: tx.execute(text(f"PRAGMA max_page_count={pages(tx) + 8}")))
    yield store
    await store.close()


def pages(tx: Tx) -> int:
    return int(tx.execute(text("PRAGMA page_count")).scalar_one())


def fill(tx: Tx, name: str, size_bytes: int = 3000) -> None:
    tx.execute(insert(Meta).values(name=f"{name}-1", value="x" * size_bytes))
    tx.execute(insert(Meta).values(name=f"{name}-2", value="x" * size_bytes))


def count(tx: Tx) -> int:
    return tx.execute(select(func.count()).select_from(Meta)).scalar_one()


async def test_a_full_disk_is_not_ready_and_leaves_no_half_rows(small: SqliteStore) -> None:
    asked = [small.write(lambda tx, n=n: fill(tx, f"n{n}")) for n in range(40)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [answer for answer in answers if answer is not None]
    assert {(type(each), getattr(each, "code", "")) for each in refused} == {(NotReady, "disk_full")}
    assert await small.read(count) == 2 * (len(answers) - len(refused))
    assert await small.read(lambda tx: tx.execute(text("PRAGMA integrity_check")).scalar_one()) == "ok"


async def test_one_writer_alone_on_a_full_disk_hears_the_same(small: SqliteStore) -> None:
    with pytest.raises(NotReady) as refused:
        await small.write(lambda tx: fill(tx, "large", 60_000))
    assert refused.value.code == "disk_full"
    assert await small.read(count) == 0


async def test_work_goes_on_when_there_is_room_again(small: SqliteStore) -> None:
    with pytest.raises(NotReady):
        await small.write(lambda tx: fill(tx, "large", 60_000))
    await small.write(lambda tx: tx.execute(text("PRAGMA max_page_count=100000")))
    await small.write(lambda tx: fill(tx, "large", 60_000))
    assert await small.read(count) == 2


def test_a_sqlite_that_can_corrupt_its_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbapi2, "sqlite_version_info", (3, 51, 2))
    with pytest.raises(Misconfigured, match="is needed"):
        SqliteStore(tmp_path / "old.db")


async def test_a_second_writer_of_the_same_file_is_refused(tmp_path: Path) -> None:
    first = SqliteStore(tmp_path / "one.db")
    with pytest.raises(OrderBellError) as refused:
        SqliteStore(tmp_path / "one.db")
    assert refused.value.code == "database_in_use"
    await first.close()
    await SqliteStore(tmp_path / "one.db").close()


async def test_a_file_that_is_no_database_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"this is a letter, no database " * 200)
    with pytest.raises(Misconfigured) as refused:
        SqliteStore(tmp_path / "bad.db")
    assert refused.value.code == "database_unreadable"


async def test_what_is_written_is_on_the_disk_before_it_is_answered(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "one.db")
    asked = ("synchronous", "journal_mode", "secure_delete", "mmap_size")
    found = await store.write(lambda tx: [tx.execute(text(f"PRAGMA {name}")).scalar() for name in asked])
    assert found == [2, "wal", 1, 0]
    await store.close()


async def test_many_writes_at_once_share_one_commit(tmp_path: Path, sqlite_shape: bytes) -> None:
    (tmp_path / "one.db").write_bytes(sqlite_shape)
    store = SqliteStore(tmp_path / "one.db")
    await asyncio.gather(*(store.write(lambda tx, n=n: fill(tx, f"n{n}", 10)) for n in range(500)))
    assert await store.read(count) == 1000
    assert store.grouped == 500
    assert store.groups < 100
    await store.close()


async def test_a_closed_store_says_so_instead_of_waiting_for_ever(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "one.db")
    await store.close()
    with pytest.raises(NotReady):
        await asyncio.wait_for(store.write(count), 10)
