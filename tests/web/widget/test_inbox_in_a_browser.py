"""`<order-inbox>` on a page that is not ours, under a strict policy, in a real browser: live, whole, harmless."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.async_playwright import Axe
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from playwright.async_api import Browser, Page
from tests.cast import Shopkeeper, order_json
from tests.web.browsers import MARKS, WATCH
from tests.web.widget.test_inbox import allow, token_for

pytestmark = MARKS
HOSTILE = "<img src=x onerror=broken.push('ran')>{{ 7*7 }}{% raw %}\u202e😀" + "长" * 100
ROOT = "document.querySelector('order-inbox').shadowRoot"
PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<script type="module" src="{home}/static/order-inbox.js"></script></head>
<body><main><h1>Shop</h1><order-inbox src="{home}" token="{token}"></order-inbox></main></body></html>"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Line:
    """A line to the house that can be cut."""

    port: int
    target: int
    ways: list[asyncio.StreamWriter] = field(default_factory=list)
    cuts: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self.ways += [writer, other_writer]
        await asyncio.gather(_pump(reader, other_writer), _pump(other_reader, writer), return_exceptions=True)

    def cut(self) -> None:
        ways, self.ways, self.cuts = self.ways, [], self.cuts + 1
        for each in ways:
            each.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture
async def line(app: Litestar) -> AsyncIterator[Line]:
    """The house on a port of this machine, reached through a line that can be cut."""
    port = free_port()
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False)
    serving, line = asyncio.create_task(server.serve()), Line(free_port(), port)
    proxy = await asyncio.start_server(line.serve, "127.0.0.1", line.port)
    yield line
    proxy.close()
    line.cut()
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.gather(serving, return_exceptions=True)


@pytest.fixture
async def foreign(shop: Shopkeeper, sold: str, line: Line) -> AsyncIterator[str]:
    """A shop's own page, from its own server, under as strict a policy as a host may have."""
    port, home = free_port(), f"http://127.0.0.1:{line.port}"
    await allow(shop, f"http://127.0.0.1:{port}")
    token = await token_for(shop, sold)
    policy = f"default-src 'none'; script-src {home}; connect-src {home}; require-trusted-types-for 'script'"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        body = PAGE.format(home=home, token=token, lang="zh" if "/zh" in head.split("\r\n")[0] else "en").encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-security-policy: {policy}\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    yield f"http://127.0.0.1:{port}"
    server.close()


async def visit(chromium: Browser, address: str, *, width: int = 1440, scheme: str = "light") -> Page:
    context = await chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    await context.add_init_script(WATCH)
    page = await context.new_page()
    await page.goto(address)
    await page.wait_for_selector("order-inbox[data-state=live]")
    return page


async def until(page: Page, holds: str) -> None:
    """Wait for it; the browser's own waiting needs `eval`, which the page's policy forbids."""
    async with asyncio.timeout(15):
        while not await page.evaluate(holds):
            await asyncio.sleep(0.05)


async def fails_again(shop: Shopkeeper, number: str, n: int) -> None:
    await shop.says("payment.failed", number, id_=f"again-{number}-{n}")


@pytest.mark.parametrize(
    ("path", "scheme", "width"), [("/zh", "light", 1440), ("/en", "dark", 390), ("/zh", "dark", 320)]
)
async def test_bell_and_list_are_fit_for_everybody_and_break_no_policy(
    foreign: str, chromium: Browser, path: str, scheme: str, width: int
) -> None:
    page = await visit(chromium, foreign + path, width=width, scheme=scheme)
    for step in ("closed", "open"):
        violations = (await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag22aa"]})).response[
            "violations"
        ]
        assert [each["id"] for each in violations] == [], step
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.locator("order-inbox .bell").click()
    assert await page.evaluate("broken") == []


async def test_a_message_arrives_by_itself_and_is_counted(
    foreign: str, chromium: Browser, shop: Shopkeeper, sold: str
) -> None:
    page = await visit(chromium, foreign)
    badge = page.locator("order-inbox .badge")
    before = int(await badge.inner_text())
    await shop.says("refund.requested", sold)
    await until(page, f"document.querySelector('order-inbox').unread === {before + 1}")
    assert int(await badge.inner_text()) == before + 1
    assert "New message" in await page.evaluate(f"{ROOT}.querySelector('span.vh').textContent")


async def test_twenty_cut_lines_lose_no_message(foreign: str, chromium: Browser, shop: Shopkeeper, line: Line) -> None:
    page = await visit(chromium, foreign)
    for n in range(20):
        line.cut()
        await fails_again(shop, "N-1", n)
        if n % 5 == 0:
            await page.wait_for_selector("order-inbox[data-state=live]")
    await shop.settled()
    stored = await shop.messages(channel="inbox", audience="buyer")
    await until(page, f"document.querySelector('order-inbox').unread === {len(stored)}")
    await page.locator("order-inbox .bell").click()
    shown = await page.locator("order-inbox .item").evaluate_all("rows => rows.map(row => row.dataset.id)")
    assert line.cuts == 20 and shown == sorted((row.id for row in stored), reverse=True)


async def test_a_name_full_of_code_stays_text(foreign: str, chromium: Browser, shop: Shopkeeper) -> None:
    order = order_json("N-H", lines=[{"sku": "x", "title": HOSTILE, "quantity": 1, "price": "1.00"}])
    await shop.says_raw({"id": "h", "type": "order.paid", "order": order})
    await shop.settled()
    page = await visit(chromium, foreign)
    await page.evaluate(
        "token => { document.querySelector('order-inbox').token = token; }", await token_for(shop, "N-H")
    )
    await page.locator("order-inbox .bell").click()
    await until(page, f"{ROOT}.querySelector('ul').innerText.includes('<img src=x')")
    assert await page.locator("order-inbox img").count() == 0
    assert await page.evaluate("broken") == []


async def test_without_a_mouse_one_opens_walks_reads_all_and_comes_back(
    foreign: str, chromium: Browser, shop: Shopkeeper
) -> None:
    page = await visit(chromium, foreign)
    inner = f"{ROOT}.activeElement"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await until(page, f"{inner}?.className.startsWith('item')")
    first = await page.evaluate(f"{inner}.dataset.id")
    await page.keyboard.press("ArrowDown")
    assert await page.evaluate(f"{inner}.dataset.id") < first
    await page.locator("order-inbox .all").press("Enter")
    await until(page, "document.querySelector('order-inbox').unread === 0")
    await page.keyboard.press("Escape")
    await until(page, f"{inner}?.className === 'bell'")
    assert all(row.read_at for row in await shop.messages(channel="inbox", audience="buyer"))


async def test_an_ended_token_is_asked_for_again_and_the_list_goes_on(
    foreign: str, chromium: Browser, shop: Shopkeeper, sold: str
) -> None:
    page = await visit(chromium, foreign)
    fresh = await token_for(shop, sold)
    await page.evaluate(
        "token => addEventListener('order-inbox-renew', e => { window.renewed = true; e.target.token = token; })",
        fresh,
    )
    await page.evaluate("document.querySelector('order-inbox').token = 'ended'")
    await until(page, "window.renewed && document.querySelector('order-inbox').unread > 0")
    await shop.says("refund.requested", sold)
    await until(page, f"{ROOT}.querySelector('span.vh').textContent !== ''")
