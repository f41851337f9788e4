"""What the web's tests do again and again: show a key, read a form's token, follow a buyer's link."""

from __future__ import annotations

import re
from typing import Any

import httpx
from tests.cast import Shopkeeper

from orderbell.domain import access

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


def problem(answer: httpx.Response) -> tuple[int, Any]:
    """Status and code of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]
