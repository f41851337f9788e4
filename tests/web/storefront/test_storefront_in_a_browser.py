"""The demo's window in a real browser: bought without a mouse, watched live, fit for everybody."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from litestar import Litestar
from playwright.async_api import Browser, Page, expect
from tests.cast import Shopkeeper
from tests.web.browsers import MARKS, faults, seat, serving
from tests.web.storefront.test_storefront import demo_shop, settings

__all__ = ["demo_shop", "settings"]
pytestmark = MARKS
LOOKS = [("zh-CN", "light", 1440), ("en", "dark", 390), ("en", "light", 320)]
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
async def address(app: Litestar, demo_shop: Shopkeeper) -> AsyncIterator[str]:
    async with serving(app) as at:
        yield at


async def buy(page: Page, address: str) -> None:
    await page.goto(f"{address}/demo")
    await page.fill("#contact", "13800138000")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[name=pay]")


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_window_and_till_are_fit_for_everybody(
    address: str, chromium: Browser, look: tuple[str, str, int]
) -> None:
    page = await seat(chromium, address, look)
    await page.goto(f"{address}/demo")
    assert await faults(page) == []
    await buy(page, address)
    await page.click("[name=pay]")
    await page.wait_for_selector("[name=refund]")
    await page.wait_for_selector("#feed-seller li")
    assert await faults(page) == []


async def test_without_a_mouse_one_buys_pays_and_hears_of_it(address: str, chromium: Browser) -> None:
    page = await seat(chromium, address, LOOKS[0])
    await buy(page, address)
    await page.wait_for_selector("order-inbox[data-state=live]")
    await page.focus("[name=pay]")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[name=refund]")
    assert await page.evaluate("document.activeElement.name") == "refund"
    await expect(page.locator("order-inbox .badge")).to_have_text("3")
    await expect(page.locator("#feed-seller li").first).to_be_visible()
    assert "/demo" in page.url and await page.evaluate("broken") == []


async def test_the_english_window_speaks_chinese_only_in_its_goods(address: str, chromium: Browser) -> None:
    page = await seat(chromium, address, LOOKS[1])
    await page.goto(f"{address}/demo")
    words = await page.evaluate("document.querySelector('main').innerText")
    said = [line for line in words.splitlines() if HAN.search(line)]
    assert said == ["Steam 充值卡 ¥100", "视频会员年卡", "《哈利波特》电子书"]


async def test_without_javascript_the_window_sells_too(address: str, chromium: Browser, demo_shop: Shopkeeper) -> None:
    page = await seat(chromium, address, LOOKS[0], java_script_enabled=False)
    await page.goto(f"{address}/demo")
    await page.fill("#contact", "v@example.com")
    await page.click("form.buy button")
    await demo_shop.settled()
    await page.goto(f"{address}/demo")
    await page.click("[name=pay]")
    await demo_shop.settled()
    await page.goto(f"{address}/demo")
    assert await page.locator("[name=refund]").count() == 1
