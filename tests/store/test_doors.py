"""The two doors of a database: all or nothing, one view, and no writing by the reading door. On both databases."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from orderbell.base.settings import Settings
from orderbell.store.database import Store, Tx
from orderbell.store.opening import open_store
from orderbell.store.schema import Meta


def put(tx: Tx, *names: str) -> None:
    tx.execute(insert(Meta), [{"name": name, "value": "x"} for name in names])


def names(tx: Tx) -> set[str]:
    return set(tx.execute(select(Meta.name)).scalars())


def put_and_fail(tx: Tx) -> None:
    put(tx, "half")
    raise ArithmeticError("half-way")


async def test_a_write_that_fails_leaves_nothing_and_its_neighbours_alone(store: Store) -> None:
    asked = [store.write(lambda tx, n=n: put(tx, f"good-{n}")) for n in range(10)]
    asked.insert(5, store.write(put_and_fail))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers if answer is not None] == [ArithmeticError]
    assert await store.read(names) == {f"good-{n}" for n in range(10)}


async def test_a_write_that_breaks_a_rule_of_the_tables_harms_no_neighbour(store: Store) -> None:
    await store.write(lambda tx: put(tx, "taken"))
    asked = [store.write(lambda tx, name=name: put(tx, f"{name}-before", name)) for name in ("a", "taken", "b")]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(answer, DBAPIError) for answer in answers] == [False, True, False]
    assert await store.read(names) == {"taken", "a", "a-before", "b", "b-before"}


async def test_nothing_can_be_written_by_the_reading_door(store: Store) -> None:
    with pytest.raises(DBAPIError):
        await store.read(lambda tx: put(tx, "sneaked"))
    assert await store.read(names) == set()
    await store.write(lambda tx: put(tx, "by the right door"))


async def test_a_read_sees_one_view_however_long_it_takes(store: Store) -> None:
    began, go_on = threading.Event(), threading.Event()

    def read_twice(tx: Tx) -> tuple[set[str], set[str]]:
        first = names(tx)
        began.set()
        assert go_on.wait(10)
        return first, names(tx)

    reading = asyncio.create_task(store.read(read_twice))
    await asyncio.to_thread(began.wait, 10)
    await store.write(lambda tx: put(tx, "meanwhile"))
    go_on.set()
    assert await reading == (set(), set())


async def test_what_was_written_is_there_after_a_new_start(store: Store, settings: Settings) -> None:
    await store.write(lambda tx: put(tx, "kept"))
    await store.close()
    again = open_store(settings)
    assert await again.read(names) == {"kept"}
    await again.close()


async def test_moments_and_json_come_back_as_they_went(store: Store) -> None:
    at = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
    await store.write(lambda tx: put(tx, "a", "b"))
    count = await store.read(lambda tx: tx.execute(select(func.count()).select_from(Meta)).scalar_one())
    assert (count, at.microsecond) == (2, 123456)
