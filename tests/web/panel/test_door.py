"""The panel's door: nobody in without a proof, a link works once, a password after it."""

from __future__ import annotations

from tests.cast import Shopkeeper
from tests.web.doors import csrf_of
from tests.web.panel.conftest import Client, Sends, seat_of

from orderbell.domain import staff

PASSWORD = "correct horse battery"


async def link(shop: Shopkeeper) -> str:
    seat, now = await seat_of(shop, "owner"), shop.house.clock.now()
    token = await shop.house.store.write(
        lambda tx: staff.make_sign_in_link(tx, shop.id, seat.staff_id, by="test", now=now)
    )
    return f"/panel/enter/{token}"


async def test_a_stranger_is_led_to_the_sign_in_page(browser: Client, shop: Shopkeeper) -> None:
    assert (await browser.get("/panel")).url.path == "/panel/sign-in"


async def test_looking_at_a_link_does_not_spend_it(browser: Client, shop: Shopkeeper, send: Sends) -> None:
    path = await link(shop)
    for _ in range(3):
        await browser.get(path)
    assert (await send(path, path)).url.path == "/panel/first-run/account"


async def test_a_link_signs_in_once(browser: Client, shop: Shopkeeper, send: Sends) -> None:
    path = await link(shop)
    await send(path, path)
    browser.cookies.clear()
    assert (await send(path, path)).status_code == 401


async def test_a_password_set_after_the_link_opens_the_door_later(
    browser: Client, shop: Shopkeeper, send: Sends
) -> None:
    path = await link(shop)
    await send(path, path)
    await send("/panel/password", "/panel/password", password=PASSWORD, again=PASSWORD)
    browser.cookies.clear()
    page = await send("/panel/sign-in", "/panel/sign-in", email="owner@example.com", password=PASSWORD)
    assert (page.status_code, page.url.path.rstrip("/")) == (200, "/panel")


async def test_two_different_passwords_set_none(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await send("/panel/password", "/panel/password", password=PASSWORD, again="something else")
    seat = await seat_of(shop, "owner")
    assert page.status_code == 400 and "The two passwords are not the same." in page.text
    assert not await shop.house.store.read(lambda tx: staff.has_password(tx, shop.id, seat.staff_id))


async def test_a_wrong_password_is_refused_without_telling_what_was_wrong(
    browser: Client, shop: Shopkeeper, send: Sends
) -> None:
    known = await send("/panel/sign-in", "/panel/sign-in", email="owner@example.com", password="wrong wrong")
    unknown = await send("/panel/sign-in", "/panel/sign-in", email="nobody@example.com", password="wrong wrong")
    assert known.status_code == unknown.status_code == 401
    assert known.text.count("note bad") == unknown.text.count("note bad") == 1


async def test_after_eight_wrong_passwords_the_right_one_has_to_wait(
    browser: Client, shop: Shopkeeper, send: Sends
) -> None:
    for _ in range(8):
        await send("/panel/sign-in", "/panel/sign-in", email="owner@example.com", password="wrong wrong")
    page = await send("/panel/sign-in", "/panel/sign-in", email="owner@example.com", password="wrong wrong")
    assert page.status_code == 429


async def test_signing_out_ends_the_session_not_only_the_cookie(panel: Client, send: Sends) -> None:
    kept = panel.cookies["ob_session"]
    await send("/panel", "/panel/sign-out")
    panel.cookies.set("ob_session", kept)
    assert (await panel.get("/panel")).url.path == "/panel/sign-in"


async def test_a_form_without_its_token_changes_nothing(panel: Client) -> None:
    assert (await panel.post("/panel/keys", data={"name": "x", "scopes": "orders:read"})).status_code == 403


async def test_a_form_of_another_site_is_refused(panel: Client) -> None:
    token = csrf_of(await panel.get("/panel/keys"))
    answer = await panel.post("/panel/keys", data=token, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
