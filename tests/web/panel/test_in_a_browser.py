"""The panel in a real browser: no axe violation, no sideways scrolling, no broken policy, all by keyboard."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, BrowserContext
from tests.cast import Shopkeeper
from tests.web.browsers import MARKS, WATCH, faults, sitting
from tests.web.panel.conftest import seat_of

from orderbell.domain import staff
from orderbell.store.schema import Rule

pytestmark = MARKS
LOOKS = [("zh-CN", "light", 1440), ("en", "dark", 390), ("zh-CN", "dark", 390), ("en", "light", 1440)]


async def sit(chromium: Browser, shop: Shopkeeper, address: str, look: tuple[str, str, int]) -> BrowserContext:
    """A browser in which the owner is signed in."""
    seat, now = await seat_of(shop, "owner"), shop.house.clock.now()
    token = await shop.house.store.write(lambda tx: staff.open_session(tx, seat, now=now))
    context = await sitting(chromium, address, look)
    await context.add_cookies([{"name": "ob_session", "value": token, "url": address}])
    return context


async def pages(shop: Shopkeeper) -> list[str]:
    """Every page of the panel, full ones and forms."""
    mail = (await shop.messages(channel="email", event_type="order.delivered"))[0].id
    buyer = (await shop.order("N-1")).customer_id
    return [
        "", "/messages", "/messages?q=stauts:x nothing", "/messages/again?q=status:failed", "/customers",
        f"/customers/{buyer}", f"/messages/{mail}", "/orders", "/orders/N-1", "/orders/N-2",
        *await automations(shop), "/templates", "/templates?q=nothing-fits", "/templates?audience=staff",
        "/templates/order.delivered/email/zh-CN", "/templates/order.paid/dingtalk/en?audience=staff",
        "/templates/order.paid/sms/zh-TW/history",
        "/products", "/products/new", f"/products/{shop.product_id}", "/channels", "/channels/email",
        "/channels/webhook", "/channels/sms", "/sources?kind=signed", "/sources/inbox", "/sandbox", "/keys",
        "/restored", "/health", "/audit", "/search?q=N", "/password",
        "/team", "/account", "/account/second-factor", "/brand", "/settings", "/audit?q=nothing-fits",
        "?range=7d", "/style-guide", "/first-run/account", "/first-run/shop?kind=signed",
        "/first-run/channel?kind=email", "/first-run/test",
    ]  # fmt: skip


async def automations(shop: Shopkeeper) -> list[str]:
    """The matrix of both audiences, a rule's settings with and without questions, a new one, the dry-run."""
    rule = f"/automations/{(await shop.rows(Rule, preset='buyer:order.paid'))[0].id}"
    text = f"{rule}?do=draw&mode=text&condition=order.attributes.x"
    return [
        "/automations", "/automations?audience=staff", rule, f"{rule}?do=ready-paid", f"{rule}?do=group", text,
        "/automations/new", "/automations/try", "/automations/try?order=N-1&event=refund.requested",
        "/automations/try?order=none",
    ]  # fmt: skip


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_every_page_is_fit_for_everybody(
    address: str, chromium: Browser, shop: Shopkeeper, look: tuple[str, str, int]
) -> None:
    page = await (await sit(chromium, shop, address, look)).new_page()
    wrong = {}
    for path in await pages(shop):
        answer = await page.goto(f"{address}/panel{path}")
        assert answer is not None and answer.status == 200, path
        if found := await faults(page):
            wrong[path] = found
    assert wrong == {}


@pytest.mark.parametrize("path", ["/panel/sign-in", "/panel/enter/obl_none"])
async def test_the_door_is_fit_for_everybody(address: str, chromium: Browser, path: str) -> None:
    page = await (await chromium.new_context(viewport={"width": 390, "height": 850})).new_page()
    await page.add_init_script(WATCH)
    await page.goto(f"{address}{path}")
    assert await faults(page) == []


async def test_a_message_is_found_read_and_left_without_a_mouse(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    await page.goto(f"{address}/panel/messages")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    opened = await page.evaluate("document.activeElement.href")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("dialog[open] h2")
    assert await faults(page) == []
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.activeElement.href") == opened


async def test_typing_filters_and_keeps_the_address_and_the_language(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    await page.goto(f"{address}/panel/messages")
    await page.fill("#q", "N-2")
    await page.wait_for_url("**/panel/messages?q=N-2")
    await page.click("a[hreflang=zh-CN]")
    await page.wait_for_url("**lang=zh-CN**")
    assert await page.input_value("#q") == "N-2"
    assert await page.evaluate("document.documentElement.lang") == "zh-CN"


async def test_a_new_message_appears_on_the_open_first_page(address: str, chromium: Browser, shop: Shopkeeper) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    await page.goto(f"{address}/panel")
    await page.wait_for_selector("#live-state[data-state=live]")
    await shop.says("order.created", "N-NEW")
    await shop.settled()
    row = (await shop.messages(event_type="order.created"))[0]
    await page.wait_for_selector(f"#live-{row.id}")


async def test_an_import_reports_while_the_page_stays(address: str, chromium: Browser, shop: Shopkeeper) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    await page.goto(f"{address}/panel/products/{shop.product_id}")
    await page.fill("[name=keys]", "A-1\nA-2\nA-2")
    await page.click("form[data-steps] button")
    await page.wait_for_selector("#import-known")
    assert "2 cards taken" in await page.inner_text("#import-steps")
    assert await page.evaluate("broken") == []
