"""The engine of one process: a bell in memory for each kind of work."""

from __future__ import annotations

import asyncio

from orderbell.engine.base import Kind


class Embedded:
    """Rings inside this process; nothing to lose, since the rows are in the database."""

    def __init__(self) -> None:
        self._news = {kind: asyncio.Event() for kind in Kind}

    def publish(self, kind: Kind) -> None:
        """See `Engine.publish`."""
        self._news[kind].set()

    async def wait(self, kind: Kind, most_s: float) -> bool:
        """See `Engine.wait`."""
        try:
            await asyncio.wait_for(self._news[kind].wait(), most_s)
        except TimeoutError:
            return False
        self._news[kind].clear()
        return True

    async def close(self) -> None:
        """See `Engine.close`."""
