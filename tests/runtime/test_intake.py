"""Bringing cards in: with progress to read, in pieces, and news for those who wait."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from tests.runtime.conftest import Desk

from orderbell.base.errors import Conflict, NotFound
from orderbell.runtime import intake
from orderbell.store.schema import Audit, CardImport, EventRow, Product


async def test_an_import_leaves_a_record_of_how_it_went(desk: Desk) -> None:
    await desk.shop.stock("KEY-1", "KEY-2", "KEY-1", "x" * 5000)
    (row,) = await desk.shop.rows(CardImport)
    assert (row.state, row.total, row.taken, row.duplicates, row.refused) == ("done", 4, 2, 1, [[4, "too_long"]])
    assert row.ended_at == desk.clock.now()


async def test_an_import_of_several_pieces_counts_its_lines_through(desk: Desk) -> None:
    keys = [f"KEY-{n}" for n in range(intake.PIECE)] + ["KEY-0", "a\x00b", "KEY-last"]
    done = await desk.shop.stock(*keys)
    assert (done.taken, done.duplicates, done.refused) == (2001, 1, ((2002, "control_character"),))
    assert (await desk.shop.product()).free == 2001


async def test_an_import_of_nothing_ends(desk: Desk) -> None:
    await desk.shop.stock()
    (row,) = await desk.shop.rows(CardImport)
    assert (row.state, row.total) == ("done", 0)


async def test_each_piece_that_brought_something_is_news(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.shop.stock("KEY-1")
    assert [row.type for row in await desk.shop.rows(EventRow)] == ["stock.restocked"]


async def test_who_imported_is_in_the_audit_without_a_key(desk: Desk) -> None:
    await desk.shop.stock("CANARY-1")
    (line,) = await desk.shop.rows(Audit, action="cards.import")
    assert (line.actor, line.detail["keys"]) == ("test", 1)
    assert "CANARY" not in repr(line)


async def test_an_import_that_cannot_go_on_says_so(desk: Desk) -> None:
    await desk.house.store.write(lambda tx: tx.execute(update(Product).values(kind="service")))
    with pytest.raises(Conflict):
        await desk.shop.stock("KEY-1")
    assert [row.state for row in await desk.shop.rows(CardImport)] == ["failed"]


async def test_another_shops_product_takes_nothing_and_leaves_no_record(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await intake.import_keys(desk.house, "shp_other", desk.shop.product_id, ["KEY-1"], by="test")
    assert await desk.shop.rows(CardImport) == []
