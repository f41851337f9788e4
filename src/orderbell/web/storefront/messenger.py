"""The demo shop's way to OrderBell: the signed public door every shop system has, knocked at by a real request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import select

from orderbell.base.errors import NotReady
from orderbell.base.signing import sign_webhook
from orderbell.domain import sources
from orderbell.runtime.house import House
from orderbell.store.database import Tx
from orderbell.store.schema import SourceRow

NAME = "Demo storefront"
KIND = "signed"


async def tell(app: Any, house: House, shop_id: str, event: Mapping[str, Any]) -> None:
    """Send one event, signed by the Standard Webhooks rules.

    Raises:
        NotReady: the door did not take it.
    """
    path, secret = await _door(house, shop_id)
    body = msgspec.json.encode(event)
    headers = sign_webhook([secret], str(event["id"]), house.clock.now(), body)
    status = await knock(app, path, {**headers, "content-type": "application/json"}, body)
    if status >= 300:
        raise NotReady("The shop's door did not take it. Please try again.")


async def knock(app: Any, path: str, headers: Mapping[str, str], body: bytes) -> int:
    """POST to the application as a server would hand it in; the status of its answer."""
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 0), "server": ("127.0.0.1", 0), "state": {},
    }  # fmt: skip
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    return status


async def _door(house: House, shop_id: str) -> tuple[str, str]:
    """The secret address and the signing secret of the storefront's own connection, opened at its first use."""
    vault = await house.vault(shop_id)

    def find(tx: Tx) -> tuple[str, str] | None:
        mine = (SourceRow.shop_id == shop_id, SourceRow.kind == KIND, SourceRow.name == NAME)
        row = tx.execute(select(SourceRow.__table__).where(*mine).order_by(SourceRow.id).limit(1)).one_or_none()
        return None if row is None else (sources.open_token(vault, row), sources.open_secrets(vault, row)[0])

    def make(tx: Tx) -> tuple[str, str]:
        known = find(tx)
        if known is not None:
            return known
        now = house.clock.now()
        opened = sources.add_source(tx, vault, kind=KIND, name=NAME, values={}, by="system", now=now)
        return opened.token, opened.secret

    known = await house.store.read(find)
    token, secret = known if known else await house.store.write(make)
    return f"/in/{KIND}/{token}", secret
