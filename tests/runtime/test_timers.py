"""Timers: never early, one winner against a payment, and no mass expiry by a wrong clock."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from tests.cast import event_json
from tests.runtime.conftest import Desk

from orderbell.runtime import timers
from orderbell.runtime.clockwatch import ClockWatch
from orderbell.store.schema import EventRow, Message, Order, Product, State, Timer

RACES = 150


async def create(desk: Desk, count: int, prefix: str = "P") -> None:
    """That many unpaid orders."""
    await desk.shop.says_raw(*(event_json("order.created", f"{prefix}-{n}") for n in range(count)))
    await desk.decide()


async def statuses(desk: Desk) -> Counter[str]:
    """How many orders stand where."""
    return Counter(row.status for row in await desk.shop.rows(Order))


async def reserve_on_order(desk: Desk) -> None:
    """Unpaid orders keep their cards."""
    await desk.house.store.write(lambda tx: tx.execute(update(Product).values(reserve_on_order=1)))


async def test_a_timer_does_not_ring_a_moment_early(desk: Desk) -> None:
    await create(desk, 1)
    desk.clock.turn(minutes=30, microseconds=-1)
    assert await desk.ring() == 0
    desk.clock.turn(microseconds=1)
    assert await desk.ring() == 1 and (await desk.shop.order("P-0")).status == "expired"


async def test_a_clock_that_is_set_while_the_transaction_waits_rings_nothing(desk: Desk) -> None:
    await create(desk, 1)
    watch = ClockWatch(desk.clock)
    desk.clock.turn(minutes=31)
    assert await desk.house.store.write(lambda tx: timers.ring(tx, watch, lease_s=60)) == 0
    assert (await statuses(desk)) == {"pending": 1}


async def race(desk: Desk, paid: list[dict[str, Any]]) -> None:
    """Payments come in around the last moment of orders, while the ticker rings as fast as it can."""

    async def pay() -> None:
        for event in paid:
            await desk.shop.says_raw(event)
            desk.clock.turn(microseconds=10_000 // len(paid))

    desk.clock.turn(minutes=30, microseconds=-5000)
    await asyncio.gather(pay(), *(desk.ring() for _ in range(12)))
    desk.clock.turn(seconds=1)
    await desk.ring()


async def test_every_race_of_payment_and_expiry_has_one_winner_and_one_card(desk: Desk) -> None:
    await reserve_on_order(desk)
    await desk.shop.stock(*(f"KEY-{n}" for n in range(RACES)))
    await create(desk, RACES)
    winners = random.Random(7).sample(range(RACES), RACES // 2)
    await race(desk, [event_json("order.paid", f"P-{n}") for n in winners])
    assert await statuses(desk) == {"delivered": RACES // 2, "expired": RACES - RACES // 2}
    product = await desk.shop.product()
    assert (product.free, product.sold) == (RACES - RACES // 2, RACES // 2)


async def test_money_after_the_expiry_still_buys_the_goods(desk: Desk) -> None:
    await reserve_on_order(desk)
    await desk.shop.stock("KEY-1")
    await create(desk, 1)
    desk.clock.turn(minutes=31)
    await desk.ring()
    assert (await desk.shop.product()).free == 1
    await desk.hears("order.paid", "P-0")
    assert (await desk.shop.order("P-0")).status == "delivered"


async def test_money_after_the_expiry_without_a_card_is_owed(desk: Desk) -> None:
    await create(desk, 1)
    desk.clock.turn(minutes=31)
    await desk.ring()
    await desk.hears("order.paid", "P-0")
    assert [task.kind for task in await desk.shop.tasks()] == ["owed"]


async def test_money_for_an_order_that_was_called_off_is_a_task(desk: Desk) -> None:
    await create(desk, 1)
    await desk.hears("order.cancelled", "P-0")
    await desk.hears("order.paid", "P-0")
    assert [task.kind for task in await desk.shop.tasks()] == ["late_payment"]


async def test_a_clock_a_day_ahead_calls_nothing_off_before_a_person_says_so(desk: Desk) -> None:
    await create(desk, 40)
    desk.clock.turn(days=1)
    assert await desk.ring() == 0
    (task,) = await desk.shop.tasks()
    assert (task.kind, task.detail) == ("mass_cancel", {"orders": 40, "unpaid": 40})
    assert await statuses(desk) == {"pending": 40}


async def test_held_orders_are_called_off_when_a_person_says_so(desk: Desk) -> None:
    await create(desk, 40)
    desk.clock.turn(days=1)
    await desk.ring()
    let_go = await desk.house.store.write(lambda tx: timers.let_go(tx, desk.shop.id, due_at=desk.clock.now()))
    assert let_go == 40
    await desk.ring()
    assert await statuses(desk) == {"expired": 40}


async def test_an_order_paid_while_it_was_held_is_served(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await create(desk, 40)
    desk.clock.turn(days=1)
    await desk.ring()
    await desk.hears("order.paid", "P-3")
    await desk.house.store.write(lambda tx: timers.let_go(tx, desk.shop.id, due_at=desk.clock.now()))
    await desk.ring()
    assert await statuses(desk) == {"expired": 39, "delivered": 1}


@pytest.mark.parametrize(("overdue", "unpaid"), [(10, 11), (11, 60)])
async def test_a_few_overdue_orders_expire_without_asking(desk: Desk, overdue: int, unpaid: int) -> None:
    await create(desk, overdue)
    desk.clock.turn(minutes=31)
    await create(desk, unpaid - overdue, prefix="Q")
    assert await desk.ring() == overdue and await desk.shop.tasks() == []


async def test_a_rush_of_orders_that_expire_in_time_is_no_mass(desk: Desk) -> None:
    await create(desk, 40)
    desk.clock.turn(minutes=30, seconds=2)
    assert await desk.ring() == 40 and await desk.shop.tasks() == []


async def moved(desk: Desk, **by: float) -> None:
    """The clock is set, and what waits is moved with it."""
    desk.clock.turn(**by)
    await desk.house.store.write(lambda tx: timers.move(tx, timedelta(**by), now=desk.clock.now()))


async def test_a_clock_set_forward_gives_unpaid_orders_their_whole_time(desk: Desk) -> None:
    await create(desk, 1)
    await moved(desk, hours=1)
    desk.clock.turn(minutes=29)
    assert await desk.ring() == 0
    desk.clock.turn(minutes=1)
    assert await desk.ring() == 1


async def test_a_clock_set_back_lets_no_timer_ring_early(desk: Desk) -> None:
    await create(desk, 1)
    before = (await desk.shop.rows(Timer))[0].due_at
    await moved(desk, hours=-1)
    assert (await desk.shop.rows(Timer))[0].due_at == before


async def test_work_is_due_as_it_was_when_the_clock_is_set_back(desk: Desk) -> None:
    await desk.shop.says("order.paid", "N-1")
    await moved(desk, hours=-1)
    await desk.decide()
    assert (await desk.shop.order("N-1")).status == "paid"


async def test_a_lease_keeps_its_time_when_the_clock_is_set_forward(desk: Desk) -> None:
    await desk.shop.says("order.paid", "N-1")
    until = desk.clock.now() + timedelta(seconds=40)
    leased = update(EventRow).values(state=int(State.LEASED), tries=1, due_at=until)
    await desk.house.store.write(lambda tx: tx.execute(leased))
    await moved(desk, hours=1)
    assert (await desk.shop.rows(EventRow))[0].due_at == until + timedelta(hours=1)


@pytest.mark.parametrize("hours", [1, -1])
async def test_what_was_written_after_the_jump_waits_no_longer(desk: Desk, hours: int) -> None:
    desk.clock.turn(hours=hours)
    await desk.shop.says("order.paid", "N-1")
    before = (await desk.shop.rows(EventRow))[0].due_at
    await desk.house.store.write(lambda tx: timers.move(tx, timedelta(hours=hours), now=desk.clock.now()))
    assert (await desk.shop.rows(EventRow))[0].due_at == before


async def test_two_workers_that_see_one_jump_move_the_rows_once(desk: Desk) -> None:
    move: Any = lambda tx: timers.move(tx, timedelta(hours=1), now=desk.clock.now())  # noqa: E731
    assert await desk.house.store.write(move)
    desk.clock.turn(seconds=2)
    assert not await desk.house.store.write(move)
    desk.clock.turn(hours=1)
    assert await desk.house.store.write(move)


async def test_every_shop_is_told_that_its_clock_was_set(desk: Desk) -> None:
    await moved(desk, hours=1)
    assert [(task.kind, task.detail) for task in await desk.shop.tasks()] == [("clock", {"moved_s": 3600})]


async def test_nothing_that_is_done_moves(desk: Desk) -> None:
    await desk.hears("order.paid", "N-1")
    done = [row.due_at for row in await desk.shop.rows(Message) if row.state == int(State.DONE)]
    await moved(desk, hours=1)
    assert [row.due_at for row in await desk.shop.rows(Message) if row.state == int(State.DONE)] == done
