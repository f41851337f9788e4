"""POST /v1/events: a shop tells what happened. When the answer is 202, it is on the disk."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, post

from orderbell.base.secrets import Box
from orderbell.domain.access import ApiSeat
from orderbell.events import Event, OrderEvent
from orderbell.runtime.house import House
from orderbell.sources import own
from orderbell.store.journal import Entry
from orderbell.web import guards
from orderbell.web.api.once import once_in_steps

SCOPE = "events:write"


class TakenEvent(msgspec.Struct, frozen=True):
    """One event and what became of it: accepted, duplicate, or conflict (same id, other content: the first counts)."""

    id: str
    status: str


class TakenEvents(msgspec.Struct, frozen=True):
    """The events of a request, in its order."""

    events: list[TakenEvent]


async def take(house: House, seat: ApiSeat, body: bytes) -> TakenEvents:
    """Read the events of a body and write them down.

    Raises:
        BadInput: something in it is not as the contract says; nothing of it was kept.
    """
    events = own.read_events(body, now=house.clock.now())
    box = await _box_for(events, house, seat.shop_id)
    entries = [Entry(shop_id=seat.shop_id, source_id=None, event=event, box=box) for event in events]
    return TakenEvents([TakenEvent(each.id, each.status) for each in await house.record(entries)])


async def _box_for(events: list[Event], house: House, shop_id: str) -> Box | None:
    """Only events that bring goods need the shop's box, and a look into the database for it."""
    if any(isinstance(event, OrderEvent) and event.goods for event in events):
        return (await house.vault(shop_id)).box
    return None


@post("/events", status_code=202, guards=[guards.scope(SCOPE)], summary="Tell what happened", tags=["Events"])
async def tell(request: Request[Any, Any, Any], house: House, seat: ApiSeat) -> Response[TakenEvents]:
    """Take one event or up to 500; when the answer comes, they are on the disk.

    An event's own id makes it idempotent for ever. With an Idempotency-Key the first answer is given again;
    without one, `web/ingest.py` answers before the framework does.
    """
    body = await request.body()
    return await once_in_steps(request, house, seat, lambda: take(house, seat, body), status=202)


ROUTES = [tell]
