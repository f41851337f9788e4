"""The page after a restore: the difference, the button that goes on, and what becomes of cards that were set aside."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, update
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends

from orderbell.base.ids import new_id
from orderbell.domain import restored
from orderbell.runtime import confirm
from orderbell.store import marker
from orderbell.store.database import Tx
from orderbell.store.marker import Restored
from orderbell.store.schema import Card, LostSale, Shop

PAGE = "/panel/restored"


async def pause(shop: Shopkeeper, *, journal_lost: bool = False) -> None:
    """The house as it stands after a restore; of its stock two cards are in doubt, one is known as sold to N-77."""
    now = shop.house.clock.now()
    mark = Restored(
        source="orderbell-20261121T190000Z", snapshot_at=now - timedelta(hours=9), restored_at=now, lines=1,
        state=marker.PAUSED, journal_lost=journal_lost,
    )  # fmt: skip

    def lose(tx: Tx) -> None:
        marker.put(tx, mark)
        tx.execute(
            insert(LostSale).values(
                card_id=new_id("card"), shop_id=shop.id, slot_id=new_id("slot"), order_number="N-77", line_n=1,
                piece=1, gen=0, product_id=shop.product_id, sku="steam-100", fingerprint=b"", at=now, fate="sold",
            )
        )  # fmt: skip

    await shop.house.store.write(lose)
    await confirm.wake(shop.house)


async def set_aside(shop: Shopkeeper) -> None:
    """Every card of the shop is in doubt."""
    now = shop.house.clock.now()
    await shop.house.store.write(lambda tx: restored.set_free_aside(tx, shop.id, by="t", now=now))


async def states(shop: Shopkeeper) -> dict[str, int]:
    """How many cards there are in each state."""
    found = [row.state for row in await shop.rows(Card)]
    return {state: found.count(state) for state in set(found)}


async def test_every_page_says_that_the_house_is_paused_until_it_goes_on(
    panel: Client, shop: Shopkeeper, send: Sends
) -> None:
    assert "Paused after a restore" not in (await panel.get("/panel/orders")).text
    await pause(shop)
    assert "Paused after a restore" in (await panel.get("/panel/orders")).text
    assert "N-77" in (await panel.get(PAGE)).text
    answer = await send(PAGE, f"{PAGE}/go-on")
    assert "Going on" in answer.text and not shop.house.past.is_paused
    assert "Paused after a restore" not in (await panel.get("/panel/orders")).text


async def test_going_on_twice_is_refused(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await pause(shop)
    await send(PAGE, f"{PAGE}/go-on")
    assert (await send(PAGE, f"{PAGE}/go-on")).status_code == 409


async def test_a_lost_journal_is_said_and_the_whole_stock_can_be_set_aside(
    panel: Client, shop: Shopkeeper, send: Sends
) -> None:
    await shop.stock("KEY-1", "KEY-2")
    await pause(shop, journal_lost=True)
    assert "allocation journal is gone" in (await panel.get(PAGE)).text
    await send(PAGE, f"{PAGE}/set-aside")
    assert await states(shop) == {"quarantine": 2} and (await shop.product()).free == 0


async def test_cards_set_aside_go_back_to_the_stock(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await shop.stock("KEY-1", "KEY-2")
    await pause(shop)
    await set_aside(shop)
    answer = await send(PAGE, f"{PAGE}/products/{shop.product_id}/return")
    assert "back in the stock" in answer.text
    assert await states(shop) == {"free": 2} and (await shop.product()).free == 2


async def test_cards_set_aside_can_be_written_off(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await shop.stock("KEY-1", "KEY-2")
    await pause(shop)
    await set_aside(shop)
    await send(PAGE, f"{PAGE}/products/{shop.product_id}/write-off")
    assert await states(shop) == {"void": 2} and (await shop.product()).free == 0


async def test_a_stock_that_is_not_in_doubt_cannot_be_set_aside(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await shop.stock("KEY-1")
    assert (await send(PAGE, f"{PAGE}/set-aside")).status_code == 409
    assert await states(shop) == {"free": 1}


@pytest.mark.parametrize("deed", ["go-on", "set-aside"])
async def test_an_onlooker_may_look_and_not_decide(onlooker: Client, shop: Shopkeeper, send: Sends, deed: str) -> None:
    await pause(shop)
    assert "I have seen this" not in (await onlooker.get(PAGE)).text
    assert (await send(PAGE, f"{PAGE}/{deed}")).status_code == 403
    assert shop.house.past.is_paused


async def test_where_several_shops_live_no_single_owner_goes_on(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await pause(shop)
    row = dict((await shop.house.store.read(lambda tx: tx.execute(Shop.__table__.select()).one()))._mapping)
    await shop.house.store.write(lambda tx: tx.execute(insert(Shop).values(row | {"id": new_id("shop")})))
    assert (await send(PAGE, f"{PAGE}/go-on")).status_code == 403
    await shop.house.store.write(lambda tx: tx.execute(update(Shop).values(name="again")))
    assert shop.house.past.is_paused


async def test_a_house_that_was_never_restored_says_so(panel: Client) -> None:
    assert "Nothing was restored" in (await panel.get(PAGE)).text
