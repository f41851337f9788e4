"""The widget's stream: first what a page that comes back does not know, then each change, without a gap.

Every event is named by a mark of the whole newest page, so a page that names its last mark is told of anything that
differs from it, whatever was born or committed in which order, in which process (ids alone could not promise that).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from orderbell.runtime.house import House
from orderbell.web import inboxes
from orderbell.web.inboxes import InboxSeat
from orderbell.web.widget import reading
from orderbell.web.widget.hub import Hub
from orderbell.web.widget.reading import Entry, Marks

# For what the hub cannot see; what is born now rings the bell at once.
LOOK_EVERY_S = 5.0
FIRST_EVERY_S = 1.0
SILENCE_S = 15.0
_encode = msgspec.json.Encoder().encode


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What changed: new messages, and known ones that were read meanwhile."""

    items: list[Entry]
    unread: int


async def follow(house: House, hub: Hub, seat: InboxSeat, last: str) -> AsyncIterator[dict[str, Any]]:
    """Events until the token ends: `all` is the newest page, `news` what came since; comments are signs of life."""
    if not seat.owner:
        nothing = await house.store.read(lambda tx: reading.read_pile(tx, house, seat))
        yield _event("all", nothing, nothing.mark)
        seat, last = await _first_order(house, seat), nothing.mark
    with hub.listen(seat.shop_id, seat.owner):
        async for event in _changes(house, hub, seat, last):
            yield event


async def _first_order(house: House, seat: InboxSeat) -> InboxSeat:
    """Wait for a member's first order, which makes them a customer; or for the token's end."""
    while not seat.owner and seat.until > house.clock.now():
        await house.bus.wait(FIRST_EVERY_S)
        seat = await house.store.read(lambda tx, was=seat: inboxes.look_again(tx, was))  # type: ignore[misc]
    return seat


async def _changes(house: House, hub: Hub, seat: InboxSeat, last: str) -> AsyncIterator[dict[str, Any]]:
    known, quiet_s = None, SILENCE_S
    while (left_s := (seat.until - house.clock.now()).total_seconds()) > 0:
        bell = hub.bell(seat.owner)
        now = await house.store.read(lambda tx: reading.look(tx, seat))
        if known is None and now.name != last:
            pile = await house.store.read(lambda tx: reading.read_pile(tx, house, seat))
            known, quiet_s = Marks({each.id: each.read for each in pile.items}, pile.unread), 0.0
            yield _event("all", pile, pile.mark)
        elif known is not None and now != known:
            yield await _news(house, seat, known, now)
            known, quiet_s = now, 0.0
        elif quiet_s >= SILENCE_S:
            known, quiet_s = now, 0.0
            yield {"comment": "still here"}
        else:
            await _rung(bell, min(LOOK_EVERY_S, left_s))
            quiet_s += LOOK_EVERY_S


async def _news(house: House, seat: InboxSeat, known: Marks, now: Marks) -> dict[str, Any]:
    changed = [id_ for id_, read in now.read.items() if known.read.get(id_) != read]
    items = await house.store.read(lambda tx: reading.read_some(tx, house, seat, changed))
    return _event("news", News(items=items, unread=now.unread), now.name)


async def _rung(bell: asyncio.Event, most_s: float) -> None:
    try:
        await asyncio.wait_for(bell.wait(), most_s)
    except TimeoutError:
        return


def _event(name: str, data: object, mark: str) -> dict[str, Any]:
    return {"event": name, "id": mark, "data": _encode(data).decode()}
