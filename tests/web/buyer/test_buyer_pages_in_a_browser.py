"""The buyer's pages in a real browser: no violation, no sideways scrolling, no broken policy; without script too."""

from __future__ import annotations

import re

from playwright.async_api import Browser
from tests.cast import Shopkeeper
from tests.web.browsers import MARKS, faults, seat
from tests.web.buyer.test_settings import letter_token, offered
from tests.web.doors import link_to

from orderbell.store.schema import Preference

pytestmark = MARKS
LOOKS = [
    (language, scheme, width) for language in ("zh-CN", "en") for scheme in ("light", "dark") for width in (1440, 390)
]
HAN = re.compile(r"[\u4e00-\u9fff]")


async def test_every_page_is_fit_for_everybody(address: str, chromium: Browser, shop: Shopkeeper, sold: str) -> None:
    token, wrong = letter_token(shop, await offered(shop)), {}
    paths = (await link_to(shop, sold), "/o", "/p", f"/p/{token}", f"/u/{token}", "/o?find=1", "/o/none")
    for look in LOOKS:
        page = await seat(chromium, address, look)
        for path in paths:
            await page.goto(address + path)
            if found := await faults(page):
                wrong[look, path] = found
        await page.context.close()
    assert wrong == {}


async def test_without_a_mouse_one_switches_offers_off_and_is_told(
    address: str, chromium: Browser, shop: Shopkeeper, sold: str
) -> None:
    page = await seat(chromium, address, LOOKS[0])
    await page.goto(f"{address}{await link_to(shop, sold)}")
    await page.goto(f"{address}/p")
    await page.focus("[name='0.offers']")
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".note.good")
    assert (await shop.rows(Preference))[0].off == ["offers"]
    assert not await page.is_checked("[name='0.offers']")


async def test_without_javascript_the_way_out_is_one_tap(
    address: str, chromium: Browser, shop: Shopkeeper, sold: str
) -> None:
    page = await seat(chromium, address, LOOKS[1], java_script_enabled=False)
    await page.goto(f"{address}/u/{letter_token(shop, await offered(shop))}")
    await page.click("button.main")
    assert (await shop.rows(Preference))[0].off == ["offers"]
    await page.click("a[hreflang=en]")
    assert "Unsubscribed" in await page.inner_text("h1")


async def test_english_pages_hold_no_chinese_but_the_shops_own_words(
    address: str, chromium: Browser, shop: Shopkeeper, sold: str
) -> None:
    page = await seat(chromium, address, ("en", "light", 390))
    await page.goto(f"{address}{await link_to(shop, sold)}")
    for path in ("/o?find=1", "/p"):
        await page.goto(address + path)
        words = (await page.inner_text("main")) + (await page.title())
        assert HAN.findall(words.replace("星河数码", "")) == [], path
