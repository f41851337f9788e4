"""Rows that are kept only for a while go by themselves; the others stay."""

from __future__ import annotations

from datetime import timedelta

from tests.cast import Shopkeeper

from orderbell.domain import retention, staff
from orderbell.store.schema import Session


async def test_only_what_ran_out_is_forgotten(shop: Shopkeeper) -> None:
    now, store = shop.house.clock.now(), shop.house.store
    seat = (await store.read(lambda tx: staff.list_staff(tx, shop.id)))[0]
    await store.write(lambda tx: staff.open_session(tx, seat, now=now - timedelta(days=31)))
    await store.write(lambda tx: staff.open_session(tx, seat, now=now))
    assert await store.write(lambda tx: retention.forget_old(tx, now=now)) == 1
    assert len(await shop.rows(Session)) == 1
