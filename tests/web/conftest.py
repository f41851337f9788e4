"""The web's cast: the app over a real house, a program with a key, a browser with an order."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from orderbell.domain import access
from orderbell.runtime.house import House
from orderbell.web.app import make_app
from tests.cast import Shopkeeper

_CSRF = re.compile(r'name="_csrf_token" value="([^"]+)"')


def csrf_of(page: httpx.Response) -> dict[str, str]:
    """The hidden field of a page's first form."""
    found = _CSRF.search(page.text)
    assert found, page.text
    return {"_csrf_token": found[1]}


async def new_key(shop: Shopkeeper, *scopes: str) -> str:
    """A key of that shop; with no scope named it has them all."""
    now, wanted = shop.house.clock.now(), scopes or access.SCOPES
    _, token = await shop.house.store.write(
        lambda tx: access.create_api_key(tx, shop.id, "test", wanted, by="test", now=now)
    )
    return token


def bearer(token: str) -> dict[str, str]:
    """The header that shows a key."""
    return {"authorization": f"Bearer {token}"}


async def link_to(shop: Shopkeeper, number: str) -> str:
    """The path of the link a buyer gets."""
    return f"/o/{shop.house.writer.order_token(await shop.order(number))}"


@pytest.fixture
def app(house: House) -> Litestar:
    """The web door of the house."""
    return make_app(house)


@pytest.fixture
async def browser(app: Litestar) -> AsyncIterator[AsyncTestClient[Litestar]]:
    """A client that keeps cookies and follows redirects, as browsers do."""
    async with AsyncTestClient(app=app, raise_server_exceptions=False) as client:
        client.follow_redirects = True
        yield client


@pytest.fixture
async def program(app: Litestar, shop: Shopkeeper) -> AsyncIterator[AsyncTestClient[Litestar]]:
    """A client with a key of the shop that reaches everything."""
    async with AsyncTestClient(app=app, raise_server_exceptions=False) as client:
        client.headers.update(bearer(await new_key(shop)))
        yield client


@pytest.fixture
async def sold(shop: Shopkeeper) -> str:
    """The number of an order that was paid and got its key `KEY-CANARY-1`."""
    await shop.stock("KEY-CANARY-1")
    await shop.says("order.paid", "N-1")
    await shop.settled()
    return "N-1"


def problem(answer: httpx.Response) -> tuple[int, Any]:
    """Status and code of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]
