"""The busiest door, `POST /v1/events`, as bare ASGI: the framework's way of answering costs more than the work.

It speaks the same contract as `api/events.py`, where the address is documented; a request with an Idempotency-Key
goes there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar.datastructures import State
from litestar.types import HTTPScope, Receive, Send

from orderbell.base.errors import OrderBellError, TooLarge
from orderbell.web import guards, wall
from orderbell.web.api import events
from orderbell.web.api.once import HEADER as ONCE

PATH = "/v1/events"
_JSON = b"application/json"
_HEADERS = [*wall.ALWAYS.items(), (b"cache-control", b"no-store")]
_encode = msgspec.json.Encoder().encode


def is_meant(scope: Mapping[str, Any]) -> bool:
    """Whether a connection, of whatever kind, is a request for this door."""
    if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
        return False
    return not any(name == ONCE.encode() for name, _ in scope["headers"])


async def answer(state: State, scope: HTTPScope, receive: Receive, send: Send) -> None:
    """Answer one request."""
    body, refusal = await wall.contain(_take(state, scope, receive), PATH)
    kind = wall.PROBLEM.encode() if refusal else _JSON
    headers = [*_HEADERS, (b"content-type", kind), (b"content-length", str(len(body)).encode()), *_back(refusal)]
    status = refusal.status if refusal else 202
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _take(state: State, scope: HTTPScope, receive: Receive) -> bytes:
    header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    seat = await guards.key_seat(state, header.decode("latin-1"), events.SCOPE)
    body = await _read(receive, state.house.settings.max_body_bytes)
    return _encode(await events.take(state.house, seat, body))


async def _read(receive: Receive, max_bytes: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message["body"])
        size, more = size + len(message["body"]), message.get("more_body", False)
        if size > max_bytes:
            raise TooLarge("The body is larger than this door lets in.")
    return b"".join(parts)


def _back(refusal: OrderBellError | None) -> list[tuple[bytes, bytes]]:
    found = wall.retry_headers(refusal) if refusal else {}
    return [(name.encode(), value.encode()) for name, value in found.items()]
