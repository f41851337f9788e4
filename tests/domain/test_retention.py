"""Rows that are kept only for a while go by themselves; the others stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.cast import Shopkeeper

from orderbell.domain import retention, shop_settings, staff
from orderbell.domain.shop_settings import ShopSettings
from orderbell.store.schema import Message, Session


async def test_only_what_ran_out_is_forgotten(shop: Shopkeeper) -> None:
    now, store = shop.house.clock.now(), shop.house.store
    seat = (await store.read(lambda tx: staff.list_staff(tx, shop.id)))[0]
    await store.write(lambda tx: staff.open_session(tx, seat, now=now - timedelta(days=31)))
    await store.write(lambda tx: staff.open_session(tx, seat, now=now))
    assert await store.write(lambda tx: retention.forget_old(tx, now=now)) == 1
    assert len(await shop.rows(Session)) == 1


async def keep_texts(shop: Shopkeeper, days: int | None) -> None:
    now = shop.house.clock.now()
    wanted = ShopSettings(name="A", locale="en", timezone="UTC", currency="CNY", texts_kept_days=days)
    await shop.house.store.write(lambda tx: shop_settings.change(tx, shop.id, wanted, by="test", now=now))


async def test_what_old_messages_said_is_forgotten_and_that_they_went_stays(shop: Shopkeeper) -> None:
    await shop.says("order.created", "N-1")
    await shop.settled()
    await keep_texts(shop, 30)
    later = shop.house.clock.now() + timedelta(days=31)
    before = await shop.rows(Message)
    assert await shop.house.store.write(lambda tx: retention.forget_texts(tx, now=later)) == len(before) > 0
    after = await shop.rows(Message)
    assert [row.facts for row in after if row.state == 2] == [None] * len(after)
    assert [row.sent_at for row in after] == [row.sent_at for row in before]


@pytest.mark.parametrize(("days", "age"), [(None, 9_000), (30, 29)])
async def test_texts_a_shop_wants_kept_are_kept(shop: Shopkeeper, days: int | None, age: int) -> None:
    await shop.says("order.created", "N-1")
    await shop.settled()
    await keep_texts(shop, days)
    later = shop.house.clock.now() + timedelta(days=age)
    assert await shop.house.store.write(lambda tx: retention.forget_texts(tx, now=later)) == 0


async def test_forgetting_goes_on_where_it_stood(shop: Shopkeeper) -> None:
    for n in range(3):
        await shop.says("order.created", f"N-{n}")
    await shop.settled()
    await keep_texts(shop, 30)
    later, rounds = shop.house.clock.now() + timedelta(days=31), []
    while not rounds or rounds[-1]:
        rounds.append(await shop.house.store.write(lambda tx: retention.forget_texts(tx, now=later, most=1)))
    assert sum(rounds) == len(await shop.rows(Message)) == len(rounds) - 1
