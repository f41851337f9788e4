"""Team, second step and brand in a real browser, by keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page
from tests.cast import Shopkeeper
from tests.web.browsers import MARKS, WATCH, faults
from tests.web.panel.test_in_a_browser import LOOKS, sit
from tests.web.scene import PASSWORD

from orderbell.base import totp
from orderbell.domain import invitations

pytestmark = MARKS


async def reach(page: Page, wanted: str) -> None:
    """Tab until something that fits the selector has the focus."""
    for _ in range(120):
        if await page.evaluate("s => document.activeElement?.matches(s) ?? false", wanted):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"no way to {wanted} by keyboard")


async def invite(page: Page, address: str) -> str:
    """Invite a colleague for support by keyboard; the link."""
    await page.goto(f"{address}/panel/team")
    await reach(page, "[data-opens=invite]")
    await page.keyboard.press("Enter")
    await reach(page, "#invite [name=email]")
    await page.keyboard.type("li@example.com")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#new-link")
    assert await faults(page) == []
    return await page.inner_text("#new-link")


async def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        await reach(page, f"[name={name}]")
        await page.keyboard.type(value)
    await page.keyboard.press("Enter")


async def test_an_invited_colleague_does_not_see_what_the_role_hides(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    owner = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    link = re.sub(r"^https?://[^/]+", address, await invite(owner, address))
    page = await (await chromium.new_context(locale="en-GB", viewport={"width": 1440, "height": 850})).new_page()
    await page.add_init_script(WATCH)
    await page.goto(link)
    assert await faults(page) == []
    await fill(page, name="Li Lei", password=PASSWORD, again=PASSWORD)
    await page.wait_for_selector("nav.side a[href='/panel/orders']")
    assert await page.locator("nav.side a[href='/panel/channels']").count() == 0
    answer = await page.goto(f"{address}/panel/channels")
    assert answer is not None and answer.status == 403
    assert "Your role does not allow this" in await page.inner_text("main")


async def set_up(page: Page, address: str, shop: Shopkeeper) -> list[str]:
    """Choose a password, then a second step; the recovery codes."""
    await page.goto(f"{address}/panel/password")
    await fill(page, password=PASSWORD, again=PASSWORD)
    await page.wait_for_selector("nav.side")
    await page.goto(f"{address}/panel/account/second-factor")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#secret")
    assert await faults(page) == []
    secret = totp.base64.b32decode(await page.inner_text("#secret"))
    await fill(page, code=totp.code(secret, totp.step_at(shop.house.clock.now())))
    await page.wait_for_selector("#codes")
    assert await faults(page) == []
    return (await page.inner_text("#codes")).split()


async def test_a_second_step_is_set_up_and_asked_for_without_a_mouse(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    codes = await set_up(page, address, shop)
    assert len(codes) == 10
    await page.context.clear_cookies(name="ob_session")
    await page.goto(f"{address}/panel/sign-in")
    await fill(page, email="owner@example.com", password=PASSWORD)
    await page.wait_for_url("**/panel/second-step")
    assert await faults(page) == []
    await fill(page, code=codes[0])
    await page.wait_for_selector("nav.side")


async def test_a_change_of_the_brand_shows_in_the_mail_while_one_types(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    await page.goto(f"{address}/panel/brand")
    await reach(page, "[name=name]")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("Night Owl Games")
    await page.frame_locator("#brand-mail").get_by_text("Night Owl Games").first.wait_for()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**done=brand_saved**")
    await page.frame_locator("#brand-mail").get_by_text("Night Owl Games").first.wait_for()
    assert await faults(page) == []


@pytest.mark.parametrize("look", LOOKS[:2], ids=str)
async def test_dialogs_and_the_door_s_new_pages_are_fit_for_everybody(
    address: str, chromium: Browser, shop: Shopkeeper, look: tuple[str, str, int]
) -> None:
    page = await (await sit(chromium, shop, address, look)).new_page()
    await page.goto(f"{address}/panel/team")
    await page.click("[data-opens=invite]")
    assert await faults(page) == []
    now = shop.house.clock.now()
    _, token = await shop.house.store.write(
        lambda tx: invitations.invite(tx, shop.id, email="li@example.com", role="viewer", by="test", now=now)
    )
    for path in (f"/panel/join/{token}", "/panel/join/obv_none"):
        await page.goto(address + path)
        assert await faults(page) == []
