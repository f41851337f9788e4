"""Staff: roles, passwords, links and sessions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.cast import Shopkeeper

from orderbell.base.errors import BadInput, Conflict, NotAllowed, NotSignedIn
from orderbell.base.secrets import token_hash
from orderbell.domain import staff
from orderbell.domain.staff import StaffSeat
from orderbell.store.schema import Audit, Session, SignInLink

PASSWORD = "correct horse battery"


async def owner(shop: Shopkeeper) -> StaffSeat:
    return (await shop.house.store.read(lambda tx: staff.list_staff(tx, shop.id)))[0]


async def owner_with_password(shop: Shopkeeper) -> StaffSeat:
    seat, hashed, now = await owner(shop), staff.hash_password(PASSWORD), shop.house.clock.now()
    await shop.house.store.write(lambda tx: staff.set_password(tx, shop.id, seat.staff_id, hashed, now=now))
    return seat


async def link_for(shop: Shopkeeper, seat: StaffSeat) -> str:
    now = shop.house.clock.now()
    return await shop.house.store.write(
        lambda tx: staff.make_sign_in_link(tx, shop.id, seat.staff_id, by="test", now=now)
    )


@pytest.mark.parametrize(("role", "may", "may_not"), [
    ("owner", "keys", "fly"), ("manager", "settings", "team"), ("support", "reveal", "settings"),
    ("finance", "export", "reveal"), ("viewer", "look", "send"), ("nobody", "", "look"),
])  # fmt: skip
def test_a_role_may_what_its_table_says_and_no_more(role: str, may: str, may_not: str) -> None:
    assert not may or staff.may(role, may)
    assert not staff.may(role, may_not)


def test_a_deed_beyond_the_role_is_refused() -> None:
    seat = StaffSeat(shop_id="s", staff_id="x", name="n", email="e", role="viewer")
    with pytest.raises(NotAllowed):
        staff.require(seat, "send")


def test_a_short_password_is_refused() -> None:
    with pytest.raises(BadInput):
        staff.hash_password("too short")


async def test_the_right_password_signs_in_whatever_the_case_of_the_address(shop: Shopkeeper) -> None:
    seat = await owner_with_password(shop)
    found = await shop.house.store.read(lambda tx: staff.sign_in(tx, " Owner@Example.com ", PASSWORD))
    assert found == seat


@pytest.mark.parametrize("email", ["owner@example.com", "nobody@example.com"])
async def test_a_wrong_password_and_an_unknown_address_read_the_same(shop: Shopkeeper, email: str) -> None:
    await owner_with_password(shop)
    with pytest.raises(NotSignedIn) as refusal:
        await shop.house.store.read(lambda tx: staff.sign_in(tx, email, "wrong horse battery"))
    assert refusal.value.code == "wrong_password"


async def test_whoever_has_no_password_yet_cannot_sign_in_with_any(shop: Shopkeeper) -> None:
    with pytest.raises(NotSignedIn):
        await shop.house.store.read(lambda tx: staff.sign_in(tx, "owner@example.com", ""))


async def test_a_sign_in_link_works_once(shop: Shopkeeper) -> None:
    seat, now = await owner(shop), shop.house.clock.now()
    token = await link_for(shop, seat)
    assert await shop.house.store.write(lambda tx: staff.use_sign_in_link(tx, token, now=now)) == seat
    with pytest.raises(NotSignedIn):
        await shop.house.store.write(lambda tx: staff.use_sign_in_link(tx, token, now=now))


async def test_a_sign_in_link_is_too_old_after_ten_minutes(shop: Shopkeeper) -> None:
    token = await link_for(shop, await owner(shop))
    late = shop.house.clock.now() + timedelta(minutes=10)
    with pytest.raises(NotSignedIn):
        await shop.house.store.write(lambda tx: staff.use_sign_in_link(tx, token, now=late))


async def test_only_the_hash_of_a_link_is_stored(shop: Shopkeeper) -> None:
    token = await link_for(shop, await owner(shop))
    assert [row.id for row in await shop.rows(SignInLink)] == [token_hash(token)]


async def test_a_session_is_found_until_it_is_ended(shop: Shopkeeper) -> None:
    seat, now, store = await owner(shop), shop.house.clock.now(), shop.house.store
    token = await store.write(lambda tx: staff.open_session(tx, seat, now=now))
    found = await store.read(lambda tx: staff.find_session(tx, token, now=now))
    assert found is not None and found.seat == seat and not found.stale
    await store.write(lambda tx: staff.end_session(tx, seat, token, now=now))
    assert await store.read(lambda tx: staff.find_session(tx, token, now=now)) is None


async def test_a_session_slides_and_ends_after_thirty_idle_days(shop: Shopkeeper) -> None:
    seat, now, store = await owner(shop), shop.house.clock.now(), shop.house.store
    token = await store.write(lambda tx: staff.open_session(tx, seat, now=now))
    later = now + timedelta(days=20)
    found = await store.read(lambda tx: staff.find_session(tx, token, now=later))
    assert found is not None and found.stale
    await store.write(lambda tx: staff.prolong_session(tx, seat, token, now=later))
    assert await store.read(lambda tx: staff.find_session(tx, token, now=later + timedelta(days=29)))
    assert not await store.read(lambda tx: staff.find_session(tx, token, now=later + timedelta(days=30)))


async def test_a_new_password_signs_every_browser_out(shop: Shopkeeper) -> None:
    seat, now = await owner(shop), shop.house.clock.now()
    await shop.house.store.write(lambda tx: staff.open_session(tx, seat, now=now))
    await owner_with_password(shop)
    assert await shop.rows(Session) == []


async def test_the_last_owner_cannot_be_shut_out(shop: Shopkeeper) -> None:
    seat, now = await owner(shop), shop.house.clock.now()
    with pytest.raises(Conflict):
        await shop.house.store.write(lambda tx: staff.disable_staff(tx, shop.id, seat.staff_id, by="x", now=now))


async def test_whoever_left_has_no_session_any_more(shop: Shopkeeper) -> None:
    now, store = shop.house.clock.now(), shop.house.store
    await store.write(
        lambda tx: staff.add_staff(tx, shop.id, email="b@example.com", name="B", role="support", by="x", now=now)
    )
    seat = (await store.read(lambda tx: staff.list_staff(tx, shop.id)))[1]
    token = await store.write(lambda tx: staff.open_session(tx, seat, now=now))
    await store.write(lambda tx: staff.disable_staff(tx, shop.id, seat.staff_id, by="x", now=now))
    assert await store.read(lambda tx: staff.find_session(tx, token, now=now)) is None


async def test_two_people_of_a_shop_cannot_share_an_address(shop: Shopkeeper) -> None:
    now = shop.house.clock.now()
    with pytest.raises(Conflict):
        await shop.house.store.write(
            lambda tx: staff.add_staff(tx, shop.id, email="OWNER@example.com", name="", role="viewer", by="x", now=now)
        )


async def test_every_sensitive_deed_leaves_an_audit_line_without_a_secret(shop: Shopkeeper) -> None:
    seat = await owner_with_password(shop)
    token = await link_for(shop, seat)
    lines = await shop.rows(Audit)
    assert {line.action for line in lines} >= {"staff.added", "staff.password_set", "staff.link_made"}
    assert token not in repr(lines) and PASSWORD not in repr(lines)
