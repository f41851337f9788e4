"""The second factor: a code works once, a recovery code works once, and neither is found in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.cast import Shopkeeper

from orderbell.base import totp
from orderbell.base.errors import BadInput, Conflict, NotSignedIn
from orderbell.domain import factor, staff
from orderbell.domain.staff import StaffSeat
from orderbell.store.schema import SecondFactor


async def owner(shop: Shopkeeper) -> StaffSeat:
    return (await shop.house.store.read(lambda tx: staff.list_staff(tx, shop.id)))[0]


async def begun(shop: Shopkeeper) -> bytes:
    seat, vault, now = await owner(shop), await shop.house.vault(shop.id), shop.house.clock.now()
    return await shop.house.store.write(lambda tx: factor.begin(tx, vault, seat, now=now))


async def switched_on(shop: Shopkeeper) -> tuple[bytes, list[str]]:
    """The app's secret and the recovery codes; the code of the step before was the first one taken."""
    secret, seat, vault, now = (
        await begun(shop),
        await owner(shop),
        await shop.house.vault(shop.id),
        shop.house.clock.now(),
    )
    first = totp.code(secret, totp.step_at(now) - 1)
    return secret, await shop.house.store.write(lambda tx: factor.confirm(tx, vault, seat, first, now=now))


async def shows(shop: Shopkeeper, given: str) -> None:
    seat, vault, now = await owner(shop), await shop.house.vault(shop.id), shop.house.clock.now()
    await shop.house.store.write(lambda tx: factor.check(tx, vault, seat, given, now=now))


def code(shop: Shopkeeper, secret: bytes, steps: int = 0) -> str:
    return totp.code(secret, totp.step_at(shop.house.clock.now()) + steps)


async def test_it_is_off_until_a_first_code_was_shown(shop: Shopkeeper) -> None:
    secret, seat = await begun(shop), await owner(shop)
    assert await shop.house.store.read(lambda tx: factor.find(tx, seat)) is None
    with pytest.raises(NotSignedIn):
        await shows(shop, code(shop, secret))


async def test_a_wrong_first_code_switches_nothing_on(shop: Shopkeeper) -> None:
    seat, vault, now = await owner(shop), await shop.house.vault(shop.id), shop.house.clock.now()
    await begun(shop)
    with pytest.raises(BadInput):
        await shop.house.store.write(lambda tx: factor.confirm(tx, vault, seat, "000000x", now=now))
    assert await shop.house.store.read(lambda tx: factor.find(tx, seat)) is None


async def test_a_code_opens_once(shop: Shopkeeper) -> None:
    secret, _ = await switched_on(shop)
    await shows(shop, code(shop, secret))
    with pytest.raises(NotSignedIn):
        await shows(shop, code(shop, secret))


async def test_a_code_older_than_the_one_taken_last_opens_nothing(shop: Shopkeeper) -> None:
    secret, _ = await switched_on(shop)
    await shows(shop, code(shop, secret, 1))
    with pytest.raises(NotSignedIn):
        await shows(shop, code(shop, secret))


async def test_a_recovery_code_opens_once_however_it_is_typed(shop: Shopkeeper) -> None:
    _, codes = await switched_on(shop)
    await shows(shop, codes[3].upper().replace("-", " "))
    with pytest.raises(NotSignedIn):
        await shows(shop, codes[3])


async def test_new_recovery_codes_end_the_old_ones(shop: Shopkeeper) -> None:
    _, codes = await switched_on(shop)
    seat, now = await owner(shop), shop.house.clock.now()
    await shop.house.store.write(lambda tx: factor.renew_codes(tx, seat, now=now))
    with pytest.raises(NotSignedIn):
        await shows(shop, codes[0])


async def test_the_database_holds_neither_the_secret_nor_a_code(shop: Shopkeeper) -> None:
    secret, codes = await switched_on(shop)
    row = (await shop.rows(SecondFactor))[0]
    assert secret not in row.sealed and not set(codes) & set(row.recovery) and len(row.recovery) == 10


async def test_setting_up_again_does_not_replace_one_that_is_on(shop: Shopkeeper) -> None:
    await switched_on(shop)
    with pytest.raises(Conflict):
        await begun(shop)


async def test_whoever_switches_it_off_is_let_in_without_it(shop: Shopkeeper) -> None:
    await switched_on(shop)
    seat, now = await owner(shop), shop.house.clock.now() + timedelta(days=1)
    await shop.house.store.write(lambda tx: factor.switch_off(tx, seat, by=seat.staff_id, now=now))
    assert await shop.house.store.read(lambda tx: factor.find(tx, seat)) is None
