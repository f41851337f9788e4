"""The paused house in a real browser: fit for everybody in both languages, and let go on by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser
from tests.cast import Shopkeeper
from tests.web.browsers import MARKS, faults
from tests.web.panel.test_in_a_browser import LOOKS, sit
from tests.web.panel.test_restored import pause, set_aside

pytestmark = MARKS


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_a_paused_house_s_pages_are_fit_for_everybody(
    address: str, chromium: Browser, shop: Shopkeeper, look: tuple[str, str, int]
) -> None:
    await shop.stock("A-1", "A-2")
    await pause(shop, journal_lost=True)
    await set_aside(shop)
    page = await (await sit(chromium, shop, address, look)).new_page()
    for path in ("/panel/restored", "/panel/orders", "/panel"):
        await page.goto(f"{address}{path}")
        assert await faults(page) == [], path


async def test_a_house_goes_on_without_a_mouse(address: str, chromium: Browser, shop: Shopkeeper) -> None:
    await pause(shop)
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    await page.goto(f"{address}/panel/orders")
    await page.focus("a[href='/panel/restored']")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/panel/restored")
    await page.focus("form[action$='/go-on'] button")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#toasts .toast")
    assert not shop.house.past.is_paused
