"""The first page and its live list: true numbers, what waits for a person, no gap after a reconnect."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, update
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends

from orderbell.base.ids import new_id
from orderbell.store.schema import EventRow, State, Task
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
    assert "Ready in four steps" in (await panel.get("/panel")).text


async def test_the_first_page_counts_and_draws_the_day(panel: Client, shop: Shopkeeper, sold: str) -> None:
    page = (await panel.get("/panel")).text
    assert f'<div class="value">{len(await shop.messages())}</div>' in page
    assert "messages in the last 24 hours:" in page


async def test_an_owed_order_stands_on_the_first_page_with_its_way_out(panel: Client, shop: Shopkeeper) -> None:
    await shop.says("order.paid", "N-7")
    await shop.settled()
    page = (await panel.get("/panel")).text
    assert "Paid, but no card left" in page and "/panel/products?q=steam-100" in page


async def test_hours_and_days_count_the_same_messages(shop: Shopkeeper, sold: str) -> None:
    now = shop.house.clock.now()
    read = await shop.house.store.read(lambda tx: overview.read(tx, shop.id, now=now, zone="UTC"))
    assert sum(map(sum, read.columns.values())) == len(await shop.messages())


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


async def stick(shop: Shopkeeper) -> str:
    await shop.says("order.created", "N-STUCK")
    await shop.settled()
    row = (await shop.rows(EventRow))[0]
    broken = update(EventRow).where(EventRow.id == row.id).values(state=int(State.STUCK), error="a poison word")
    await shop.house.store.write(lambda tx: tx.execute(broken))
    return str(row.id)


async def test_a_stuck_event_shows_its_reason_and_goes_on_by_a_button(
    panel: Client, shop: Shopkeeper, send: Sends
) -> None:
    event_id = await stick(shop)
    assert "a poison word" in (await panel.get("/panel")).text
    await send("/panel", f"/panel/events/{event_id}/again")
    await shop.settled()
    assert [row.state for row in await shop.rows(EventRow, id=event_id)] == [int(State.DONE)]


async def test_an_event_that_is_not_stuck_is_not_worked_through_twice(
    panel: Client, shop: Shopkeeper, send: Sends
) -> None:
    event_id = await stick(shop)
    await send("/panel", f"/panel/events/{event_id}/again")
    assert (await send("/panel", f"/panel/events/{event_id}/again")).status_code == 409


async def open_task(shop: Shopkeeper, kind: str) -> str:
    task = {"id": new_id("task"), "shop_id": shop.id, "kind": kind, "subject_id": "x", "detail": {}}
    opened = insert(Task).values(**task, opened_at=shop.house.clock.now())
    await shop.house.store.write(lambda tx: tx.execute(opened))
    return task["id"]


async def test_a_person_closes_what_they_saw_to(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    task_id = await open_task(shop, "late_payment")
    page = await send("/panel", f"/panel/tasks/{task_id}/close")
    assert page.status_code == 200 and await shop.tasks() == []


async def test_an_owed_order_cannot_be_clicked_away(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    task_id = await open_task(shop, "owed")
    assert (await send("/panel", f"/panel/tasks/{task_id}/close")).status_code == 404
    assert len(await shop.tasks()) == 1


async def test_held_orders_wait_for_a_persons_word_and_then_go_on(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    task = {"id": new_id("task"), "shop_id": shop.id, "kind": "mass_cancel", "subject_id": shop.id}
    told = insert(Task).values(**task, detail={"orders": 12, "unpaid": 30}, opened_at=shop.house.clock.now())
    await shop.house.store.write(lambda tx: tx.execute(told))
    assert (await send("/panel", f"/panel/tasks/{task['id']}/close")).status_code == 404
    assert "12" in (await panel.get("/panel")).text
    assert (await send("/panel", "/panel/held-orders/call-off")).status_code == 200
    assert await shop.tasks() == [] and (await send("/panel", "/panel/held-orders/spare")).status_code == 404
