"""The first page and its live list: true numbers, what waits for a person, no gap after a reconnect."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client

from orderbell.web.panel import live
from orderbell.web.panel.queries import overview


def names(rows: Sequence[Any], facts: live.Facts, *, fresh: bool) -> str:
    return "".join(f"{'+' if fresh else '~'}{row.id} " for row in rows)


async def next_burst(shop: Shopkeeper, since: str) -> live.Burst:
    async with asyncio.timeout(10):
        async for burst in live.follow(shop.house, shop.id, since, names):
            return burst
    raise AssertionError("the stream ended")


async def test_a_new_shop_is_shown_its_first_steps(panel: Client) -> None:
    assert "Your first order in three steps" in (await panel.get("/panel")).text


async def test_the_first_page_counts_and_draws_the_day(panel: Client, shop: Shopkeeper, sold: str) -> None:
    page = (await panel.get("/panel")).text
    assert f'<div class="value">{len(await shop.messages())}</div>' in page
    assert "messages in the last 24 hours:" in page and "First order" not in page


async def test_an_owed_order_stands_on_the_first_page_with_its_way_out(panel: Client, shop: Shopkeeper) -> None:
    await shop.says("order.paid", "N-7")
    await shop.settled()
    page = (await panel.get("/panel")).text
    assert "Paid, but no card left" in page and "/panel/products?q=steam-100" in page


async def test_hours_and_days_count_the_same_messages(shop: Shopkeeper, sold: str) -> None:
    now = shop.house.clock.now()
    read = await shop.house.store.read(lambda tx: overview.read(tx, shop.id, now=now, zone="UTC"))
    assert sum(map(sum, read.hours.values())) == len(await shop.messages())


async def test_a_new_message_reaches_an_open_page(shop: Shopkeeper) -> None:
    waiting = asyncio.create_task(next_burst(shop, ""))
    await asyncio.sleep(0.1)
    await shop.says("order.created", "N-5")
    burst = await waiting
    assert burst.html.startswith("+msg_") and burst.last in burst.html


async def test_a_browser_that_comes_back_is_told_what_it_missed(shop: Shopkeeper, sold: str) -> None:
    rows = await shop.messages()
    burst = await next_burst(shop, rows[0].id)
    assert burst.last == rows[-1].id
    assert all(row.id in burst.html for row in rows[1:])


async def test_other_shops_are_not_heard(shop: Shopkeeper) -> None:
    other = await Shopkeeper.open(shop.house)
    waiting = asyncio.create_task(next_burst(shop, ""))
    await asyncio.sleep(0.1)
    await other.says("order.created", "N-6")
    await shop.says("order.created", "N-8")
    mine = {row.id for row in await shop.messages()} if (burst := await waiting) else set()
    assert {each[1:] for each in burst.html.split()} <= mine
