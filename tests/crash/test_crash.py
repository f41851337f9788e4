"""Kill the process at every durable step; whatever was acknowledged is complete afterwards, and nothing twice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.crash.stage import Stage, private

from orderbell.base.settings import Settings

ORDERS = 40
# The steps of every order; those of rarer deeds, and every step many times, are for `make chaos`.
POINTS = (
    "ingest.before_insert", "ingest.after_insert", "ingest.after_commit", "decide.after_claim", "decide.before_flush",
    "decide.after_flush", "decide.after_commit", "cards.after_slots", "cards.after_allocate", "send.before_provider",
    "send.sent_unrecorded", "send.before_record", "send.after_record", "sql.before_commit", "sql.after_commit",
)  # fmt: skip


@pytest.fixture
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    """A seeded stage with fewer cards than orders."""
    made = Stage(private(settings), ORDERS * len(POINTS) - 25)
    await made.set_up()
    yield made
    made.tear_down()


async def test_a_kill_at_every_durable_step_loses_nothing_and_sells_nothing_twice(stage: Stage) -> None:
    for generation, point in enumerate(POINTS):
        stage.start(f"{point}:{9 if point.startswith('sql') else 3}")
        client = stage.client(generation * ORDERS, ORDERS)
        assert stage.wait_dead(30), f"{point} was never passed"
        client.kill()
        client.wait()
    stage.start()
    stage.client(0, ORDERS * len(POINTS)).wait(60)
    assert stage.check(90) == ""


async def test_a_thousand_orders_survive_kill_dash_nine(settings: Settings) -> None:
    stage = Stage(private(settings), 1000)
    await stage.set_up()
    try:
        stage.start()
        client = stage.client(0, 1000)
        stage.wait_acks(300)
        stage.kill()
        stage.start()
        client.wait(90)
        assert stage.check(90) == ""
    finally:
        stage.tear_down()
