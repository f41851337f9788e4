"""Web, workers and relay apart, with PostgreSQL and NATS between them: an order's life, and what may go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest
from tests.cast import Shopkeeper
from tests.nats import Nats, nats

from orderbell.base.errors import Misconfigured
from orderbell.base.settings import Settings
from orderbell.engine import jetstream
from orderbell.runtime.house import House, Role, build

__all__ = ["nats"]

ON_POSTGRESQL = pytest.mark.parametrize("settings", ["postgresql"], indirect=True)


@dataclass
class Houses:
    """Parts that run beside each other on one database."""

    web: House
    workers: list[House]
    relay: House


@pytest.fixture
async def houses(settings: Settings, nats: Nats) -> AsyncIterator[Houses]:
    """A web process, two workers and a relay, as far as one test process can be four."""
    chosen = replace(settings, **nats.settings(), lease_s=5)
    roles = (Role.WEB, Role.WORKER, Role.WORKER, Role.RELAY)
    async with AsyncExitStack() as open_houses:
        parts = []
        for role in roles:
            parts.append(build(chosen, role=role))
            await parts[-1].start()
            open_houses.push_async_callback(parts[-1].stop)
        yield Houses(parts[0], parts[1:3], parts[3])


async def sell(shop: Shopkeeper, first: int, count: int) -> None:
    """Orders that are paid."""
    await asyncio.gather(*(shop.says("order.paid", f"N-{n}") for n in range(first, first + count)))


async def delivered(shop: Shopkeeper, count: int, within_s: float) -> None:
    """Wait until that many orders are delivered and nothing is left to do."""
    async with asyncio.timeout(within_s):
        while len(await shop.messages(event_type="order.delivered", channel="inbox")) < count:
            await asyncio.sleep(0.1)
    await shop.settled(within_s)
    assert len({slot.card_id for slot in await shop.slots()}) == count


@ON_POSTGRESQL
async def test_an_order_told_to_one_process_is_delivered_by_another(houses: Houses) -> None:
    shop = await Shopkeeper.open(houses.web)
    await shop.stock(*(f"KEY-{n}" for n in range(60)))
    await sell(shop, 0, 60)
    await delivered(shop, 60, 30)
    assert await shop.stuck() == []


@ON_POSTGRESQL
async def test_orders_go_on_while_the_engine_is_away_and_after_it_was_wiped(
    houses: Houses, nats: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jetstream, "AWAY_S", 1.0)
    shop = await Shopkeeper.open(houses.web)
    await shop.stock(*(f"KEY-{n}" for n in range(40)))
    nats.wipe()
    await sell(shop, 0, 20)
    await delivered(shop, 20, 30)
    nats.start()
    await sell(shop, 20, 20)
    await delivered(shop, 40, 30)
    assert await shop.stuck() == []


@ON_POSTGRESQL
async def test_news_made_by_a_worker_wake_the_pages_of_the_web(houses: Houses) -> None:
    heard = asyncio.create_task(houses.web.bus.wait(20))
    await asyncio.sleep(0.1)
    houses.workers[0].bus.ring()
    assert await heard


@ON_POSTGRESQL
async def test_the_whole_house_in_one_process_may_use_an_engine_too(settings: Settings, nats: Nats) -> None:
    house = build(replace(settings, **nats.settings()))
    await house.start()
    shop = await Shopkeeper.open(house)
    await shop.stock("KEY-1")
    await sell(shop, 1, 1)
    await delivered(shop, 1, 20)
    assert await shop.stuck() == []
    await house.stop()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", [Role.WEB, Role.WORKER, Role.RELAY])
def test_parts_of_the_house_refuse_sqlite(settings: Settings, role: Role) -> None:
    with pytest.raises(Misconfigured, match="PostgreSQL"):
        build(settings, role=role)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_engine_between_processes_refuses_sqlite(settings: Settings) -> None:
    with pytest.raises(Misconfigured, match="ORDERBELL_DATABASE_URL"):
        build(replace(settings, engine_url="nats://127.0.0.1:4222"))
