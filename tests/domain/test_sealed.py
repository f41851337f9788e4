"""What is sealed is bound to its row: no value opens in another row, column, product or shop (promise H2)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import LargeBinary, select, update
from tests.cast import Shopkeeper
from tests.life import full_life

from orderbell.base.errors import Misconfigured
from orderbell.base.secrets import Box, Sealed
from orderbell.domain import goods
from orderbell.domain.goods import Viewer
from orderbell.store.database import Tx
from orderbell.store.schema import METADATA, Card, Shop
from orderbell.store.sealed import SEALED

# Not closed with a data key: keyed fingerprints, the wrapped data keys themselves, and answers the house's own key
# closes for a day, pictures.
OTHERS = {"fingerprint", "data_key", "answer", "png"}


def values(tx: Tx) -> list[tuple[int, str, tuple[str, ...], bytes]]:
    """Every sealed value there is: its column, its shop, what it is bound to, and itself."""
    return [
        (n, row.shop_id, column.words(row), row.value)
        for n, column in enumerate(SEALED)
        for row in tx.execute(column.after("", 100))
    ]


def test_every_column_that_holds_bytes_is_known() -> None:
    found = {(table.name, c.name) for table in METADATA.tables.values() for c in table.c if _is_bytes(c)}
    assert found == {(each.model.__tablename__, each.column) for each in SEALED}


def _is_bytes(column: Any) -> bool:
    return isinstance(column.type, LargeBinary) and column.name not in OTHERS


async def test_a_whole_life_fills_every_sealed_column(shop: Shopkeeper) -> None:
    await full_life(shop)
    found = await shop.house.store.read(values)
    assert {n for n, *_ in found} == set(range(len(SEALED)))


async def test_every_sealed_value_opens_in_its_own_place_and_in_no_other(shop: Shopkeeper) -> None:
    other = await Shopkeeper.open(shop.house)
    for each in (shop, other):
        await full_life(each)
    boxes = await shop.house.store.read(lambda tx: dict(_boxes(tx, shop)))
    found = await shop.house.store.read(values)
    assert len(found) >= 2 * len(SEALED)
    for n, (_, _, _, value) in enumerate(found):
        places = [m for m, (_, shop_id, words, _) in enumerate(found) if opens(boxes[shop_id], value, words)]
        assert places == [n]


def _boxes(tx: Tx, shop: Shopkeeper) -> list[tuple[str, Box]]:
    rows = tx.execute(select(Shop.id, Shop.data_key))
    return [(row.id, shop.house.keyring.box(row.id, row.data_key)) for row in rows]


def opens(box: Box, value: bytes, words: tuple[str, ...]) -> bool:
    """Whether a value opens as if it stood in that place."""
    try:
        box.open(Sealed.unpack(value), *words)
    except Misconfigured:
        return False
    return True


async def test_a_card_whose_bytes_were_swapped_with_another_is_not_shown(shop: Shopkeeper) -> None:
    await shop.stock("KEY-A", "KEY-B")
    await shop.says("order.paid", "N-1")
    await shop.settled()
    sold, free = sorted(await shop.rows(Card), key=lambda row: row.state != "sold")
    await shop.house.store.write(
        lambda tx: tx.execute(update(Card).where(Card.id == sold.id).values(sealed=free.sealed))
    )
    vault, order, now = await shop.house.vault(shop.id), await shop.order("N-1"), shop.house.clock.now()
    with pytest.raises(Misconfigured):
        await shop.house.store.write(lambda tx: goods.reveal(tx, vault, order.id, viewer=Viewer(by="buyer"), now=now))
