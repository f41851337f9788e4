"""The web's cast: the app over a real house, a program with a key, a browser with an order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar
from playwright.async_api import Browser
from tests.cast import Shopkeeper
from tests.web.browsers import browsing, serving
from tests.web.doors import bearer, new_key

from orderbell.runtime.house import House
from orderbell.web.app import Door, make_app, open_to

_doors: dict[int, Door] = {}
"""Put together once a process, by the size of what they let in: hundreds of routes cost a third of a second."""


def same_loop(app: Litestar) -> dict[str, Any]:
    """Requests run in the test's own event loop, where the house lives."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    return {"transport": transport, "base_url": "http://shop.test"}


@pytest.fixture
def app(house: House) -> Litestar:
    """The web door of the house."""
    most = house.settings.max_body_bytes
    if most not in _doors:
        _doors[most] = make_app(house)
    open_to(_doors[most], house)
    return _doors[most]


@pytest.fixture
async def browser(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A client that keeps cookies and follows redirects, as browsers do."""
    async with httpx.AsyncClient(**same_loop(app), follow_redirects=True) as client:
        yield client


@pytest.fixture
async def address(app: Litestar, sold: str) -> AsyncIterator[str]:
    """The app on a port of this machine, over a shop in which an order was sold."""
    async with serving(app) as at:
        yield at


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """Debian's own browser."""
    async with browsing() as browser:
        yield browser


@pytest.fixture
async def program(app: Litestar, shop: Shopkeeper) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key of the shop that reaches everything."""
    async with httpx.AsyncClient(**same_loop(app)) as client:
        client.headers.update(bearer(await new_key(shop)))
        yield client


@pytest.fixture
async def sold(shop: Shopkeeper) -> str:
    """The number of an order that was paid and got its key `KEY-CANARY-1`."""
    await shop.stock("KEY-CANARY-1")
    await shop.says("order.paid", "N-1")
    await shop.settled()
    return "N-1"
