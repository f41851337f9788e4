"""A text written, seen, published and taken back in a real browser, by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page
from tests.cast import Shopkeeper
from tests.web.browsers import MARKS, faults
from tests.web.panel.test_in_a_browser import LOOKS, sit

from orderbell.store.schema import TemplateDraft

pytestmark = MARKS
TEXT = "/panel/templates/order.delivered/inbox/en"


async def empty_body(page: Page, address: str, path: str = TEXT) -> None:
    """Open the editor and stand in its emptied text."""
    await page.goto(address + path)
    await page.focus("#p-body")
    await page.keyboard.press("Control+a")
    await page.keyboard.press("Delete")


async def press_on(page: Page, *names: str) -> None:
    """Walk to each control by name with the keyboard's focus and press it."""
    for name in names:
        await page.get_by_role("button", name=name, exact=True).first.focus()
        await page.keyboard.press("Enter")


async def write_a_body(page: Page, address: str) -> None:
    """Type a text and take a variable from the list that opens; it is seen, and kept as a draft."""
    await empty_body(page, address)
    await page.keyboard.type("Here it is, {buyer_na")
    await page.wait_for_selector("#pick:not([hidden]) [aria-selected=true]")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#view >> text=Here it is, 张三")
    await page.wait_for_selector("#state >> text=Draft saved")


async def test_a_text_is_written_seen_published_and_brought_back(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    await write_a_body(page, address)
    assert await page.input_value("#p-body") == "Here it is, {buyer_name}"
    assert await faults(page) == []
    await press_on(page, "Publish")
    await page.wait_for_selector("text=Published. The next messages say it this way.")
    await page.get_by_role("link", name="v1").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_selector("dialog[open] .diff ins")
    assert await faults(page) == []
    await page.keyboard.press("Escape")
    await press_on(page, "Undo")
    await page.wait_for_selector("#state >> text=Stock text")


async def test_an_unknown_variable_is_marked_refused_and_mended(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    await empty_body(page, address)
    await page.keyboard.type("Order {order_numbr}")
    await page.wait_for_selector("#p-body[aria-invalid=true]")
    assert await page.inner_text(".ghost u") == "{order_numbr}"
    await press_on(page, "Publish")
    await page.wait_for_selector("text=This text cannot be published yet.")
    await press_on(page, "Write {order_number}")
    await page.wait_for_selector(".inbox-line >> text=Order N-")
    await page.wait_for_selector("#m-body .wrong", state="detached")
    assert await page.input_value("#p-body") == "Order {order_number}"


async def test_an_old_version_is_brought_back_from_the_history(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    for words in ("First words", "Second words"):
        await empty_body(page, address)
        await page.keyboard.type(words)
        await page.wait_for_selector(f"#view >> text={words}")
        await press_on(page, "Publish")
        await page.wait_for_selector("text=Published. The next")
    await page.goto(f"{address}{TEXT}/history")
    await press_on(page, "Let it count again")
    await page.wait_for_selector("text=That version counts again.")
    assert await page.input_value("#p-body") == "First words"


async def test_a_touched_variable_is_written_where_one_was_writing(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[0])).new_page()
    await empty_body(page, address, "/panel/templates/order.paid/email/zh-CN")
    await page.keyboard.type("单号：")
    await page.focus("[data-insert=订单号]")
    await page.keyboard.press("Enter")
    assert await page.input_value("#p-body") == "单号：{订单号}"
    assert await page.evaluate("document.activeElement.id") == "p-body"


async def test_two_open_pages_do_not_overwrite_each_other(address: str, chromium: Browser, shop: Shopkeeper) -> None:
    context = await sit(chromium, shop, address, LOOKS[3])
    mine, theirs = await context.new_page(), await context.new_page()
    await empty_body(theirs, address)
    await mine.goto(address + TEXT)
    await theirs.keyboard.type("Theirs")
    await theirs.wait_for_selector("#view >> text=Theirs")
    await mine.focus("#p-body")
    await mine.keyboard.type("Mine ")
    await mine.wait_for_selector("#state [role=alert]")
    assert [row.parts["body"] for row in await shop.rows(TemplateDraft)] == ["Theirs"]
    await press_on(mine, "Keep mine")
    await mine.wait_for_selector("#state >> text=Draft saved")


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("channel", ["email", "sms", "wechat", "inbox", "push"])
async def test_every_preview_is_fit_for_everybody(
    address: str, chromium: Browser, shop: Shopkeeper, look: tuple[str, str, int], channel: str
) -> None:
    page = await (await sit(chromium, shop, address, look)).new_page()
    await page.goto(f"{address}/panel/templates/order.delivered/{channel}/zh-CN")
    assert await faults(page) == []
