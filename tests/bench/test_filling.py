"""A filled database is one the house itself could have made: the same rows in each table, each under its own name."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import pytest
from bench import orders
from bench.client import tell
from bench.filling import COPIES_MOST, opened
from bench.house import furnish, open_house
from bench.sink_door import open_sinks
from bench.stored import LIKE

TABLES = ("orders", "line", "customer", "slot", "message", "attempt")


async def _trade(folder: Path) -> Path:
    async with open_sinks(folder) as sinks, open_house(folder / "house") as house:
        await furnish(house.door, sinks, cards=12)
        await tell(house.door, orders.single(orders.numbers("g", 2)), lines=1)
        await sinks.wait(2, source=house)
        await house.quiet()
    return folder / "house"


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a house that sold two orders and was stopped leaves on the disk."""
    return asyncio.run(_trade(tmp_path_factory.mktemp("traded")))


@pytest.fixture
def data(traded: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(traded, tmp_path / "house", ignore=shutil.ignore_patterns("*.sock")))


def test_a_copied_order_brings_a_row_for_each_of_the_originals(data: Path) -> None:
    with opened(data) as file:
        before = [file.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES]
        assert file.copy_orders(LIKE, first=1, last=3) == 6
        after = [file.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES]
        lost = file.rows("SELECT m.id FROM message m LEFT JOIN orders o ON o.id = m.order_id WHERE o.id IS NULL")
    assert after == [4 * rows for rows in before]
    assert before[0] == 2
    assert lost == []


async def test_the_house_opens_a_filled_database_and_sells_on(data: Path) -> None:
    with opened(data) as file:
        file.copy_orders(LIKE, first=COPIES_MOST - 2, last=COPIES_MOST)
    async with open_house(data) as house:
        known = await house.door.call("GET", "/v1/orders/g-0000001.20000")
        answer = await house.door.call("POST", "/v1/events", orders.event("n-1"))
    assert known["status"] == "delivered"
    assert answer["events"][0]["status"] == "accepted"


def test_armed_timers_are_due_within_their_time(data: Path) -> None:
    begin = time.time() + 100
    with opened(data) as file:
        file.arm_timers(50, spread_s=10, due_at=begin)
        due = [at / 1e6 - begin for (at,) in file.rows("SELECT due_at FROM timer WHERE state = 0")]
    assert len(due) == 50
    assert all(0 <= at <= 10.01 for at in due)
