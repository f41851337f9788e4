"""The card vault: each key once, bound to its row, sold once, and never lost from the count."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from tests.domain.stand import LATER, NOW, Stand, free_count, order_id

from orderbell.base.errors import BadInput, Conflict, Misconfigured, NotFound, OrderBellError
from orderbell.domain import cards, catalog
from orderbell.store.database import Tx
from orderbell.store.schema import Card, Product


def test_pasted_text_becomes_keys_one_a_line() -> None:
    assert cards.split_lines("\ufeffKEY-1\r\n\n  KEY-2 \n\t\nKEY-3") == ["KEY-1", "KEY-2", "KEY-3"]


@pytest.mark.parametrize(("key", "why"), [
    ("KEY-1", None), ("user\tpassword", None), ("卡密", None), ("a\x00b", "control_character"),
    ("x" * 4001, "too_long"),
])  # fmt: skip
def test_a_line_that_cannot_be_a_key_says_why(key: str, why: str | None) -> None:
    assert cards.check_key(key) == why


async def test_a_key_is_taken_once_per_product_for_ever(stand: Stand) -> None:
    first = await stand.stock("KEY-1", "KEY-2", "KEY-1")
    again = await stand.stock("KEY-2", "KEY-3")
    assert (first.taken, first.duplicates, again.taken, again.duplicates) == (2, 1, 1, 1)
    assert (await stand.product()).free == 3


async def test_two_imports_of_the_same_keys_at_once_take_each_key_once(stand: Stand) -> None:
    keys = [f"KEY-{n}" for n in range(40)]
    done = await asyncio.gather(*(stand.stock(*keys[::step]) for step in (1, -1, 1, -1)))
    assert sum(each.taken for each in done) == 40
    assert ((await stand.product()).free, await stand.states()) == (40, {"free": 40})


async def test_more_keys_than_one_statement_holds_are_all_taken(stand: Stand) -> None:
    done = await stand.stock(*(f"KEY-{n}" for n in range(cards.CHUNK * 2 + 1)))
    assert (done.taken, (await stand.product()).free) == (1001, 1001)


async def test_lines_that_are_no_keys_are_named_and_the_others_taken(stand: Stand) -> None:
    done = await stand.stock("KEY-1", "x" * 5000, "KEY-2", "a\x01b")
    assert (done.taken, done.refused) == (2, ((2, "too_long"), (4, "control_character")))


async def test_keys_go_only_into_a_product_of_this_shop_that_takes_them(stand: Stand) -> None:
    other = await Stand.open(stand.store)
    with pytest.raises(NotFound):
        await stand.store.write(
            lambda tx: cards.import_cards(tx, stand.vault, other.product_id, ["K"], import_id=None, now=NOW)
        )
    await stand.store.write(lambda tx: tx.execute(update(Product).values(kind="service")))
    with pytest.raises(Conflict):
        await stand.stock("KEY-1")


async def test_the_same_key_may_be_stocked_in_two_shops(stand: Stand) -> None:
    other = await Stand.open(stand.store)
    assert [(await each.stock("KEY-1")).taken for each in (stand, other)] == [1, 1]


async def test_no_key_is_in_clear_in_any_column(stand: Stand) -> None:
    await stand.stock("CANARY-1")
    (card,) = await stand.cards()
    assert b"CANARY" not in repr(card).encode()
    assert stand.vault.open(card.product_id, card.id, card.sealed) == "CANARY-1"


async def test_a_key_moved_to_another_card_does_not_open(stand: Stand) -> None:
    await stand.stock("KEY-1", "KEY-2")
    one, two = await stand.cards()
    for product_id, card_id in ((one.product_id, two.id), ("prd_other", one.id)):
        with pytest.raises(Misconfigured):
            stand.vault.open(product_id, card_id, one.sealed)


@pytest.mark.parametrize("values", [{"state": "free"}, {"state": "reserved"}, {"slot_id": None}, {"slot_id": "slt_x"}])
async def test_the_database_itself_keeps_a_sold_card_sold(stand: Stand, values: dict[str, Any]) -> None:
    await stand.stock("KEY-1")
    await stand.store.write(lambda tx: stand.hand_out(tx, order_id()))
    with pytest.raises(DBAPIError, match="sold card stays sold"):
        await stand.store.write(lambda tx: tx.execute(update(Card).values(**values)))
    assert await stand.states() == {"sold": 1}


async def test_a_sold_card_may_become_void(stand: Stand) -> None:
    await stand.stock("KEY-1")
    await stand.store.write(lambda tx: stand.hand_out(tx, order_id()))
    await stand.store.write(lambda tx: tx.execute(update(Card).values(state="void")))
    assert await stand.states() == {"void": 1}


async def test_a_card_is_in_one_slot_at_most(stand: Stand) -> None:
    await stand.stock("KEY-1")
    (card,) = await stand.cards()
    await stand.store.write(lambda tx: stand.bind(tx, order_id(), [card.id]))
    with pytest.raises((DBAPIError, OrderBellError)):
        await stand.store.write(lambda tx: stand.bind(tx, order_id(), [card.id]))


async def test_selling_a_card_twice_undoes_the_whole_sale(stand: Stand) -> None:
    await stand.stock("KEY-1", "KEY-2")
    one, two = await stand.cards()
    await stand.store.write(lambda tx: cards.sell(tx, [(one.id, "slt_1")], NOW))
    with pytest.raises(Conflict):
        await stand.store.write(lambda tx: cards.sell(tx, [(two.id, "slt_2"), (one.id, "slt_3")], NOW))
    assert await stand.states() == {"sold": 1, "free": 1}


async def test_a_piece_is_never_filled_twice(stand: Stand) -> None:
    await stand.stock("KEY-1", "KEY-2")
    order = order_id()
    await stand.store.write(lambda tx: stand.hand_out(tx, order))
    with pytest.raises(DBAPIError):
        await stand.store.write(lambda tx: stand.hand_out(tx, order))
    assert await stand.states() == {"sold": 1, "free": 1}


async def test_reserved_cards_are_free_for_nobody_else_until_released(stand: Stand) -> None:
    await stand.stock("KEY-1", "KEY-2")
    one, two = await stand.cards()
    await stand.store.write(lambda tx: cards.reserve(tx, [one.id], "ord_1", until=LATER))
    assert await stand.store.write(lambda tx: cards.take_free(tx, stand.vault.shop_id, stand.product_id, 9)) == [two.id]
    assert await stand.store.write(
        lambda tx: cards.reserved_for(tx, stand.vault.shop_id, stand.product_id, "ord_1")
    ) == [one.id]
    back = await stand.store.write(lambda tx: cards.release(tx, stand.vault.shop_id, "ord_1"))
    assert (back, await stand.states()) == ({stand.product_id: 1}, {"free": 2})


async def test_a_card_that_is_not_free_cannot_be_reserved(stand: Stand) -> None:
    await stand.stock("KEY-1", "KEY-2")
    ids = [card.id for card in await stand.cards()]
    await stand.store.write(lambda tx: cards.reserve(tx, ids[:1], "ord_1", until=LATER))
    with pytest.raises(Conflict):
        await stand.store.write(lambda tx: cards.reserve(tx, ids, "ord_2", until=LATER))
    assert await stand.states() == {"reserved": 1, "free": 1}


async def test_releasing_twice_gives_back_once(stand: Stand) -> None:
    await stand.stock("KEY-1")
    (card,) = await stand.cards()
    await stand.store.write(lambda tx: cards.reserve(tx, [card.id], "ord_1", until=LATER))
    backs = [await stand.store.write(lambda tx: cards.release(tx, stand.vault.shop_id, "ord_1")) for _ in range(2)]
    assert backs == [{stand.product_id: 1}, {}]
    assert await stand.store.read(lambda tx: free_count(tx, stand.product_id)) == 2  # 1 imported, 1 released


async def test_another_shop_releases_nothing_of_ours(stand: Stand) -> None:
    await stand.stock("KEY-1")
    (card,) = await stand.cards()
    await stand.store.write(lambda tx: cards.reserve(tx, [card.id], "ord_1", until=LATER))
    assert await stand.store.write(lambda tx: cards.release(tx, "shp_other", "ord_1")) == {}
    assert await stand.states() == {"reserved": 1}


async def test_the_oldest_cards_go_first(stand: Stand) -> None:
    await stand.stock("KEY-1", "KEY-2", "KEY-3")
    ids = [card.id for card in await stand.cards()]
    assert await stand.store.write(lambda tx: cards.take_free(tx, stand.vault.shop_id, stand.product_id, 2)) == ids[:2]


async def test_a_reusable_product_has_one_text_that_can_be_changed(stand: Stand) -> None:
    def make(tx: Tx) -> str:
        shop_id = stand.vault.shop_id
        return catalog.add_product(tx, shop_id, sku="course", title="Course", kind="reusable", now=NOW)

    product_id = await stand.store.write(make)
    for text in ("https://a", "https://b"):
        await stand.store.write(lambda tx, text=text: cards.set_reusable(tx, stand.vault, product_id, text, now=NOW))
    for text, refusal in (("", BadInput), ("x" * 4001, BadInput)):
        with pytest.raises(refusal):
            await stand.store.write(
                lambda tx, text=text: cards.set_reusable(tx, stand.vault, product_id, text, now=NOW)
            )
    with pytest.raises(Conflict):
        await stand.store.write(lambda tx: cards.set_reusable(tx, stand.vault, stand.product_id, "x", now=NOW))
