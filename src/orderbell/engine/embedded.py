"""The engine of one process: a bell in memory for each kind of work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from orderbell.engine.base import Kind, Work


class Embedded:
    """Rings inside this process; nothing to lose, since the rows are in the database."""

    spreads = False
    epoch = 0

    def __init__(self) -> None:
        self._news = {kind: asyncio.Event() for kind in Kind}

    async def start(self) -> None:
        """See `Engine.start`."""

    def publish(self, kind: Kind, work: Sequence[Work] = ()) -> None:
        """See `Engine.publish`."""
        self._news[kind].set()

    async def offer(self, kind: Kind, work: Sequence[Work]) -> set[str]:
        """See `Engine.offer`."""
        self.publish(kind)
        return {each.id for each in work}

    async def wait(self, kind: Kind, most_s: float) -> bool:
        """See `Engine.wait`."""
        return await rung(self._news[kind], most_s)

    def pull(self, kind: Kind, most: int, busy: Collection[str] = ()) -> list[str] | None:
        """Always: look for yourself."""
        return None

    def done(self, kind: Kind, ids: Collection[str]) -> None:
        """See `Engine.done`."""

    async def asked(self, most_s: float) -> bool:
        """Nobody asks: whoever rings here is heard at once."""
        await asyncio.sleep(most_s)
        return False

    def tell(self) -> None:
        """There is no other process."""

    def on_told(self, hear: Callable[[], None]) -> None:
        """There is no other process."""

    async def close(self) -> None:
        """See `Engine.close`."""


async def rung(bell: asyncio.Event, most_s: float) -> bool:
    """Wait until a bell rings, at most that long, and silence it; whether it rang."""
    try:
        await asyncio.wait_for(bell.wait(), most_s)
    except TimeoutError:
        return False
    bell.clear()
    return True
