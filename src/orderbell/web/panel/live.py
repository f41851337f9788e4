"""The live list: new messages and those that changed, gathered into few paints, without a gap after a reconnect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection

from orderbell.runtime.house import House
from orderbell.web.panel import steps
from orderbell.web.panel.face import frame
from orderbell.web.panel.queries import messages
from orderbell.web.panel.queries.overview import FEED_ROWS

LOOK_EVERY_S = 1.0
PAINT_AT_MOST_EVERY_S = 0.3
SILENCE_S = 15.0
NEWEST = 40
REMEMBERED = 320
# Ids are born before their rows are committed: a browser that comes back is shown the last moments once more.
OVERLAP_MS = 3000
UNFINISHED = ("queued", "sending", "held")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What drawing a row needs beside the row."""

    zone: str
    providers: Mapping[str, str]


@dataclass(frozen=True)
class Burst:
    """Rows drawn together; `last` is what a browser names when it comes back. No html: only a sign of life."""

    html: str
    last: str


class Draw(Protocol):
    """Draws rows: fresh ones for the head of the list, others to take their own place."""

    def __call__(self, rows: Sequence[Any], facts: Facts, *, fresh: bool) -> str:
        """The rows as HTML."""
        ...


@dataclass
class _Reader:
    """What one browser has seen of late, and its rows that may still change with how they stood."""

    shop_id: str
    last: str = ""
    seen: dict[str, None] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)

    def begin(self, tx: Connection, since: str) -> None:
        """Take what the browser shows already as seen; its unfinished rows are drawn again, to be sure."""
        known = messages.newest(tx, self.shop_id, NEWEST)
        self.remember([row for row in known if not since or row.id < _a_little_before(since)])
        drawn = known[:FEED_ROWS]
        self.open = {row.id: "" for row in drawn if row.status in UNFINISHED and row.id in self.seen}
        self.last = since or self.last

    def look(self, tx: Connection) -> tuple[list[Any], list[Any], Facts]:
        """New rows and changed rows, the newest first, and what drawing them needs."""
        fresh = [row for row in messages.newest(tx, self.shop_id, NEWEST) if row.id not in self.seen]
        known = messages.these(tx, self.shop_id, list(self.open)) if self.open else ()
        changed = [row for row in known if self.open[row.id] != _state(row)]
        zone = frame(tx, self.shop_id).zone if fresh or changed else "UTC"
        return fresh, changed, Facts(zone=zone, providers=messages.provider_names(tx, self.shop_id))

    def remember(self, rows: Sequence[Any]) -> None:
        """Take note of what is about to be drawn."""
        for row in rows:
            self.seen[row.id] = None
            self.open.pop(row.id, None)
            if row.status in UNFINISHED:
                self.open[row.id] = _state(row)
            self.last = max(self.last, row.id)
        for old in list(self.open)[:-NEWEST]:
            del self.open[old]
        for old in list(self.seen)[:-REMEMBERED]:
            del self.seen[old]


def _state(row: Any) -> str:
    return f"{row.status}/{row.tries}"


def _a_little_before(message_id: str) -> str:
    prefix, _, mark = message_id.partition("_")
    try:
        born_ms = int(mark[:12], 16)
    except ValueError:
        return ""
    return f"{prefix}_{max(0, born_ms - OVERLAP_MS):012x}"


async def follow(house: House, shop_id: str, since: str, draw: Draw) -> AsyncIterator[Burst]:
    """Bursts of drawn rows for ever; `since` is the newest id the browser has, empty for from now on."""
    reader, quiet_s = _Reader(shop_id), 0.0
    await house.store.read(lambda tx: reader.begin(tx, since))
    while True:
        fresh, changed, facts = await house.store.read(reader.look)
        if fresh or changed:
            reader.remember([*fresh[::-1], *changed])
            parts = (draw(fresh, facts, fresh=True), draw(changed, facts, fresh=False))
            quiet_s = 0.0
            yield Burst(html="".join(parts), last=reader.last)
            await asyncio.sleep(PAINT_AT_MOST_EVERY_S)
        elif quiet_s >= SILENCE_S:
            quiet_s = 0.0
            yield Burst(html="", last=reader.last)
        rang = await house.bus.wait(LOOK_EVERY_S)
        quiet_s += 0.0 if rang else LOOK_EVERY_S


def speed(row: Any) -> str:
    """How long a message took from its making to the provider's yes; empty before that."""
    return steps.took(row.created_at, row.sent_at) if row.sent_at else ""
