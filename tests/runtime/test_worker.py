"""The worker: what facts do to orders, cards and timers, one after another and all at once. On both databases."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest
from sqlalchemy import update
from tests.cast import heard_by
from tests.runtime.conftest import Desk

from orderbell.base.errors import Conflict
from orderbell.delivery.seats import Seats
from orderbell.runtime.worker import FAILURES_MOST, decide
from orderbell.store import leases
from orderbell.store.schema import EventRow, State, Timer


async def spoil(desk: Desk, number: str) -> None:
    """Make a fact unreadable."""
    broken = update(EventRow).where(EventRow.order_number == number).values(payload="{}")
    await desk.house.store.write(lambda tx: tx.execute(broken))


async def fact(desk: Desk, number: str) -> object:
    (row,) = await desk.shop.rows(EventRow, order_number=number)
    return row


async def test_a_clock_that_is_set_lets_no_fact_be_claimed(desk: Desk) -> None:
    await desk.shop.says("order.paid", "N-1")
    desk.clock.turn(hours=1)
    desk.house.worker.ticker.watch.steady = lambda: desk.clock.now().timestamp() - 3600
    assert await desk.house.worker.round() == 0


async def test_a_poison_fact_is_put_aside_and_the_others_go_on(desk: Desk) -> None:
    for n in range(4):
        await desk.shop.says("order.paid", f"N-{n}")
    await spoil(desk, "N-2")
    await desk.decide()
    (bad,) = await desk.shop.rows(EventRow, order_number="N-2")
    assert (bad.state, bad.tries, bad.due_at) == (State.READY, 1, desk.clock.now() + timedelta(seconds=1))
    assert "ValidationError" in bad.error
    assert {(await desk.shop.order(f"N-{n}")).status for n in (0, 1, 3)} == {"paid"}


async def test_a_fact_that_fails_twelve_times_is_stuck_with_its_reason(desk: Desk) -> None:
    await desk.shop.says("order.paid", "N-1")
    await spoil(desk, "N-1")
    for _ in range(FAILURES_MOST + 3):
        await desk.decide()
        desk.clock.turn(hours=2)
    (bad,) = await desk.shop.stuck()
    assert (bad.tries, bad.done_at) == (FAILURES_MOST, None)
    assert bad.error


async def test_a_fact_processes_die_over_is_stuck_after_five(desk: Desk) -> None:
    await desk.shop.says("order.paid", "N-1")
    for _ in range(5):
        claimed = 0
        for claim in (leases.claim_suspect, lambda tx, work, **more: leases.claim(tx, work, most=9, **more)):
            rows = await desk.house.store.write(
                lambda tx, claim=claim: claim(tx, EventRow, now=desk.clock.now(), lease_s=60)
            )
            claimed += len(rows)
        assert claimed == 1
        desk.clock.turn(seconds=61)
    await desk.decide()
    (bad,) = await desk.shop.stuck()
    assert "died" in bad.error


async def test_who_lost_the_lease_of_a_fact_changes_nothing(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.decide()
    await desk.shop.says("order.paid", "N-1")
    house = desk.house
    slow = await house.store.write(lambda tx: leases.claim(tx, EventRow, most=9, now=desk.clock.now(), lease_s=60))
    desk.clock.turn(seconds=61)
    await desk.decide()
    with pytest.raises(Conflict):
        await house.store.write(lambda tx: decide(tx, slow, house.worker.means, desk.clock))
    assert (len(await desk.shop.slots()), (await desk.shop.product()).free) == (1, 0)


async def test_an_unpaid_order_expires_by_its_timer_once(desk: Desk) -> None:
    await desk.hears("order.created")
    desk.clock.turn(minutes=31)
    assert [await desk.ring() for _ in range(3)] == [1, 0, 0]
    assert (await desk.shop.order("N-1")).status == "expired"
    assert heard_by(await desk.shop.messages(), "order.expired") == [("buyer", "inbox")]


async def test_no_timer_rings_early(desk: Desk) -> None:
    await desk.hears("order.created")
    desk.clock.turn(minutes=29, seconds=59)
    assert await desk.ring() == 0
    assert (await desk.shop.order("N-1")).status == "pending"


async def test_the_shops_own_deadline_counts(desk: Desk) -> None:
    await desk.hears("order.created", expires_at="2026-11-22T10:05:00Z")
    desk.clock.turn(minutes=6)
    await desk.ring()
    assert (await desk.shop.order("N-1")).status == "expired"


async def test_a_paid_order_lets_its_timer_ring_in_vain(desk: Desk) -> None:
    await desk.hears("order.created")
    await desk.hears("order.paid")
    desk.clock.turn(minutes=31)
    assert await desk.ring() == 1
    assert (await desk.shop.order("N-1")).status == "paid"
    assert [row.state for row in await desk.shop.rows(Timer)] == [State.DONE]


async def test_an_order_first_heard_of_by_a_failed_payment_expires_too(desk: Desk) -> None:
    await desk.hears("payment.failed")
    desk.clock.turn(minutes=31)
    await desk.ring()
    assert (await desk.shop.order("N-1")).status == "expired"


async def test_money_that_comes_after_the_expiry_still_buys(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.hears("order.created")
    desk.clock.turn(minutes=31)
    await desk.ring()
    await desk.hears("order.paid")
    assert (await desk.shop.order("N-1")).status == "delivered"


async def test_money_for_a_cancelled_order_opens_a_task(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.hears("order.cancelled")
    await desk.hears("order.paid")
    assert (await desk.shop.order("N-1")).status == "cancelled"
    assert [task.kind for task in await desk.shop.tasks()] == ["late_payment"]
    assert (await desk.shop.product()).free == 1


@pytest.mark.parametrize("rival", ["order.cancelled", "order.expired"])
async def test_paying_and_ending_at_once_has_one_winner(desk: Desk, rival: str) -> None:
    numbers = [f"N-{n}" for n in range(100)]
    await desk.shop.stock(*(f"KEY-{number}" for number in numbers))
    said = [desk.shop.says(type_, number) for number in numbers for type_ in (rival, "order.paid")]
    random.Random(7).shuffle(said)
    await asyncio.gather(*said, desk.decide(), desk.decide())
    await desk.decide()
    orders = [await desk.shop.order(number) for number in numbers]
    slots = {slot.order_id for slot in await desk.shop.slots()}
    won = {order.status for order in orders if order.id in slots}
    assert (won, {order.status for order in orders if order.id not in slots} <= {rival[6:]}) == ({"delivered"}, True)
    assert (await desk.shop.product()).free == 100 - len(slots)
    late = {task.subject_id for task in await desk.shop.tasks() if task.kind == "late_payment"}
    assert late == {order.id for order in orders if order.id not in slots}


async def test_goods_that_went_out_stay_sold_after_a_refund(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.hears("order.paid")
    await desk.hears("order.refunded")
    product = await desk.shop.product()
    assert ((await desk.shop.order("N-1")).status, product.free, product.sold) == ("refunded", 0, 1)
    assert ("buyer", "email") in heard_by(await desk.shop.messages(), "order.refunded")


async def test_a_refund_heard_before_the_payment_hands_out_nothing(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.hears("order.refunded")
    await desk.hears("order.paid")
    assert ((await desk.shop.order("N-1")).status, (await desk.shop.product()).free) == ("refunded", 1)


async def test_a_fact_by_the_name_of_one_of_ours_does_no_harm(desk: Desk) -> None:
    await desk.hears("order.created")
    order = await desk.shop.order("N-1")
    await desk.shop.says("order.created", "N-9", id_=f"orderbell:{order.id}:order.expired")
    desk.clock.turn(minutes=31)
    await desk.ring()
    assert await desk.shop.stuck() == []


async def test_every_rule_says_in_the_story_whether_it_matched(desk: Desk) -> None:
    await desk.hears("order.paid")
    (row,) = await desk.shop.rows(EventRow, natural_id="order.paid:N-1")
    steps = [step["step"] for step in row.story]
    rules = [step for step in row.story if step["step"] == "rule"]
    assert steps[0] == "order"
    assert {rule["name"] for rule in rules} >= {"Payment received", "New paid order"}
    assert all(rule["matched"] for rule in rules)


async def test_a_message_that_finds_a_seat_is_leased_from_birth_and_the_others_wait(desk: Desk) -> None:
    for address in ("1", "2"):
        await desk.shop.add_account("webhook", url=f"http://127.0.0.1:9/{address}")
    await desk.shop.says("order.paid", "N-1")
    house, now = desk.house, desk.clock.now()
    rows = await house.store.write(lambda tx: leases.claim(tx, EventRow, most=9, now=now, lease_s=60))
    means, seats = house.worker.means, Seats(1)
    outbound = await house.store.write(lambda tx: decide(tx, rows, means, desk.clock, seats=seats))
    told = await desk.shop.messages(channel="webhook", event_type="order.paid")
    first, second = sorted(told, key=lambda row: row.lease_gen, reverse=True)
    (flight,) = outbound.flights
    assert (flight.row.id, flight.number, outbound.waits) == (first.id, 1, True)
    assert (first.state, first.tries, first.due_at) == (State.LEASED, 1, now + timedelta(seconds=means.lease_s))
    assert (second.state, second.tries) == (State.READY, 0)
