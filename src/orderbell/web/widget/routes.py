"""What `<order-inbox>` talks to: the list, the stream, and what was read. The token in the header says whose."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import HttpMethod, Request, Response, get, post, route
from litestar.params import FromQuery, JSONBody
from litestar.response import ServerSentEvent
from msgspec import Meta

from orderbell.delivery import outbox
from orderbell.runtime.house import House
from orderbell.web.widget import crossing, reading, stream
from orderbell.web.widget.reading import Pile

AnyRequest = Request[Any, Any, Any]
WITH_TOKEN = [crossing.let_read, crossing.with_token]


class WhatWasRead(msgspec.Struct, frozen=True, kw_only=True):
    """Messages by their ids, or all up to and including the one `until` names: those a reader cannot have seen stay."""

    ids: Annotated[list[str], Meta(max_length=100)] = []
    until: str = ""


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """How many are unread now."""

    unread: int


@get("/", guards=WITH_TOKEN)
async def listing(request: AnyRequest, house: House, before: FromQuery[str] = "") -> Pile:
    """The newest messages of an inbox, or those older than `before`."""
    seat = crossing.seat_of(request)
    return await house.store.read(lambda tx: reading.read_pile(tx, house, seat, before=before))


@get("/stream", media_type="text/event-stream", guards=WITH_TOKEN)
async def listen(request: AnyRequest, house: House) -> ServerSentEvent:
    """The inbox as it changes; a page that comes back names its Last-Event-ID and misses nothing."""
    last = request.headers.get("last-event-id", "")
    return ServerSentEvent(stream.follow(house, request.app.state.inboxes, crossing.seat_of(request), last))


@post("/read", status_code=200, guards=WITH_TOKEN)
async def mark(request: AnyRequest, house: House, data: JSONBody[WhatWasRead]) -> Left:
    """Mark messages as read; a token that only looks changes nothing."""
    seat = crossing.seat_of(request)
    if seat.owner and not seat.peeks:
        now = house.clock.now()
        await house.store.write(
            lambda tx: outbox.mark_read(tx, seat.shop_id, data.ids, owner=seat.owner, until=data.until, now=now)
        )
        request.app.state.inboxes.ring(seat.owner)
    return Left(unread=(await house.store.read(lambda tx: reading.look(tx, seat))).unread)


@route(["/", "/stream", "/read"], http_method=[HttpMethod.OPTIONS])
async def ask_first(request: AnyRequest) -> Response[None]:
    """A browser asks whether a page may; whose inbox it is, it tells only afterwards."""
    await crossing.let_read(request)
    return Response(None, status_code=204, headers=crossing.PREFLIGHT)


# First, or the framework answers OPTIONS by itself.
ROUTES = [ask_first, listing, listen, mark]
