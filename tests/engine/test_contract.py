"""What every engine promises: work that is published reaches a worker, whatever is heard twice or not at all."""

from __future__ import annotations

import asyncio

import pytest
from tests.engine.conftest import Rows, works

from orderbell.engine.base import Engine, Kind

pytestmark = pytest.mark.parametrize("engine", ["embedded", "jetstream"], indirect=True)


async def test_what_was_published_reaches_a_worker(engine: Engine, rows: Rows) -> None:
    engine.publish(Kind.MESSAGE, rows.put(works(100)))
    await rows.work_off(engine)
    assert sorted(set(rows.handled.values())) == [1]


async def test_what_was_offered_and_taken_reaches_a_worker(engine: Engine, rows: Rows) -> None:
    work = rows.put(works(40))
    assert await engine.offer(Kind.MESSAGE, work) == {each.id for each in work}
    await rows.work_off(engine)
    assert len(rows.handled) == 40


async def test_a_row_of_each_lane_reaches_a_worker(engine: Engine, rows: Rows) -> None:
    for lane in (0, 1, 2):
        engine.publish(Kind.MESSAGE, rows.put(works(5, lane=lane)))
    await rows.work_off(engine)
    assert len(rows.handled) == 15


async def test_what_nobody_was_told_of_is_found_all_the_same(engine: Engine, rows: Rows) -> None:
    rows.put(works(3))
    engine.publish(Kind.MESSAGE)
    await rows.work_off(engine)
    assert len(rows.handled) == 3


async def test_what_was_pulled_and_not_done_comes_again(engine: Engine, rows: Rows) -> None:
    engine.publish(Kind.MESSAGE, rows.put(works(5)))
    for _ in range(20):
        await engine.wait(Kind.MESSAGE, 0.05)
        engine.pull(Kind.MESSAGE, 10)
    await rows.work_off(engine)
    assert len(rows.handled) == 5


async def test_news_wake_whoever_waits(engine: Engine) -> None:
    waiting = asyncio.create_task(engine.wait(Kind.EVENT, 10))
    await asyncio.sleep(0)
    engine.publish(Kind.EVENT)
    assert await waiting


async def test_a_wait_without_news_ends(engine: Engine) -> None:
    await engine.wait(Kind.EVENT, 0.01)
    assert not await engine.wait(Kind.EVENT, 0.01)


async def test_done_says_nothing_of_what_it_never_heard_of(engine: Engine) -> None:
    engine.done(Kind.MESSAGE, ["msg_unknown"])
    assert engine.pull(Kind.MESSAGE, 5) in (None, [])
