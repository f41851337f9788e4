"""The second step at the door: asked for, counted, refused when used before, wanted of all when a shop says so."""

from __future__ import annotations

import pytest
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends, seat_of
from tests.web.scene import PASSWORD

from orderbell.base import totp
from orderbell.domain import factor, staff, team
from orderbell.store.schema import Audit

IN, STEP = "/panel/sign-in", "/panel/second-step"


@pytest.fixture
async def secret(shop: Shopkeeper) -> bytes:
    """The owner has a password and a second step; the code of the step before is spent."""
    seat, vault, now = await seat_of(shop, "owner"), await shop.house.vault(shop.id), shop.house.clock.now()
    hashed = staff.hash_password(PASSWORD)

    def write(tx: object) -> bytes:
        staff.set_password(tx, shop.id, seat.staff_id, hashed, now=now)
        made = factor.begin(tx, vault, seat, now=now)
        factor.confirm(tx, vault, seat, totp.code(made, totp.step_at(now) - 1), now=now)
        return made

    return await shop.house.store.write(write)


def code(shop: Shopkeeper, secret: bytes) -> str:
    return totp.code(secret, totp.step_at(shop.house.clock.now()))


async def halfway(browser: Client, send: Sends) -> None:
    browser.cookies.set("ob_lang", "en")
    assert (await send(IN, IN, email="owner@example.com", password=PASSWORD)).url.path == STEP


async def test_the_password_alone_opens_nothing(browser: Client, send: Sends, secret: bytes) -> None:
    await halfway(browser, send)
    assert (await browser.get("/panel")).url.path == IN


async def test_the_code_opens_the_door(browser: Client, shop: Shopkeeper, send: Sends, secret: bytes) -> None:
    await halfway(browser, send)
    page = await send(STEP, STEP, code=code(shop, secret))
    assert (page.status_code, page.url.path.rstrip("/")) == (200, "/panel")


async def test_a_link_does_not_lead_past_it(browser: Client, shop: Shopkeeper, send: Sends, secret: bytes) -> None:
    seat, now = await seat_of(shop, "owner"), shop.house.clock.now()
    token = await shop.house.store.write(
        lambda tx: staff.make_sign_in_link(tx, shop.id, seat.staff_id, by="test", now=now)
    )
    path = f"/panel/enter/{token}"
    assert (await send(path, path)).url.path == STEP


async def test_a_used_code_is_refused(browser: Client, shop: Shopkeeper, send: Sends, secret: bytes) -> None:
    for _ in range(2):
        browser.cookies.clear()
        await halfway(browser, send)
        page = await send(STEP, STEP, code=code(shop, secret))
    assert page.status_code == 401 and "was used before" in page.text


async def test_wrong_codes_are_counted_and_written_down(
    browser: Client, shop: Shopkeeper, send: Sends, secret: bytes
) -> None:
    await halfway(browser, send)
    for _ in range(6):
        assert (await send(STEP, STEP, code="000 000x")).status_code == 401
    assert (await send(STEP, STEP, code=code(shop, secret))).status_code == 429
    assert sum(row.action == "staff.code_refused" for row in await shop.rows(Audit)) == 6


async def test_nobody_comes_to_the_second_step_without_the_first(browser: Client, shop: Shopkeeper) -> None:
    assert (await browser.get(STEP)).url.path == IN
    browser.cookies.set("ob_step", "made.up.1.password.x")
    assert (await browser.get(STEP)).url.path == IN


async def test_setting_up_shows_a_picture_then_the_recovery_codes_once(
    panel: Client, shop: Shopkeeper, send: Sends
) -> None:
    seat, vault = await seat_of(shop, "owner"), await shop.house.vault(shop.id)
    page = await send("/panel/account/second-factor", "/panel/account/second-factor/begin")
    made = await shop.house.store.read(lambda tx: factor.waiting(tx, vault, seat))
    assert made and totp.shown(made) in page.text and "<svg" in page.text
    done = await send("/panel/account/second-factor", "/panel/account/second-factor/confirm", code=code(shop, made))
    assert "Your recovery codes" in done.text
    assert "recovery codes are left" in (await panel.get("/panel/account")).text


async def test_a_shop_that_wants_it_leads_everybody_to_setting_it_up(
    browser: Client, shop: Shopkeeper, secret: bytes
) -> None:
    colleague, seat, now = await seat_of(shop, "support"), await seat_of(shop, "owner"), shop.house.clock.now()
    await shop.house.store.write(lambda tx: factor_needed(tx, shop, seat.staff_id))
    token = await shop.house.store.write(lambda tx: staff.open_session(tx, colleague, now=now))
    browser.cookies.set("ob_session", token)
    assert (await browser.get("/panel/orders")).url.path == "/panel/account/second-factor"
    assert (await browser.get("/panel/account")).status_code == 200


def factor_needed(tx: object, shop: Shopkeeper, by: str) -> None:
    team.need_factor(tx, shop.id, True, by=by, now=shop.house.clock.now())
