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


class TakenEvent(msgspec.Struct, frozen=True):
    """One event and what became of it: accepted, duplicate, or conflict (same id, other content: the first counts)."""

    id: str
    status: str


class TakenEvents(msgspec.Struct, frozen=True):
    """The events of a request, in its order."""

    events: list[TakenEvent]


_encode = msgspec.json.Encoder().encode


@post("/events", status_code=202, guards=[guards.scope("events:write")], summary="Tell what happened",
      description=__doc__, tags=["Events"])  # fmt: skip
async def tell(request: Request[Any, Any, Any], house: House, seat: ApiSeat) -> Response[TakenEvents]:
    """Take one event or up to 500.

    An event's own id makes it idempotent for ever, so an Idempotency-Key is not needed here.
    """
    events = own.read_events(await request.body(), now=house.clock.now())
    box = await _box_for(events, house, seat.shop_id)
    entries = [Entry(shop_id=seat.shop_id, source_id=None, event=event, box=box) for event in events]
    recorded = await house.record(entries)
    taken = TakenEvents([TakenEvent(each.id, each.status) for each in recorded])
    return Response(_encode(taken), status_code=202, media_type="application/json")  # type: ignore[arg-type]


async def _box_for(events: list[Event], house: House, shop_id: str) -> Box | None:
    """Only events that bring goods need the shop's box, and a look into the database for it."""
    if any(isinstance(event, OrderEvent) and event.goods for event in events):
        return (await house.vault(shop_id)).box
    return None


ROUTES = [tell]
