"""The sweep: no paid order is silent for long."""

from __future__ import annotations

from functools import partial

from tests.runtime.conftest import Desk

from orderbell.domain import catalog
from orderbell.runtime.sweep import find_silent

COURSE = {"sku": "course", "title": "Course", "quantity": 1, "price": "99.00"}


async def sweep(desk: Desk) -> int:
    """Look, and let what was found be decided."""
    found = await desk.house.store.write(partial(find_silent, now=desk.clock.now()))
    await desk.decide()
    return found


async def pay_before_the_product_is_there(desk: Desk) -> None:
    await desk.hears("order.paid", "N-1", lines=[COURSE])
    now = desk.clock.now()
    await desk.house.store.write(
        lambda tx: catalog.add_product(tx, desk.shop.id, sku="course", title="Course", low_at=0, now=now)
    )


async def test_a_product_that_came_after_its_order_was_paid_makes_it_owed(desk: Desk) -> None:
    await pay_before_the_product_is_there(desk)
    desk.clock.turn(minutes=1)
    assert await sweep(desk) == 1
    assert (await desk.shop.order("N-1")).owed == 1
    assert [task.kind for task in await desk.shop.tasks()] == ["owed"]


async def test_what_was_paid_this_moment_is_not_called_silent(desk: Desk) -> None:
    await pay_before_the_product_is_there(desk)
    assert await sweep(desk) == 0


async def test_a_silent_order_is_found_once(desk: Desk) -> None:
    await pay_before_the_product_is_there(desk)
    desk.clock.turn(minutes=1)
    assert (await sweep(desk), await sweep(desk)) == (1, 0)


async def test_delivered_owed_and_foreign_goods_are_not_silent(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.hears("order.paid", "N-1")
    await desk.hears("order.paid", "N-2")
    await desk.hears("order.paid", "N-3", lines=[COURSE])
    desk.clock.turn(minutes=1)
    assert await sweep(desk) == 0
