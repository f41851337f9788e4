"""What a buyer wants to hear, read and kept by programs: for shops that ask for consent on their own pages."""

from __future__ import annotations

import msgspec
from litestar import get, put
from litestar.params import FromQuery, JSONBody
from sqlalchemy import Connection

from orderbell.base.errors import BadInput
from orderbell.channels.directory import CHANNELS
from orderbell.domain import wishes
from orderbell.domain.access import ApiSeat
from orderbell.domain.wishes import Said, Way
from orderbell.runtime.house import House
from orderbell.web import guards

READ, WRITE = [guards.scope("messages:read")], [guards.scope("messages:write")]
_LONGEST = 254


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What goes to one address by one channel: `goods`, `orders`, `offers`; true means it may be sent."""

    channel: str
    address: str
    topics: dict[str, bool]


@get("/preferences", guards=READ, summary="What a buyer wants to hear", tags=["Preferences"])
async def get_wishes(house: House, seat: ApiSeat, channel: FromQuery[str], address: FromQuery[str]) -> Wishes:
    """The topics of one address; what was never chosen is true."""
    way = _way(channel, address)
    off = await house.store.read(lambda tx: wishes.off_for(tx, seat.shop_id, [way]).get(way, frozenset()))
    return _told(way, off)


@put("/preferences", guards=WRITE, summary="Keep what a buyer wants to hear", tags=["Preferences"])
async def set_wishes(house: House, seat: ApiSeat, data: JSONBody[Wishes]) -> Wishes:
    """Keep a choice the buyer made on your pages; topics not named stay, and the log of consent says it came from you.

    Goods keep one way open whatever is switched off.
    """
    way, said = _way(data.channel, data.address), Said(how="api", at=house.clock.now())

    def deed(tx: Connection) -> frozenset[str]:
        return wishes.choose(tx, seat.shop_id, way, data.topics, said=said)

    return _told(way, await house.store.write(deed))


def _way(channel: str, address: str) -> Way:
    known = CHANNELS.get(channel)
    if known is None or known.traits.local or known.traits.address == "none":
        raise BadInput(
            f"{channel[:40]!r} is not a channel that reaches buyers.", code="unknown_channel", field="channel"
        )
    if not 1 <= len(address.strip()) <= _LONGEST:
        raise BadInput("An address has 1 to 254 characters.", code="bad_address", field="address")
    return Way(channel, wishes.reach_of(address, None, None))


def _told(way: Way, off: frozenset[str]) -> Wishes:
    return Wishes(channel=way.channel, address=way.reach, topics={each: each not in off for each in wishes.TOPICS})


ROUTES = [get_wishes, set_wishes]
