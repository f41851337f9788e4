"""Lives of orders as shop systems tell them, from their recorded requests to what buyer and staff hear."""

from __future__ import annotations

from sqlalchemy import select
from tests.cast import Shopkeeper, heard_by
from tests.sources.recordings import recorded

from orderbell.domain import catalog
from orderbell.domain.goods import Viewer, reveal
from orderbell.sources.directory import SOURCES
from orderbell.store.database import Tx
from orderbell.store.journal import Entry, Recorded
from orderbell.store.schema import EventRow, LineRow

KEYS = ["KEY-AAAA-1111", "KEY-BBBB-2222"]


async def calls(shop: Shopkeeper, kind: str, name: str) -> list[Recorded]:
    """A shop system's recorded request comes in."""
    reading = SOURCES[kind].read(recorded(f"{kind}/{name}"), {})
    box = (await shop.house.vault(shop.id)).box
    entries = [Entry(shop_id=shop.id, source_id="src_1", event=event, box=box) for event in reading.events]
    return await shop.house.record(entries)


async def number_of(shop: Shopkeeper) -> str:
    """The number of the only order."""
    query = select(EventRow.order_number).where(EventRow.shop_id == shop.id).distinct()
    return str(
        await shop.house.store.read(lambda tx: tx.execute(query.where(EventRow.order_number.is_not(None))).scalar_one())
    )


async def sells_with_us(shop: Shopkeeper, name: str, *keys: str) -> None:
    """The shop keeps the goods of that recorded order in our vault."""
    reading = SOURCES["woocommerce"].read(recorded(f"woocommerce/{name}"), {})
    now = shop.house.clock.now()
    for line in reading.events[0].order.lines:  # type: ignore[attr-defined]

        def add(tx: Tx, sku: str = line.sku) -> str:
            return catalog.add_product(tx, shop.id, sku=sku, title=sku, now=now)

        shop.product_id = await shop.house.store.write(add)
        await shop.stock(*keys)


async def seen(shop: Shopkeeper, number: str) -> list[str]:
    """What the buyer sees after asking for the goods."""
    order, vault = await shop.order(number), await shop.house.vault(shop.id)
    pieces = await shop.house.store.write(
        lambda tx: reveal(tx, vault, order.id, viewer=Viewer(by="buyer"), now=shop.house.clock.now())
    )
    return [piece.key for piece in pieces]


async def test_a_woocommerce_order_is_told_like_any_other(shop: Shopkeeper) -> None:
    await sells_with_us(shop, "order_updated_processing", *(f"KEY-{n}" for n in range(9)))
    await calls(shop, "woocommerce", "order_updated_processing")
    await shop.settled()
    messages = await shop.messages()
    assert (await shop.order(await number_of(shop))).status == "delivered"
    assert heard_by(messages, "order.delivered") == [("buyer", "email"), ("buyer", "inbox")]
    assert ("buyer", "inbox") in heard_by(messages, "order.paid")


async def test_the_same_woocommerce_call_again_changes_nothing(shop: Shopkeeper) -> None:
    await sells_with_us(shop, "order_updated_processing", *(f"KEY-{n}" for n in range(9)))
    for _ in range(3):
        answers = await calls(shop, "woocommerce", "order_updated_processing")
        await shop.settled()
    assert {answer.status for answer in answers} == {"duplicate"}
    lines = await shop.rows(LineRow)
    assert len(await shop.slots()) == sum(line.quantity for line in lines)


async def test_a_woocommerce_order_completed_at_once_gets_its_goods_too(shop: Shopkeeper) -> None:
    await sells_with_us(shop, "order_updated_completed", *(f"KEY-{n}" for n in range(9)))
    await calls(shop, "woocommerce", "order_updated_completed")
    await shop.settled()
    assert (await shop.order(await number_of(shop))).status == "completed"
    assert ("buyer", "email") in heard_by(await shop.messages(), "order.delivered")
    assert await shop.tasks() == []


async def test_keys_dujiaoka_handed_out_are_kept_sealed_and_shown(shop: Shopkeeper) -> None:
    await calls(shop, "dujiaoka", "auto_two_keys")
    await shop.settled()
    number = await number_of(shop)
    assert ((await shop.order(number)).status, await seen(shop, number)) == ("delivered", KEYS)
    assert ("buyer", "email") in heard_by(await shop.messages(), "order.delivered")
    everything = [*await shop.rows(EventRow), *await shop.slots(), *await shop.messages()]
    assert "KEY-AAAA" not in repr(everything)


async def test_a_dujiaoka_call_repeated_adds_no_second_piece(shop: Shopkeeper) -> None:
    for _ in range(3):
        await calls(shop, "dujiaoka", "auto_two_keys")
        await shop.settled()
    assert (len(await shop.slots()), await shop.stuck()) == (2, [])


async def test_the_oversell_sentence_is_a_debt_and_never_a_card(shop: Shopkeeper) -> None:
    await calls(shop, "dujiaoka", "oversell_zh_cn")
    await shop.settled()
    order = await shop.order(await number_of(shop))
    messages = await shop.messages()
    assert (order.status, order.owed, await shop.slots()) == ("paid", 1, [])
    assert {("buyer", "email"), ("staff", "email")} <= set(heard_by(messages, "order.owed"))
    assert heard_by(messages, "order.delivered") == []
    assert [task.kind for task in await shop.tasks()] == ["owed"]


async def test_an_order_cancelled_in_woocommerce_is_told_and_refunded_ones_too(shop: Shopkeeper) -> None:
    await calls(shop, "woocommerce", "order_updated_cancelled")
    await calls(shop, "woocommerce", "order_updated_refunded")
    await shop.settled()
    told = {row.event_type for row in await shop.messages(audience="buyer", channel="email")}
    assert told & {"order.cancelled", "order.refunded"}
    assert await shop.slots() == []
