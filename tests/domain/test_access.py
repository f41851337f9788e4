"""API keys: shown once, scoped, revocable."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.cast import Shopkeeper

from orderbell.base.errors import BadInput, Conflict, NotAllowed, NotFound
from orderbell.domain import access
from orderbell.store.schema import ApiKey


async def make(shop: Shopkeeper, *scopes: str) -> tuple[str, str]:
    now = shop.house.clock.now()
    return await shop.house.store.write(
        lambda tx: access.create_api_key(tx, shop.id, "key", scopes, by="test", now=now)
    )


async def test_a_key_is_found_by_its_token_with_its_scopes(shop: Shopkeeper) -> None:
    key_id, token = await make(shop, "orders:read")
    seat = await shop.house.store.read(lambda tx: access.find_api_key(tx, token, now=shop.house.clock.now()))
    assert seat == access.ApiSeat(shop_id=shop.id, key_id=key_id, scopes=frozenset({"orders:read"}))


async def test_the_token_itself_is_not_stored(shop: Shopkeeper) -> None:
    _, token = await make(shop, "orders:read")
    assert token.startswith("obk_") and token not in repr(await shop.rows(ApiKey))


async def test_a_revoked_key_is_not_found(shop: Shopkeeper) -> None:
    key_id, token = await make(shop, "orders:read")
    now = shop.house.clock.now()
    await shop.house.store.write(lambda tx: access.revoke_api_key(tx, shop.id, key_id, by="x", now=now))
    assert await shop.house.store.read(lambda tx: access.find_api_key(tx, token, now=shop.house.clock.now())) is None


async def test_another_shop_cannot_revoke_a_key(shop: Shopkeeper) -> None:
    key_id, _ = await make(shop, "orders:read")
    now = shop.house.clock.now()
    with pytest.raises(NotFound):
        await shop.house.store.write(lambda tx: access.revoke_api_key(tx, "shp_other", key_id, by="x", now=now))


@pytest.mark.parametrize("scopes", [(), ("orders:read", "everything")])
async def test_a_key_needs_scopes_we_know(shop: Shopkeeper, scopes: tuple[str, ...]) -> None:
    with pytest.raises(BadInput):
        await make(shop, *scopes)


async def test_a_scope_the_key_lacks_is_refused(shop: Shopkeeper) -> None:
    _, token = await make(shop, "orders:read")
    seat = await shop.house.store.read(lambda tx: access.find_api_key(tx, token, now=shop.house.clock.now()))
    assert seat is not None
    with pytest.raises(NotAllowed):
        access.require_scope(seat, "cards:write")


async def rotated(shop: Shopkeeper, key_id: str, overlap: str) -> tuple[str, str]:
    now = shop.house.clock.now()
    return await shop.house.store.write(
        lambda tx: access.rotate_api_key(tx, shop.id, key_id, overlap=access.OVERLAPS[overlap], by="test", now=now)
    )


async def works(shop: Shopkeeper, token: str, *, days: int = 0) -> bool:
    at = shop.house.clock.now() + timedelta(days=days)
    return await shop.house.store.read(lambda tx: access.find_api_key(tx, token, now=at)) is not None


async def test_a_replaced_key_goes_on_for_a_while_beside_the_new_one(shop: Shopkeeper) -> None:
    key_id, old = await make(shop, "orders:read")
    _, new = await rotated(shop, key_id, "day")
    assert [await works(shop, token) for token in (old, new)] == [True, True]
    assert [await works(shop, token, days=2) for token in (old, new)] == [False, True]


async def test_a_key_is_replaced_once(shop: Shopkeeper) -> None:
    key_id, _ = await make(shop, "orders:read")
    await rotated(shop, key_id, "week")
    with pytest.raises(Conflict):
        await rotated(shop, key_id, "week")


async def test_a_key_made_for_thirty_days_ends_by_itself(shop: Shopkeeper) -> None:
    now = shop.house.clock.now()
    _, token = await shop.house.store.write(
        lambda tx: access.create_api_key(tx, shop.id, "till", ("orders:read",), by="test", now=now, days=30)
    )
    assert await works(shop, token, days=29) and not await works(shop, token, days=30)
