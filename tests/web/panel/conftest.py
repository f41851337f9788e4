"""The panel's cast: a member of staff who is signed in, and forms sent the way a browser sends them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient
from tests.cast import Shopkeeper
from tests.web.browsers import serving
from tests.web.doors import csrf_of

from orderbell.domain import staff
from orderbell.domain.staff import StaffSeat

Client = AsyncTestClient[Litestar]
Sends = Callable[..., Awaitable[httpx.Response]]


async def seat_of(shop: Shopkeeper, role: str) -> StaffSeat:
    """Somebody of that role; the owner is there already."""
    now, email = shop.house.clock.now(), f"{role}@example.com"
    if role != "owner":
        await shop.house.store.write(
            lambda tx: staff.add_staff(tx, shop.id, email=email, name=role, role=role, by="test", now=now)
        )
    people = await shop.house.store.read(lambda tx: staff.list_staff(tx, shop.id))
    return next(each for each in people if each.email == email)


async def enter(browser: Client, shop: Shopkeeper, role: str) -> None:
    """Sign the browser in."""
    seat, now = await seat_of(shop, role), shop.house.clock.now()
    token = await shop.house.store.write(lambda tx: staff.open_session(tx, seat, now=now))
    browser.cookies.set("ob_session", token)
    browser.cookies.set("ob_lang", "en")


@pytest.fixture
async def address(app: Litestar, shop: Shopkeeper, sold: str) -> AsyncIterator[str]:
    """The app on a port of this machine, over a shop in which an order was sold and another is owed."""
    await shop.says("order.paid", "N-2")
    await shop.settled()
    async with serving(app) as at:
        yield at


@pytest.fixture
async def panel(browser: Client, shop: Shopkeeper) -> Client:
    """A browser in which the owner is signed in, reading English."""
    await enter(browser, shop, "owner")
    return browser


@pytest.fixture
async def onlooker(browser: Client, shop: Shopkeeper) -> Client:
    """A browser in which somebody is signed in who may only look."""
    await enter(browser, shop, "viewer")
    return browser


@pytest.fixture
def send(browser: Client) -> Sends:
    """Sends a form: loads the page it stands on for its token, then posts."""

    async def do(page: str, target: str, /, *, files: Any = None, headers: Any = None, **fields: Any) -> httpx.Response:
        token = csrf_of(await browser.get(page))
        return await browser.post(target, data={**token, **fields}, files=files, headers=headers)

    return do
