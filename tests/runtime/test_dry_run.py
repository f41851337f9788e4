"""Rehearsing a past order: the same verdicts as the worker's, and nothing is written."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select
from tests.desk import Desk, desk

from orderbell.base.errors import BadInput, NotFound
from orderbell.domain import rule_changes
from orderbell.domain.quiet import Quiet
from orderbell.domain.rule_changes import By
from orderbell.events import BY_TYPE
from orderbell.runtime import dry_run
from orderbell.runtime.dry_run import Scene
from orderbell.store.database import Tx
from orderbell.store.schema import METADATA, Message, Rule

__all__ = ["desk"]


@pytest.fixture
async def sold(desk: Desk) -> Desk:
    """A desk at which an order was placed, paid and served."""
    await desk.shop.stock("KEY-1")
    await desk.hears("order.created")
    desk.clock.turn(minutes=1)
    await desk.hears("order.paid")
    return desk


async def played(desk: Desk, number: str = "N-1") -> list[Scene]:
    books = desk.house.books
    return await desk.house.store.read(lambda tx: dry_run.replay(tx, books.one(tx, desk.shop.id), number))


async def asked(desk: Desk, event_type: str, number: str = "N-1") -> Scene:
    books, now = desk.house.books, desk.clock.now()
    return await desk.house.store.read(
        lambda tx: dry_run.what_if(tx, books.one(tx, desk.shop.id), number, event_type, now=now)
    )


def said(scene: Scene) -> set[tuple[str, str, bool]]:
    """Who would be told by what: (audience, channel, whether it would really go)."""
    return {(told.audience, each.channel, not each.stale) for told in scene.told for each in told.said}


async def test_a_rehearsal_says_what_the_worker_did(sold: Desk) -> None:
    scenes = await played(sold)
    assert [scene.type for scene in scenes] == ["order.created", "order.paid", "order.delivered"]
    for scene in scenes:
        rows = await sold.shop.messages(event_type=scene.type)
        assert said(scene) == {(row.audience, row.channel, row.status != "suppressed") for row in rows}


def _count(tx: Tx) -> dict[str, Any]:
    tables = METADATA.tables
    return {name: tx.execute(select(func.count()).select_from(table)).scalar_one() for name, table in tables.items()}


async def test_a_rehearsal_writes_nothing(sold: Desk) -> None:
    before = await sold.house.store.read(_count)
    await played(sold)
    await asked(sold, "order.refunded")
    assert await sold.house.store.read(_count) == before


async def test_a_rehearsal_asks_the_rules_as_they_are_now(sold: Desk) -> None:
    who = By(shop_id=sold.shop.id, actor="test", now=sold.clock.now())

    def deed(tx: Tx) -> None:
        mine = select(Rule.id).where(Rule.shop_id == who.shop_id, Rule.preset == "buyer:order.created")
        rule_changes.change(tx, who, tx.execute(mine).scalar_one(), {"condition": "order.amount > 1000"})

    await sold.house.store.write(deed)
    (told,) = [each for each in (await played(sold))[0].told if each.audience == "buyer"]
    assert (told.matched, told.said) == (False, ()) and "order.amount" in told.why


async def test_what_did_not_happen_is_asked_of_the_order_just_before(sold: Desk) -> None:
    assert ("buyer", "email", True) in said(await asked(sold, "order.cancelled"))
    assert ("buyer", "email", True) in said(await asked(sold, "refund.requested"))
    assert {who for who, _, _ in said(await asked(sold, "stock.out"))} == {"staff"}


@pytest.mark.parametrize("event_type", sorted(BY_TYPE))
async def test_every_event_can_be_asked_about(sold: Desk, event_type: str) -> None:
    scene = await asked(sold, event_type)
    assert (scene.type, scene.why) == (event_type, "")


async def test_a_rehearsal_shows_until_when_the_quiet_holds_it(sold: Desk) -> None:
    who = By(shop_id=sold.shop.id, actor="test", now=sold.clock.now())
    await sold.house.store.write(lambda tx: rule_changes.keep_quiet(tx, who, Quiet(0, 23 * 60)))
    scene = await asked(sold, "order.cancelled")
    waits = {each.channel: each.until is not None for told in scene.told for each in told.said}
    assert waits["email"] and not waits["inbox"]


async def test_an_unknown_order_or_event_is_refused(sold: Desk) -> None:
    with pytest.raises(NotFound):
        await played(sold, "none")
    with pytest.raises(BadInput):
        await asked(sold, "order.eaten")


async def test_another_shops_order_cannot_be_rehearsed(sold: Desk) -> None:
    other = Desk(await type(sold.shop).open(sold.house), sold.clock)
    with pytest.raises(NotFound):
        await played(other)
    assert await sold.house.store.read(lambda tx: tx.execute(select(func.count()).select_from(Message)).scalar_one())
