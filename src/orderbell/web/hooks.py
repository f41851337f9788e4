"""The door shop systems knock at: verify, read, write down, answer. It decides nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from litestar import HttpMethod, Request, Response, route
from litestar.params import FromPath
from sqlalchemy import update

from orderbell.base.errors import NotFound, NotReady
from orderbell.domain import sources
from orderbell.events import Event
from orderbell.runtime.house import House
from orderbell.sources.base import RawRequest, Reading
from orderbell.sources.directory import SOURCES
from orderbell.store.journal import Entry
from orderbell.store.schema import SourceRow

_HEARD_EVERY = timedelta(minutes=1)
"""`last_event_at` is for people: once a minute is enough, a write for each request is not."""


@route("/{kind:str}/{token:str}", http_method=[HttpMethod.GET, HttpMethod.POST], status_code=200)
async def receive(
    request: Request[Any, Any, Any], house: House, kind: FromPath[str], token: FromPath[str]
) -> Response[str]:
    """Take one request of a shop system; when the answer is 2xx, its events are on the disk."""
    row = await house.store.read(lambda tx: sources.find_by_token(tx, kind, token))
    source = SOURCES.get(kind)
    if row is None or source is None:
        raise NotFound("There is nothing at this address.")
    if row.paused_at is not None:
        raise NotReady("This connection is paused; please send it again later.", code="paused")
    vault = await house.vault(row.shop_id)
    raw = await _raw(request, house)
    source.verify(raw, sources.open_secrets(vault, row))
    reading = source.read(raw, row.settings)
    if reading.events:
        named = source.names_events
        events = reading.events if named else [_within(row.id, event) for event in reading.events]
        await house.record(
            [Entry(shop_id=row.shop_id, source_id=row.id, event=event, box=vault.box) for event in events], source=kind
        )
        await _remember(house, row)
    return _answer(reading)


def _within(source_id: str, event: Event) -> Event:
    return msgspec.structs.replace(event, id=f"{source_id}:{event.id}")


async def _raw(request: Request[Any, Any, Any], house: House) -> RawRequest:
    return RawRequest(
        method=request.method, headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.body(), received_at=house.clock.now(), query=dict(request.query_params.items()),
    )  # fmt: skip


async def _remember(house: House, row: Any) -> None:
    now = house.clock.now()
    if row.last_event_at and now - row.last_event_at < _HEARD_EVERY:
        return
    mine = (SourceRow.shop_id == row.shop_id, SourceRow.id == row.id)
    await house.store.write(lambda tx: tx.execute(update(SourceRow).where(*mine).values(last_event_at=now)))


def _answer(reading: Reading) -> Response[str]:
    return Response(reading.answer, status_code=reading.status, media_type="text/plain")


ROUTES = [receive]
