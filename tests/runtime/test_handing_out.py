"""Handing out cards: to each what is theirs, whatever comes in which order, and never silently nothing."""

from __future__ import annotations

from tests.cast import heard_by
from tests.runtime.conftest import Desk

from orderbell.domain import catalog
from orderbell.domain.goods import Viewer, reveal
from orderbell.events import Line
from orderbell.store.schema import Card, EventRow

STEAM = {"sku": "steam-100", "title": "Steam", "quantity": 1, "price": "99.00"}
COURSE = {"sku": "course", "title": "Course", "quantity": 1, "price": "99.00"}


async def reserving(desk: Desk) -> None:
    """Let `steam-100` be reserved by unpaid orders."""
    await desk.house.store.write(
        lambda tx: catalog.change_product(tx, desk.shop.id, desk.shop.product_id, reserve_on_order=1)
    )


async def states(desk: Desk) -> list[str]:
    return sorted(card.state for card in await desk.shop.rows(Card))


async def shown(desk: Desk, number: str) -> list[str]:
    """What the buyer sees."""
    vault, order = await desk.house.vault(desk.shop.id), await desk.shop.order(number)
    pieces = await desk.house.store.write(
        lambda tx: reveal(tx, vault, order.id, viewer=Viewer(by="buyer"), now=desk.clock.now())
    )
    return [piece.key for piece in pieces]


async def test_a_batch_larger_than_one_fetch_gets_all_its_cards(desk: Desk) -> None:
    await desk.shop.stock(*(f"KEY-{n}" for n in range(100)))
    for n in range(100):
        await desk.shop.says("order.paid", f"N-{n}")
    await desk.decide()
    assert {(await desk.shop.order(f"N-{n}")).status for n in range(100)} == {"delivered"}
    assert await states(desk) == ["sold"] * 100


async def test_a_reserved_card_waits_for_its_own_order(desk: Desk) -> None:
    await reserving(desk)
    await desk.shop.stock("KEY-1")
    await desk.hears("order.created", "N-1")
    await desk.hears("order.paid", "N-2")
    assert ((await desk.shop.order("N-2")).owed, await states(desk)) == (1, ["reserved"])
    await desk.hears("order.paid", "N-1")
    product = await desk.shop.product()
    assert ((await desk.shop.order("N-1")).status, product.free, product.sold) == ("delivered", 0, 1)


async def test_an_order_placed_paid_and_refunded_in_one_batch_leaves_the_counts_right(desk: Desk) -> None:
    await reserving(desk)
    await desk.shop.stock("KEY-1", "KEY-2")
    for type_ in ("order.created", "order.paid", "order.refunded"):
        await desk.shop.says(type_, "N-1")
    await desk.decide()
    product = await desk.shop.product()
    assert (await states(desk), product.free, product.sold) == (["free", "sold"], 1, 1)


async def test_an_order_placed_and_paid_in_one_batch_uses_the_card_it_reserved(desk: Desk) -> None:
    await reserving(desk)
    await desk.shop.stock("KEY-1", "KEY-2")
    await desk.shop.says("order.created", "N-1")
    await desk.shop.says("order.paid", "N-1")
    await desk.decide()
    product = await desk.shop.product()
    assert (await states(desk), product.free, product.sold) == (["free", "sold"], 1, 1)


async def test_an_expired_order_gives_its_reserved_card_back(desk: Desk) -> None:
    await reserving(desk)
    await desk.shop.stock("KEY-1")
    await desk.hears("order.created")
    assert (await desk.shop.product()).free == 0
    desk.clock.turn(minutes=31)
    await desk.ring()
    assert (await states(desk), (await desk.shop.product()).free) == (["free"], 1)


async def test_a_card_that_comes_back_goes_to_those_who_paid_and_wait(desk: Desk) -> None:
    await reserving(desk)
    await desk.shop.stock("KEY-1")
    await desk.hears("order.created", "N-1")
    await desk.hears("order.paid", "N-2")
    assert (await desk.shop.order("N-2")).owed == 1
    await desk.hears("order.cancelled", "N-1")
    waiting, product = await desk.shop.order("N-2"), await desk.shop.product()
    assert (waiting.status, waiting.owed, product.free, product.sold) == ("delivered", 0, 0, 1)


async def test_an_order_placed_and_cancelled_in_one_batch_keeps_no_card(desk: Desk) -> None:
    await reserving(desk)
    await desk.shop.stock("KEY-1")
    await desk.shop.says("order.created", "N-1")
    await desk.shop.says("order.cancelled", "N-1")
    await desk.decide()
    assert (await states(desk), (await desk.shop.product()).free) == (["free"], 1)


async def test_a_refund_takes_the_unused_card_back(desk: Desk) -> None:
    await reserving(desk)
    await desk.shop.stock("KEY-1")
    await desk.hears("order.created")
    await desk.hears("order.refunded")
    assert (await states(desk), (await desk.shop.product()).free) == (["free"], 1)


