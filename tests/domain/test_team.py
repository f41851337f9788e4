"""The team: invitations, roles, closed and opened doors, places one is signed in, and the owner who cannot be lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.cast import Shopkeeper

from orderbell.base.errors import BadInput, Conflict, NotFound, NotSignedIn
from orderbell.domain import invitations, staff, team
from orderbell.domain.staff import StaffSeat
from orderbell.store.schema import Audit, Invitation

HASHED = staff.hash_password("correct horse battery")
MAIL = "li@example.com"


async def owner(shop: Shopkeeper) -> StaffSeat:
    return (await shop.house.store.read(lambda tx: staff.list_staff(tx, shop.id)))[0]


async def invited(shop: Shopkeeper, role: str = "support", email: str = MAIL) -> tuple[str, str]:
    now, by = shop.house.clock.now(), (await owner(shop)).staff_id
    return await shop.house.store.write(
        lambda tx: invitations.invite(tx, shop.id, email=email, role=role, by=by, now=now)
    )


async def accepted(shop: Shopkeeper, token: str, *, days: int = 0) -> StaffSeat:
    now = shop.house.clock.now() + timedelta(days=days)
    return await shop.house.store.write(lambda tx: invitations.accept(tx, token, name="李雷", hashed=HASHED, now=now))


async def role(shop: Shopkeeper, seat: StaffSeat, new: str) -> str:
    now = shop.house.clock.now()
    return await shop.house.store.write(
        lambda tx: team.change_role(tx, shop.id, seat.staff_id, new, by="test", now=now)
    )


async def test_whoever_follows_an_invitation_works_here_in_that_role(shop: Shopkeeper) -> None:
    seat = await accepted(shop, (await invited(shop))[1])
    assert (seat.name, seat.email, seat.role, seat.shop_id) == ("李雷", MAIL, "support", shop.id)


@pytest.mark.parametrize("days", [0, 7])
async def test_an_invitation_works_once_and_for_seven_days(shop: Shopkeeper, days: int) -> None:
    _, token = await invited(shop)
    if days == 0:
        await accepted(shop, token)
    with pytest.raises(NotSignedIn):
        await accepted(shop, token, days=days)


async def test_an_invitation_called_back_opens_nothing_until_that_is_taken_back(shop: Shopkeeper) -> None:
    (id_, token), now = await invited(shop), shop.house.clock.now()
    await shop.house.store.write(lambda tx: invitations.revoke(tx, shop.id, id_, by="test", now=now))
    with pytest.raises(NotSignedIn):
        await accepted(shop, token)
    await shop.house.store.write(lambda tx: invitations.restore(tx, shop.id, id_, by="test", now=now))
    assert (await accepted(shop, token)).role == "support"


async def test_a_second_invitation_ends_the_first(shop: Shopkeeper) -> None:
    _, first = await invited(shop)
    await invited(shop, "viewer")
    with pytest.raises(NotSignedIn):
        await accepted(shop, first)


async def test_an_old_invitation_never_changes_who_works_here_already(shop: Shopkeeper) -> None:
    (id_, old), now = await invited(shop, "owner"), shop.house.clock.now()
    await accepted(shop, (await invited(shop, "viewer"))[1])
    await shop.house.store.write(lambda tx: invitations.restore(tx, shop.id, id_, by="test", now=now))
    with pytest.raises(NotSignedIn):
        await accepted(shop, old)
    assert [row.used_at for row in await shop.rows(Invitation) if row.id == id_] == [None]


async def test_somebody_who_works_here_is_not_invited(shop: Shopkeeper) -> None:
    with pytest.raises(Conflict):
        await invited(shop, email="OWNER@example.com")


async def test_an_unknown_role_is_not_given(shop: Shopkeeper) -> None:
    with pytest.raises(BadInput):
        await invited(shop, "king")


async def test_a_changed_role_counts_at_once_and_is_written_down(shop: Shopkeeper) -> None:
    seat = await accepted(shop, (await invited(shop))[1])
    assert await role(shop, seat, "finance") == "support"
    row = next(row for row in await shop.rows(Audit) if row.action == "staff.role_changed")
    assert row.detail == {"role": {"before": "support", "after": "finance"}}


async def test_the_last_owner_keeps_the_role_and_the_door(shop: Shopkeeper) -> None:
    seat, now = await owner(shop), shop.house.clock.now()
    with pytest.raises(Conflict):
        await role(shop, seat, "viewer")
    with pytest.raises(Conflict):
        await shop.house.store.write(lambda tx: staff.disable_staff(tx, shop.id, seat.staff_id, by="test", now=now))


async def test_a_closed_door_can_be_opened_again(shop: Shopkeeper) -> None:
    seat, now = await accepted(shop, (await invited(shop))[1]), shop.house.clock.now()
    await shop.house.store.write(lambda tx: staff.disable_staff(tx, shop.id, seat.staff_id, by="test", now=now))
    await shop.house.store.write(lambda tx: team.enable(tx, shop.id, seat.staff_id, by="test", now=now))
    assert await shop.house.store.read(lambda tx: staff.seat_of(tx, shop.id, seat.staff_id)) == seat


async def test_whoever_left_may_be_invited_anew_in_another_role(shop: Shopkeeper) -> None:
    seat, now = await accepted(shop, (await invited(shop))[1]), shop.house.clock.now()
    await shop.house.store.write(lambda tx: staff.disable_staff(tx, shop.id, seat.staff_id, by="test", now=now))
    again = await accepted(shop, (await invited(shop, "viewer"))[1])
    assert (again.staff_id, again.role) == (seat.staff_id, "viewer")


async def test_every_other_browser_is_signed_out_and_this_one_stays(shop: Shopkeeper) -> None:
    seat, now = await owner(shop), shop.house.clock.now()
    tokens = [await shop.house.store.write(lambda tx: staff.open_session(tx, seat, now=now)) for _ in range(3)]
    places = await shop.house.store.read(lambda tx: team.places(tx, seat, now=now))
    await shop.house.store.write(lambda tx: team.end_other_places(tx, seat, places[0].id, now=now))
    alive = [await shop.house.store.read(lambda tx, t=t: staff.find_session(tx, t, now=now)) for t in tokens]
    assert sum(each is not None for each in alive) == 1


async def test_nobody_ends_a_strangers_session(shop: Shopkeeper) -> None:
    seat, now = await owner(shop), shop.house.clock.now()
    other = await accepted(shop, (await invited(shop))[1])
    await shop.house.store.write(lambda tx: staff.open_session(tx, seat, now=now))
    place = (await shop.house.store.read(lambda tx: team.places(tx, seat, now=now)))[0]
    with pytest.raises(NotFound):
        await shop.house.store.write(lambda tx: team.end_place(tx, other, place.id, now=now))


async def test_the_shop_wants_a_second_step_only_when_the_asker_has_one(shop: Shopkeeper) -> None:
    seat, now = await owner(shop), shop.house.clock.now()
    with pytest.raises(Conflict):
        await shop.house.store.write(lambda tx: team.need_factor(tx, shop.id, True, by=seat.staff_id, now=now))
