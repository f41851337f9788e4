"""A real browser, and the app on a port of this machine."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

CHROMIUM = shutil.which("chromium")
MARKS = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    pytest.mark.parametrize("settings", ["sqlite"], indirect=True),
]
"""For every file of such tests: a page is the same whatever database is behind it."""
# Violations are written where the test can read them, before the page's own scripts run.
WATCH = "window.broken = []; addEventListener('securitypolicyviolation', e => broken.push(e.violatedDirective))"


@asynccontextmanager
async def serving(app: Litestar) -> AsyncIterator[str]:
    """The address of the app while it is served."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False)
    running = asyncio.create_task(server.serve())
    while not await _listens(port):
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.gather(running, return_exceptions=True)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """Debian's own browser."""
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


async def sitting(browser: Browser, address: str, look: tuple[str, str, int], **more: Any) -> BrowserContext:
    """A reader of that language, scheme and width, before any page is open."""
    language, scheme, width = look
    # What is fading in has not its colours yet.
    shown = {"viewport": {"width": width, "height": 850}, "color_scheme": scheme, "reduced_motion": "reduce"}
    context = await browser.new_context(**(shown | more))  # type: ignore[arg-type]
    await context.add_cookies([{"name": "ob_lang", "value": language, "url": address}])
    await context.add_init_script(WATCH)
    return context


async def seat(browser: Browser, address: str, look: tuple[str, str, int], **more: Any) -> Page:
    """A fresh page for such a reader."""
    return await (await sitting(browser, address, look, **more)).new_page()


async def faults(page: Page) -> list[Any]:
    """What is wrong with the page that is open."""
    found: list[Any] = await page.evaluate("broken")
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("scrolls sideways")
    seen = (await Axe().run(page)).response["violations"]
    return found + [(each["id"], each["nodes"][0]["target"], each["nodes"][0]["failureSummary"]) for each in seen]
