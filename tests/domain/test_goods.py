"""What an order got: shown with a trace, replaced once at a time, opened for its own shop only."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert, select
from tests.domain.stand import NOW, Stand, order_id

from orderbell.base.errors import Conflict, NotFound
from orderbell.domain import goods
from orderbell.domain.goods import Viewer
from orderbell.store.database import Tx
from orderbell.store.schema import Audit, LineRow, Order, Reveal

BUYER = Viewer(by="buyer", ip="203.0.113.9", agent="Firefox" * 100)


async def bought(stand: Stand, *keys: str) -> str:
    """An order that got these keys."""
    id_ = order_id()
    plain = {"shop_id": stand.vault.shop_id, "order_id": id_}
    order = {
        "id": id_, "shop_id": stand.vault.shop_id, "number": id_, "status": "delivered", "amount_minor": 1,
        "currency": "CNY", "buyer": {}, "attributes": {}, "created_at": NOW,
    }  # fmt: skip
    line = plain | {"n": 1, "sku": "steam-100", "title": "Steam ¥100", "quantity": len(keys), "price_minor": 1}
    await stand.stock(*keys)

    def make(tx: Tx) -> None:
        tx.execute(insert(Order).values(**order))
        tx.execute(insert(LineRow).values(**line))
        stand.hand_out(tx, id_, len(keys))

    await stand.store.write(make)
    return id_


async def reveal(stand: Stand, order: str) -> list[str]:
    pieces = await stand.store.write(lambda tx: goods.reveal(tx, stand.vault, order, viewer=BUYER, now=NOW))
    return [piece.key for piece in pieces]


async def reissue(stand: Stand, slot_id: str) -> str:
    return await stand.store.write(
        lambda tx: goods.reissue(tx, stand.vault, slot_id, by="stf_1", reason="did not work", now=NOW)
    )


async def slots(stand: Stand, order: str) -> list[str]:
    pieces = await stand.store.read(lambda tx: goods.list_pieces(tx, stand.vault.shop_id, order))
    return [piece.slot_id for piece in pieces]


async def traces(stand: Stand, table: Any = Reveal) -> list[Any]:
    return await stand.store.read(lambda tx: list(tx.execute(select(table.__table__))))


async def test_listing_shows_titles_but_never_a_key(stand: Stand) -> None:
    order = await bought(stand, "KEY-1", "KEY-2")
    pieces = await stand.store.read(lambda tx: goods.list_pieces(tx, stand.vault.shop_id, order))
    assert [(piece.title, piece.key) for piece in pieces] == [("Steam ¥100", "")] * 2


async def test_every_reveal_leaves_a_trace_of_who_and_from_where(stand: Stand) -> None:
    order = await bought(stand, "KEY-1", "KEY-2")
    assert [await reveal(stand, order) for _ in range(2)] == [["KEY-1", "KEY-2"]] * 2
    found = await traces(stand)
    assert len(found) == 4
    assert {(row.by, row.ip, row.order_id, len(row.agent)) for row in found} == {("buyer", "203.0.113.9", order, 200)}
    counted = await stand.store.read(lambda tx: tx.execute(select(Order.reveals)).scalar_one())
    assert counted == 2


async def test_another_shop_sees_nothing_of_an_order(stand: Stand) -> None:
    order = await bought(stand, "KEY-1")
    other = await Stand.open(stand.store)
    with pytest.raises(NotFound):
        await reveal(other, order)
    assert await slots(other, order) == []
    assert await traces(stand) == []


async def test_an_order_without_goods_shows_nothing_and_traces_nothing(stand: Stand) -> None:
    with pytest.raises(NotFound):
        await reveal(stand, order_id())


async def test_a_replaced_card_is_void_and_the_new_one_counts(stand: Stand) -> None:
    order = await bought(stand, "KEY-1")
    await stand.stock("KEY-2", "KEY-3")
    (old,) = await slots(stand, order)
    new = await reissue(stand, old)
    assert (await slots(stand, order), await reveal(stand, order)) == ([new], ["KEY-2"])
    assert await stand.states() == {"void": 1, "sold": 1, "free": 1}


async def test_a_replacement_is_in_the_audit_with_its_reason(stand: Stand) -> None:
    order = await bought(stand, "KEY-1")
    await stand.stock("KEY-2")
    await reissue(stand, (await slots(stand, order))[0])
    (line,) = [row for row in await traces(stand, Audit) if row.action == "card.reissue"]
    assert (line.actor, line.object, line.detail["reason"]) == ("stf_1", order, "did not work")
    assert "KEY" not in repr(line.detail)


async def test_a_replaced_piece_cannot_be_replaced_again_by_its_old_name(stand: Stand) -> None:
    order = await bought(stand, "KEY-1")
    await stand.stock("KEY-2", "KEY-3")
    (old,) = await slots(stand, order)
    answers = await asyncio.gather(*(reissue(stand, old) for _ in range(6)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in answers) == ["Conflict"] * 5 + ["str"]
    assert await stand.states() == {"void": 1, "sold": 1, "free": 1}


async def test_without_a_free_card_the_old_one_stays(stand: Stand) -> None:
    order = await bought(stand, "KEY-1")
    with pytest.raises(Conflict, match="no free card"):
        await reissue(stand, (await slots(stand, order))[0])
    assert await reveal(stand, order) == ["KEY-1"]


async def test_another_shops_piece_cannot_be_replaced(stand: Stand) -> None:
    order = await bought(stand, "KEY-1")
    other = await Stand.open(stand.store)
    with pytest.raises(NotFound):
        await reissue(other, (await slots(stand, order))[0])
