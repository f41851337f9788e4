"""The team page, invitations followed in a browser, and one's own account."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from tests.cast import Shopkeeper
from tests.web.doors import csrf_of
from tests.web.panel.conftest import Client, Sends, enter, seat_of
from tests.web.scene import PASSWORD

from orderbell.domain import staff, team
from orderbell.store.schema import Session, Staff

HOME = "/panel/team"


async def invite(send: Sends, role: str = "support") -> str:
    """The path of a fresh invitation."""
    page = await send(HOME, f"{HOME}/invite", email="li@example.com", role=role)
    found = re.search(r'id="new-link">([^<]+)<', page.text)
    assert found, page.text
    return urlsplit(found[1]).path


async def join(browser: Client, send: Sends, role: str) -> None:
    """Come by an invitation, in a browser of one's own."""
    path = await invite(send, role)
    browser.cookies.clear()
    browser.cookies.set("ob_lang", "en")
    page = await send(path, path, name="Li Lei", password=PASSWORD, again=PASSWORD)
    assert page.url.path.rstrip("/") == "/panel", page.text


async def test_an_invited_colleague_is_in_at_once_and_sees_only_what_the_role_shows(panel: Client, send: Sends) -> None:
    await join(panel, send, "support")
    page = (await panel.get("/panel")).text
    assert 'href="/panel/orders"' in page and 'href="/panel/channels"' not in page
    assert (await panel.get(HOME)).status_code == 403


async def test_an_invitation_works_once(panel: Client, send: Sends) -> None:
    path = await invite(send)
    for status in (200, 401):
        panel.cookies.delete("ob_session")
        token = csrf_of(await panel.get("/panel/sign-in"))
        fields = {"name": "Li", "password": PASSWORD, "again": PASSWORD}
        assert (await panel.post(path, data={**token, **fields})).status_code == status


async def test_two_different_passwords_do_not_spend_the_invitation(panel: Client, send: Sends) -> None:
    path = await invite(send)
    page = await send(path, path, name="Li", password=PASSWORD, again="something else!")
    assert page.status_code == 400 and "The two passwords are not the same." in page.text
    assert "Start working" in (await panel.get(path)).text


async def test_without_a_mail_account_the_page_says_that_the_link_must_be_passed_on(send: Sends, panel: Client) -> None:
    page = await send(HOME, f"{HOME}/invite", email="li@example.com", role="viewer")
    assert "pass this link on yourself" in page.text
    assert page.text.count("/panel/join/") == 1 and "/panel/join/" not in (await panel.get(HOME)).text


@pytest.mark.parametrize("fields", [{"email": "nobody", "role": "viewer"}, {"email": "a@example.com", "role": "king"},
                                    {"email": "owner@example.com", "role": "viewer"}])  # fmt: skip
async def test_a_bad_invitation_is_refused_in_place(panel: Client, send: Sends, fields: dict[str, str]) -> None:
    page = await send(HOME, f"{HOME}/invite", **fields)
    assert page.status_code in (400, 409) and "new-link" not in page.text
    assert unescape(page.text).count(f'value="{fields["email"]}"') == 1


async def test_a_closed_access_is_opened_again_by_undo(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    seat = await seat_of(shop, "support")
    page = await send(HOME, f"{HOME}/{seat.staff_id}/disable")
    assert f'action="{HOME}/{seat.staff_id}/enable"' in page.text and "Undo" in page.text
    await send(HOME, f"{HOME}/{seat.staff_id}/enable")
    assert all(row.disabled_at is None for row in await shop.rows(Staff))


async def test_the_last_owner_is_told_why_the_role_stays(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    seat = await seat_of(shop, "owner")
    page = await send(HOME, f"{HOME}/{seat.staff_id}/role", role="viewer")
    assert page.status_code == 409 and "at least one owner" in page.text


async def test_nobody_closes_their_own_door(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    seat = await seat_of(shop, "owner")
    page = await send(HOME, f"{HOME}/{seat.staff_id}/disable")
    assert page.status_code == 409 and "cannot close your own access" in page.text


async def test_a_hostile_name_stays_text(panel: Client, shop: Shopkeeper) -> None:
    seat, now = await seat_of(shop, "support"), shop.house.clock.now()
    name = "<img src=x onerror=alert(1)>{{7*7}}\u202e"
    await shop.house.store.write(lambda tx: team_name(tx, seat, name, now))
    page = (await panel.get(HOME)).text
    assert "<img" not in page and "&lt;img" in page


def team_name(tx: object, seat: staff.StaffSeat, name: str, now: object) -> None:
    team.change_own(tx, seat, name=name, locale=None, muted=(), now=now)


async def test_the_own_page_keeps_name_language_and_alerts(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await send("/panel/account", "/panel/account", name="王芳", locale="zh-CN", alerts=["order.owed"])
    assert 'lang="zh-CN"' in page.text and 'value="王芳"' in page.text
    row = (await shop.rows(Staff))[0]
    assert row.locale == "zh-CN" and "order.owed" not in row.muted and "stock.low" in row.muted


async def test_a_password_is_changed_only_by_who_knows_the_one_before(
    panel: Client, shop: Shopkeeper, send: Sends
) -> None:
    await send("/panel/password", "/panel/password", password=PASSWORD, again=PASSWORD)
    new = "another horse battery"
    page = await send("/panel/password", "/panel/password", current="wrong wrong", password=new, again=new)
    assert page.status_code == 400 and "This is not your password." in page.text
    done = await send("/panel/password", "/panel/password", current=PASSWORD, password=new, again=new)
    assert done.url.path.rstrip("/") == "/panel"


async def test_another_browser_is_signed_out_by_its_button(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    seat, now = await seat_of(shop, "owner"), shop.house.clock.now()
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) MicroMessenger/9.0"
    await shop.house.store.write(lambda tx: staff.open_session(tx, seat, now=now, ip="203.0.113.9", agent=agent))
    page = (await panel.get("/panel/account")).text
    assert "WeChat on iPhone" in page and "203.0.113.*" in page and "203.0.113.9" not in page
    ended = re.search(r"/panel/account/sessions/\w{64}/end", page)
    assert ended
    await send("/panel/account", ended[0])
    assert len(await shop.rows(Session)) == 1


async def test_the_team_is_the_owners_alone(browser: Client, shop: Shopkeeper) -> None:
    await enter(browser, shop, "manager")
    assert (await browser.get(HOME)).status_code == 403
    assert f'href="{HOME}"' not in (await browser.get("/panel")).text
