"""Lets live pages know that there is something new; what they missed they read from the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Bus:
    """A bell without a message: everybody who waits wakes up and looks for themselves.

    `spread` lets other processes know as well; they call `heard` there.
    """

    def __init__(self, spread: Callable[[], None] = lambda: None) -> None:
        self._news = asyncio.Event()
        self._spread = spread

    def ring(self) -> None:
        """There is something new, made by this process."""
        self.heard()
        self._spread()

    def heard(self) -> None:
        """There is something new."""
        self._news.set()
        self._news = asyncio.Event()

    async def wait(self, most_s: float) -> bool:
        """Wait for the next ring, at most that long; whether it rang."""
        try:
            await asyncio.wait_for(self._news.wait(), most_s)
        except TimeoutError:
            return False
        return True
