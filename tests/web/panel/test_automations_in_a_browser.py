"""Automations in a real browser, by keyboard alone: a channel switched off, a condition built, an order tried."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page
from tests.cast import Shopkeeper
from tests.web.browsers import MARKS, faults
from tests.web.panel.test_in_a_browser import LOOKS, automations, sit

from orderbell.store.schema import Rule

pytestmark = MARKS
ENGLISH = ("en", "light", 1440)


async def rule(shop: Shopkeeper, preset: str) -> Any:
    return (await shop.rows(Rule, preset=preset))[0]


async def seated(chromium: Browser, shop: Shopkeeper, address: str, path: str) -> Page:
    """A page of the panel, opened by the owner."""
    page = await (await sit(chromium, shop, address, ENGLISH)).new_page()
    await page.goto(f"{address}/panel{path}")
    return page


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until that is reached."""
    for _ in range(120):
        if await page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached by Tab")


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_every_page_of_the_automations_is_fit_for_everybody(
    address: str, chromium: Browser, shop: Shopkeeper, look: tuple[str, str, int]
) -> None:
    page = await (await sit(chromium, shop, address, look)).new_page()
    wrong = {}
    for path in await automations(shop):
        await page.goto(f"{address}/panel{path}")
        if found := await faults(page):
            wrong[path] = found
    assert wrong == {}


async def test_a_channel_is_switched_off_by_keyboard_and_a_real_order_sends_nothing_there(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page, row = await seated(chromium, shop, address, "/automations"), await rule(shop, "buyer:order.cancelled")
    await tab_to(page, ".cell")
    for _ in range(2):
        await page.keyboard.press("ArrowDown")
    assert await page.evaluate("document.activeElement.closest('tr').id") == row.id
    await page.keyboard.press("Space")
    await page.wait_for_selector(".toast form button")
    assert await page.evaluate("document.activeElement.getAttribute('aria-checked')") == "false"
    await shop.says("order.cancelled", "N-7")
    await shop.settled()
    assert await shop.messages(channel="email", audience="buyer", event_type="order.cancelled") == []
    await page.goto(f"{address}/panel/orders/N-7")
    assert "switched off for this event" in await page.content()


async def test_what_was_switched_is_taken_back_by_one_key(address: str, chromium: Browser, shop: Shopkeeper) -> None:
    page = await seated(chromium, shop, address, "/automations")
    before = [(row.id, row.channels) for row in await shop.rows(Rule)]
    await tab_to(page, ".cell")
    await page.keyboard.press("Space")
    await page.wait_for_selector(".toast form button")
    await page.keyboard.press("z")
    await page.wait_for_selector(".toast:has-text('Taken back.')")
    assert [(row.id, row.channels) for row in await shop.rows(Rule)] == before


async def ask_for_an_amount(page: Page, rule_id: str, amount: str) -> None:
    """Open a rule in the drawer, add the first condition, fill it in and keep it, all by keys."""
    await page.focus(f"#{rule_id} .opens")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("dialog[open] #condition")
    await tab_to(page, "#condition [value=group]")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#v0-0")
    assert await faults(page) == []
    await tab_to(page, "#v0-0")
    await page.keyboard.type(amount)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#drawer:not([open])", state="attached")


async def test_a_condition_is_built_in_the_drawer_and_the_focus_comes_back(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page, row = await seated(chromium, shop, address, "/automations"), await rule(shop, "buyer:order.created")
    await ask_for_an_amount(page, row.id, "250")
    assert (await rule(shop, "buyer:order.created")).condition == "order.amount >= 250"
    assert "Order amount is at least 250" in await page.inner_text(f"#{row.id}")
    assert await page.evaluate("document.activeElement.getAttribute('href')") == f"/panel/automations/{row.id}"


async def test_another_fact_brings_its_own_comparisons(address: str, chromium: Browser, shop: Shopkeeper) -> None:
    row = await rule(shop, "buyer:order.created")
    page = await seated(chromium, shop, address, f"/automations/{row.id}?do=group")
    await page.focus("#p0-0")
    await page.select_option("#p0-0", "order.status")
    await page.wait_for_selector("[name='v0-0'][value=paid]")
    assert await page.evaluate("document.activeElement.id") == "p0-0"
    assert await page.evaluate("broken") == []


async def test_a_past_order_is_tried_by_keyboard(address: str, chromium: Browser, shop: Shopkeeper) -> None:
    page = await seated(chromium, shop, address, "/automations/try")
    sent = len(await shop.messages())
    await page.fill("#f-order", "N-1")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#rehearsal:has-text('Better news about the order went out instead.')")
    assert "order=N-1" in page.url and len(await shop.messages()) == sent
