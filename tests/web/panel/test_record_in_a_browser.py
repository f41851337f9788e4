"""Messages, orders and customers by keyboard alone: filter, open, send again, take it back, send again in bulk."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page
from sqlalchemy import update
from tests.cast import Shopkeeper
from tests.web.browsers import MARKS, faults
from tests.web.panel.test_in_a_browser import LOOKS, sit

from orderbell.store.schema import Message

pytestmark = MARKS
NAME = "<img src=x onerror=alert(1)>{{ 7*7 }}\u202e " + "长" * 460
EMPTY = ["/messages?q=status:failed", "/orders?q=is:disputed", "/customers?q=name:nobody", "/messages/again"]


@pytest.fixture
async def page(address: str, chromium: Browser, shop: Shopkeeper) -> Page:
    """The panel in a browser, as the owner reads it on a desk."""
    found = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    found.set_default_timeout(30_000)
    return found


async def test_filter_open_send_again_and_take_it_back(page: Page, address: str, shop: Shopkeeper) -> None:
    await page.goto(f"{address}/panel/messages")
    await page.focus("#q")
    for key in ("c", "h", "a", "n", "ArrowDown", "Enter", "e", "m", "ArrowDown", "Enter"):
        await page.keyboard.press(key)
    await page.wait_for_url("**channel%3Aemail**")
    await page.focus("#results [data-row]")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("dialog[open] form[hx-post$='/resend'] button")
    await page.focus("dialog[open] form[hx-post$='/resend'] button")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("dialog[open] form[hx-post$='/call-off'] button")
    await page.focus("dialog[open] form[hx-post$='/call-off'] button")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("dialog[open] >> text=Called off")
    assert await faults(page) == []


async def test_a_bulk_resend_runs_to_its_end_while_one_looks(page: Page, address: str, shop: Shopkeeper) -> None:
    failed = update(Message).where(Message.channel == "email").values(status="failed", reason="no_more_tries")
    await shop.house.store.write(lambda tx: tx.execute(failed))
    await page.goto(f"{address}/panel/messages?q=status:failed")
    await page.focus("a[href^='/panel/messages/again']")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("form[action='/panel/messages/again'] button")
    assert await faults(page) == []
    await page.focus("form[action='/panel/messages/again'] button")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#job-stop")
    await page.wait_for_selector("#job .progress.good")
    assert await page.locator("#job-stop").count() == 0 and await faults(page) == []


async def test_a_mistake_in_the_box_is_mended_by_a_link(page: Page, address: str) -> None:
    await page.goto(f"{address}/panel/messages?q=stauts:failed")
    assert await faults(page) == []
    await page.focus(".askew a")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**q=status%3Afailed**")


async def test_a_hostile_name_harms_no_page(page: Page, address: str, shop: Shopkeeper) -> None:
    line = {"sku": "steam-100", "title": NAME[:300], "quantity": 1, "price": "99.00"}
    buyer = {"ref": "evil", "name": NAME[:200], "email": "e@example.com"}
    await shop.stock("KEY-EVIL")
    await shop.says("order.paid", "N-9", buyer=buyer, lines=[line])
    await shop.settled()
    customer = (await shop.order("N-9")).customer_id
    sent = (await shop.messages(customer_id=customer))[0].id
    await page.set_viewport_size({"width": 390, "height": 850})
    for path in ("/orders", "/orders/N-9", "/customers", f"/customers/{customer}", "/messages", f"/messages/{sent}"):
        await page.goto(f"{address}/panel{path}")
        assert await faults(page) == [], path
        assert await page.evaluate("document.images.length") == 0


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_the_lists_are_fit_for_everybody_when_they_are_empty(
    address: str, chromium: Browser, shop: Shopkeeper, look: tuple[str, str, int]
) -> None:  # fmt: skip
    page = await (await sit(chromium, shop, address, look)).new_page()
    for path in EMPTY:
        await page.goto(f"{address}/panel{path}")
        assert await faults(page) == [], path