async def test_paid_and_completed_in_one_breath_still_tells_of_the_goods(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.shop.says("order.paid", "N-1")
    await desk.shop.says("order.completed", "N-1")
    await desk.decide()
    assert (await desk.shop.order("N-1")).status == "completed"
    told = [row.event_type for row in await desk.shop.messages(channel="inbox")]
    assert told == ["order.paid", "order.delivered", "order.completed"]


async def test_paid_and_completed_in_one_breath_without_a_card_is_owed(desk: Desk) -> None:
    await desk.shop.says("order.paid", "N-1")
    await desk.shop.says("order.completed", "N-1")
    await desk.decide()
    order = await desk.shop.order("N-1")
    assert (order.status, order.owed) == ("paid", 1)
    assert [task.kind for task in await desk.shop.tasks()] == ["owed"]


async def test_an_order_completed_before_we_hear_that_it_was_paid_gets_its_card(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.hears("order.completed")
    await desk.hears("order.paid")
    order = await desk.shop.order("N-1")
    assert (order.status, order.delivered_at, await shown(desk, "N-1")) == ("completed", desk.clock.now(), ["KEY-1"])
    assert ("buyer", "email") in heard_by(await desk.shop.messages(), "order.delivered")


async def test_an_order_completed_without_a_card_is_owed_and_served_later(desk: Desk) -> None:
    await desk.hears("order.completed")
    assert (await desk.shop.order("N-1")).owed == 1
    await desk.shop.stock("KEY-1")
    await desk.decide()
    assert (await shown(desk, "N-1"), await desk.shop.tasks()) == (["KEY-1"], [])


async def test_an_order_paid_and_cancelled_in_one_breath_is_not_owed(desk: Desk) -> None:
    await desk.shop.says("order.paid", "N-1")
    await desk.shop.says("order.cancelled", "N-1")
    await desk.decide()
    order = await desk.shop.order("N-1")
    assert (order.status, order.owed, await desk.shop.tasks()) == ("cancelled", 0, [])


async def test_what_was_bought_may_be_told_after_the_money_came(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.hears("order.paid", "N-1", lines=[])
    assert (await desk.shop.order("N-1")).status == "paid"
    await desk.hears("order.created", "N-1")
    assert ((await desk.shop.order("N-1")).status, await shown(desk, "N-1")) == ("delivered", ["KEY-1"])


async def test_a_held_order_gets_its_card_when_it_is_approved(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.finds_out("review.needed", "N-1", Line(sku="steam-100"))
    await desk.hears("order.paid", "N-1")
    assert await desk.shop.slots() == []
    await desk.finds_out("review.approved")
    await desk.decide()
    assert (await desk.shop.order("N-1")).status == "delivered"


async def test_money_and_approval_in_one_batch_hand_out_once(desk: Desk) -> None:
    await desk.shop.stock("KEY-1", "KEY-2")
    await desk.finds_out("review.needed", "N-1", Line(sku="steam-100"))
    await desk.shop.says("order.paid", "N-1")
    await desk.finds_out("review.approved")
    await desk.decide()
    assert (len(await desk.shop.slots()), (await desk.shop.product()).free) == (1, 1)
    assert await desk.shop.stuck() == []


async def test_two_restocks_in_one_batch_serve_an_owed_order_once(desk: Desk) -> None:
    await desk.hears("order.paid")
    await desk.shop.stock("KEY-1")
    await desk.shop.stock("KEY-2")
    await desk.decide()
    assert (len(await desk.shop.slots()), (await desk.shop.product()).free) == (1, 1)
    assert len(await desk.shop.messages(event_type="order.delivered", channel="email")) == 1


async def test_our_part_of_a_mixed_order_is_filled_once_and_owed_no_more(desk: Desk) -> None:
    await desk.hears("order.paid", "N-1", lines=[STEAM, COURSE])
    assert (await desk.shop.order("N-1")).owed == 1
    for n in range(3):
        await desk.shop.stock(f"KEY-{n}")
        await desk.decide()
    order = await desk.shop.order("N-1")
    assert (order.status, order.owed, await desk.shop.tasks()) == ("paid", 0, [])
    assert (await desk.shop.stuck(), (await desk.shop.product()).free) == ([], 2)


async def test_our_part_of_a_mixed_order_is_not_filled_again_by_later_news(desk: Desk) -> None:
    await desk.shop.stock("KEY-1", "KEY-2")
    await desk.hears("order.paid", "N-1", lines=[STEAM, COURSE])
    await desk.finds_out("review.approved")
    await desk.decide()
    await desk.hears("order.completed", "N-1")
    assert (await desk.shop.stuck(), await shown(desk, "N-1")) == ([], ["KEY-1"])
    assert [row.error for row in await desk.shop.rows(EventRow) if row.error] == []


async def test_what_the_shop_hands_out_stands_beside_our_card(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.hears("order.paid", "N-1", lines=[STEAM, COURSE])
    await desk.finds_out("order.delivered", "N-1", goods=("https://course",))
    await desk.decide()
    assert ((await desk.shop.order("N-1")).status, await desk.shop.stuck()) == ("delivered", [])
    assert await shown(desk, "N-1") == ["KEY-1", "https://course"]


async def test_a_restock_serves_the_order_that_waited_longest(desk: Desk) -> None:
    for number in ("N-1", "N-2"):
        await desk.hears("order.paid", number)
        desk.clock.turn(seconds=5)
    await desk.shop.stock("KEY-1")
    await desk.decide()
    assert [(await desk.shop.order(number)).owed for number in ("N-1", "N-2")] == [0, 1]


async def test_low_stock_is_told_once_and_again_after_a_restock(desk: Desk) -> None:
    await desk.house.store.write(lambda tx: catalog.change_product(tx, desk.shop.id, desk.shop.product_id, low_at=2))
    await desk.shop.stock("KEY-1", "KEY-2", "KEY-3", "KEY-4")
    for n in range(4):
        await desk.hears("order.paid", f"N-{n}")
    await desk.shop.stock("KEY-5", "KEY-6", "KEY-7")
    await desk.decide()
    await desk.hears("order.paid", "N-9")
    told = [row.event_type for row in await desk.shop.messages(channel="email", audience="staff")]
    assert told == ["stock.low", "stock.out", "stock.low"]
