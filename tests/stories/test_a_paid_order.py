"""The main story: paid, handed out, told; and what happens when there is no card."""

from __future__ import annotations

import asyncio

from tests.cast import Shopkeeper, event_json, heard_by


async def test_a_paid_order_gets_its_card_and_everybody_hears(shop: Shopkeeper) -> None:
    await shop.stock("KEY-1")
    await shop.says("order.paid", "N-1")
    await shop.settled()
    order = await shop.order("N-1")
    messages = await shop.messages()
    assert (order.status, order.owed) == ("delivered", 0)
    assert heard_by(messages, "order.delivered") == [("buyer", "email"), ("buyer", "inbox")]
    assert {row.status for row in messages if row.reason != "superseded"} <= {"sent", "delivered"}
    assert len(await shop.slots()) == 1


async def test_the_same_event_again_and_again_changes_nothing(shop: Shopkeeper) -> None:
    await shop.stock("KEY-1", "KEY-2")
    await shop.says("order.paid", "N-1")
    await shop.settled()
    before = await shop.messages()
    answers = await asyncio.gather(*(shop.says("order.paid", "N-1") for _ in range(16)))
    await shop.settled()
    assert {answer[0].status for answer in answers} == {"duplicate"}
    assert len(await shop.messages()) == len(before)
    assert (await shop.product()).free == 1


async def test_the_same_fact_under_another_name_sells_no_second_card(shop: Shopkeeper) -> None:
    await shop.stock("KEY-1", "KEY-2")
    await shop.says_raw(*(event_json("order.paid", "N-1", id_=f"call-{n}") for n in range(5)))
    await shop.settled()
    assert len(await shop.slots()) == 1
    assert len(await shop.messages(event_type="order.delivered")) == 2


async def test_paid_but_no_card_is_owed_and_never_called_delivered(shop: Shopkeeper) -> None:
    await shop.says("order.paid", "N-4")
    await shop.settled()
    order, messages = await shop.order("N-4"), await shop.messages()
    assert (order.status, order.owed) == ("paid", 1)
    told = heard_by(messages, "order.owed")
    assert {("buyer", "email"), ("buyer", "inbox"), ("staff", "email")} <= set(told)
    assert heard_by(messages, "order.delivered") == []
    assert [task.kind for task in await shop.tasks()] == ["owed"]


async def test_a_restock_delivers_what_is_owed_by_itself(shop: Shopkeeper) -> None:
    await shop.says("order.paid", "N-4")
    await shop.settled()
    await shop.stock("KEY-9")
    await shop.settled()
    assert (await shop.order("N-4")).status == "delivered"
    assert len(await shop.messages(event_type="order.delivered")) == 2
    assert await shop.tasks() == []


async def test_several_pieces_are_all_or_nothing(shop: Shopkeeper) -> None:
    await shop.stock("KEY-1")
    line = {"sku": "steam-100", "title": "Steam", "quantity": 2, "price": "99.00"}
    await shop.says("order.paid", "N-1", lines=[line])
    await shop.settled()
    assert (await shop.order("N-1")).owed == 1
    assert (await shop.product()).free == 1
    await shop.stock("KEY-2")
    await shop.settled()
    assert {slot.piece for slot in await shop.slots()} == {1, 2}


async def test_a_hundred_orders_for_fifty_cards_sell_fifty(shop: Shopkeeper) -> None:
    await shop.stock(*(f"KEY-{n}" for n in range(50)))
    await asyncio.gather(*(shop.says("order.paid", f"N-{n}") for n in range(100)))
    await shop.settled(60)
    slots = await shop.slots()
    assert len({slot.card_id for slot in slots}) == len(slots) == 50
    assert len(await shop.tasks()) == 50
    product = await shop.product()
    assert (product.free, product.sold) == (0, 50)


async def test_an_order_of_a_product_we_do_not_keep_stays_the_shops(shop: Shopkeeper) -> None:
    line = {"sku": "elsewhere", "title": "Elsewhere", "quantity": 1, "price": "99.00"}
    await shop.says("order.paid", "N-1", lines=[line])
    await shop.settled()
    assert (await shop.order("N-1")).status == "paid"
    assert await shop.tasks() == []


async def test_a_buyer_is_not_mailed_twice_when_the_goods_come_with_the_money(shop: Shopkeeper) -> None:
    await shop.stock("KEY-1")
    await shop.says("order.paid", "N-1")
    await shop.settled()
    mails = await shop.messages(channel="email", audience="buyer")
    assert [(row.event_type, row.status, row.reason) for row in mails if row.status != "suppressed"] == [
        ("order.delivered", "sent", "sandbox")
    ]


async def test_a_buyer_whose_shop_delivers_itself_is_mailed_that_the_money_came(shop: Shopkeeper) -> None:
    line = {"sku": "elsewhere", "title": "Elsewhere", "quantity": 1, "price": "99.00"}
    await shop.says("order.paid", "N-1", lines=[line])
    await shop.settled()
    mails = await shop.messages(channel="email", audience="buyer")
    assert [(row.event_type, row.status) for row in mails] == [("order.paid", "sent")]
