"""How much waits: by kind and lane, due or later, of one shop or of all; counting stops somewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from tests.conftest import TurnedClock
from tests.desk import Desk

from orderbell.store import backlog
from orderbell.store.backlog import Backlog, Queue
from orderbell.store.schema import EventRow, Provider, State


async def look(desk: Desk, shop_id: str | None = None) -> Backlog:
    now = desk.clock.now()
    return await desk.house.store.read(lambda tx: backlog.read(tx, now=now, shop_id=shop_id))


def queue(found: Backlog, kind: str, lane: int) -> Queue:
    return next(each for each in found.queues if (each.kind, each.lane) == (kind, lane))


async def change(desk: Desk, table: Any, **values: Any) -> None:
    await desk.house.store.write(lambda tx: tx.execute(update(table).values(**values)))


async def test_nothing_waits_in_an_idle_house(desk: Desk) -> None:
    found = await look(desk)
    assert [each for each in found.queues if each.due or each.in_hand or each.later] == []
    assert (dict(found.stuck), found.tasks, found.failing) == ({"event": 0, "message": 0}, 0, ())


async def test_due_work_is_counted_in_its_lane_with_the_age_of_the_oldest(desk: Desk, clock: TurnedClock) -> None:
    await desk.shop.says("order.paid", "N-1")
    clock.turn(seconds=40)
    await desk.shop.says("order.paid", "N-2")
    paid = queue(await look(desk), "event", 0)
    assert (paid.due, paid.oldest_s(clock.now())) == (2, 40.0)
    assert queue(await look(desk), "event", 1).due == 0


async def test_work_in_hand_and_work_for_later_are_told_apart(desk: Desk, clock: TurnedClock) -> None:
    await desk.shop.says("order.paid", "N-1")
    later = clock.now() + timedelta(minutes=5)
    await change(desk, EventRow, due_at=later)
    assert (queue(await look(desk), "event", 0).later, queue(await look(desk), "event", 0).in_hand) == (1, 0)
    await change(desk, EventRow, state=int(State.LEASED))
    found = queue(await look(desk), "event", 0)
    assert (found.due, found.in_hand, found.later, found.oldest_at) == (0, 1, 0, None)


async def test_another_shops_work_is_not_in_a_shops_count(desk: Desk) -> None:
    await desk.shop.says("order.paid", "N-1")
    await change(desk, EventRow, state=int(State.STUCK))
    assert (await look(desk, desk.shop.id)).stuck["event"] == 1
    assert (await look(desk, "shp_other")).stuck["event"] == 0
    await change(desk, EventRow, state=int(State.READY))
    assert queue(await look(desk, "shp_other"), "event", 0).due == 0


async def test_counting_stops_at_its_bound(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MOST", 2)
    for number in ("N-1", "N-2", "N-3"):
        await desk.shop.says("order.paid", number)
    assert queue(await look(desk), "event", 0).due == 2


async def test_an_account_that_is_refused_is_named_until_it_is_switched_off(desk: Desk, clock: TurnedClock) -> None:
    account = await desk.shop.add_account("webhook", url="http://127.0.0.1:9/x")
    await change(desk, Provider, failing_since=clock.now())
    assert [(each.channel, each.id) for each in (await look(desk)).failing] == [("webhook", account)]
    await change(desk, Provider, disabled_at=clock.now())
    assert (await look(desk)).failing == ()


async def test_the_database_tells_its_name_and_size(desk: Desk) -> None:
    name, size = await desk.house.store.read(lambda tx: (backlog.version(tx), backlog.size_bytes(tx)))
    assert name.split()[0] in ("SQLite", "PostgreSQL") and size > 100_000
