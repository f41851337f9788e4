"""The design system in a real browser: by keyboard, the same at every visit, and in the colours that were agreed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page
from tests.cast import Shopkeeper
from tests.web.browsers import MARKS, faults
from tests.web.panel.conftest import seat_of
from tests.web.panel.test_in_a_browser import LOOKS, sit

from orderbell.domain import first_run, staff
from orderbell.store.schema import Staff

pytestmark = MARKS
COLOURS = Path(__file__).with_name("colours.json")
# Only what no font decides is kept: colours are the same on every machine, widths of words are not.
LOOK_AT = """() => Object.fromEntries([
  '.btn.main', '.btn:not(.main)', '.btn.danger', '.pill.good', '.pill.warn', '.pill.bad', '.status.good', '.status.bad',
  '.status.warn', '.chip[aria-current]', '.input', '.input[aria-invalid=true]', '.field > .wrong', '.switch:checked',
  '.switch:not(:checked)', '.note.good', '.note.warn', '.note.bad', '.toast', '.tablist > [aria-current]', '.seg',
  'kbd', '.card', 'main', 'progress', '.tile.accent', '.list th', '.line-of-time time', '.dialog', '.empty p',
].map(each => {
  const s = getComputedStyle(document.querySelector('[data-guide] ' + each) ?? document.querySelector(each));
  return [each, [s.color, s.backgroundColor, s.borderTopColor, s.borderTopLeftRadius].join(' ')];
}))"""


async def guide(chromium: Browser, shop: Shopkeeper, address: str, look: tuple[str, str, int]) -> Page:
    page = await (await sit(chromium, shop, address, look)).new_page()
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(f"{address}/panel/style-guide")
    await page.wait_for_selector("[data-chart][data-ready]")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_component_wears_the_agreed_colours(
    address: str, chromium: Browser, shop: Shopkeeper, scheme: str
) -> None:
    page = await guide(chromium, shop, address, ("en", scheme, 1440))
    assert await page.evaluate(LOOK_AT) == json.loads(COLOURS.read_text())[scheme]


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[1]], ids=str)
async def test_every_component_looks_the_same_at_every_visit(
    address: str, chromium: Browser, shop: Shopkeeper, look: tuple[str, str, int]
) -> None:
    first, second = [await guide(chromium, shop, address, look) for _ in range(2)]
    parts = await first.eval_on_selector_all("[data-guide] [id^=guide-]", "all => all.map(each => '#' + each.id)")
    assert len(parts) > 10
    for part in parts:
        shots = [await page.locator(part).screenshot(animations="disabled") for page in (first, second)]
        assert shots[0] == shots[1], part


async def test_a_chart_is_read_by_arrow_keys(address: str, chromium: Browser, shop: Shopkeeper) -> None:
    page = await guide(chromium, shop, address, LOOKS[3])
    await page.focus("#guide-area input[type=range]")
    await page.keyboard.press("Home")
    assert "00:00 · E-mail 2 · In-app inbox 1" in await page.inner_text("#guide-area .read-out")
    await page.keyboard.press("ArrowRight")
    assert await page.get_attribute("#guide-area input", "aria-valuetext") == "01:00 · E-mail 1"


async def test_a_dialog_and_tabs_need_no_mouse(address: str, chromium: Browser, shop: Shopkeeper) -> None:
    page = await guide(chromium, shop, address, LOOKS[3])
    await page.focus("[data-opens=guide-dialog]")
    await page.keyboard.press("Enter")
    assert await faults(page) == []
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.activeElement.dataset.opens") == "guide-dialog"
    await page.focus("#tab-zh")
    await page.keyboard.press("ArrowRight")
    assert await page.is_visible("#part-en") and not await page.is_visible("#part-zh")


async def test_the_palette_leads_to_an_order_and_remembers_it(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    await page.goto(f"{address}/panel/products")
    await page.keyboard.press("Control+k")
    await page.wait_for_selector("#found [aria-selected=true]")
    await page.keyboard.type("N-1")
    await page.wait_for_selector("#found [href='/panel/orders/N-1'][aria-selected=true]")
    assert await faults(page) == []
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/panel/orders/N-1")
    await page.keyboard.press("/")
    await page.wait_for_selector("#recent-0")
    assert await page.inner_text("#recent-0 .grow") == "N-1"


async def test_esc_closes_the_palette_and_gives_the_focus_back(
    address: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    await page.goto(f"{address}/panel/orders")
    await page.keyboard.press("j")
    held = await page.evaluate("document.activeElement.href")
    await page.keyboard.press("Control+k")
    await page.wait_for_selector("#palette[open]")
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.activeElement.href") == held


async def test_single_keys_are_switched_off_for_good(address: str, chromium: Browser, shop: Shopkeeper) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    await page.goto(f"{address}/panel/orders")
    await page.keyboard.press("?")
    await page.focus("#keys-help [data-keys-switch]")
    await page.keyboard.press("Space")
    await page.keyboard.press("Escape")
    await page.reload()
    await page.keyboard.press("?")
    assert not await page.is_visible("#keys-help")


async def test_the_language_switch_keeps_what_was_typed(address: str, chromium: Browser, shop: Shopkeeper) -> None:
    page = await (await sit(chromium, shop, address, LOOKS[3])).new_page()
    await page.goto(f"{address}/panel/products/new")
    await page.fill("[name=title]", "Half a title")
    await page.focus("a[hreflang=zh-CN]")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("html[lang=zh-CN]")
    assert await page.input_value("[name=title]") == "Half a title"


async def first_link(shop: Shopkeeper) -> str:
    """What the owner's one-time sign-in link ends with."""
    seat, now = await seat_of(shop, "owner"), shop.house.clock.now()
    return await shop.house.store.write(lambda tx: staff.make_sign_in_link(tx, shop.id, seat.staff_id, by="x", now=now))


async def open_the_own_shop(page: Page) -> None:
    """The step about the shop: our own API, its name as it is offered, and on."""
    await page.wait_for_url("**/first-run/shop")
    await page.focus(".pick-one[href^='?kind=signed']")
    await page.keyboard.press("Enter")
    await page.focus("#form [name=name]")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#new-address")
    await page.keyboard.press("Enter")


async def test_a_new_owner_is_ready_to_sell_without_a_mouse(address: str, chromium: Browser, shop: Shopkeeper) -> None:
    page = await (await chromium.new_context(locale="en")).new_page()
    await page.goto(f"{address}/panel/enter/{await first_link(shop)}")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/first-run/account")
    for text in ("Li Wei", "\tli@example.com", "\tcorrect horse battery", "\n"):
        await write(page, text)
    await open_the_own_shop(page)
    await finish(page)
    assert [row.name for row in await shop.rows(Staff) if row.role == "owner"] == ["Li Wei"]
    assert not (await shop.house.store.read(lambda tx: first_run.look(tx, shop.id))).shown


async def write(page: Page, text: str) -> None:
    """Type; a tab goes to the next field and empties it, a line end presses Enter."""
    for letter in text:
        if letter == "\t":
            await page.keyboard.press("Tab")
            await page.keyboard.press("Control+a")
        else:
            await page.keyboard.press("Enter" if letter == "\n" else letter)


async def finish(page: Page) -> None:
    """From the channel to the overview."""
    await page.wait_for_url("**/first-run/channel")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/first-run/test")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#test-done")
    await page.focus("main .acts a[href='/panel'], main a.btn[href='/panel']:not(.quiet)")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/panel")
