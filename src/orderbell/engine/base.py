"""What an engine is: how workers hear that there is work. It may say so twice or for nothing, never not at all.

The rows are the work; an engine only saves the workers from asking the database all the time. It may be wiped
while running: whoever waits looks into the database at least once a second.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """The kinds of work rows."""

    EVENT = "event"
    MESSAGE = "message"


class Engine(Protocol):
    """The bell between those who leave work and those who take it."""

    def publish(self, kind: Kind) -> None:
        """There is new work of this kind, committed."""
        ...

    async def wait(self, kind: Kind, most_s: float) -> bool:
        """Wait for news of this kind, at most that long; whether there was any. News before the wait count."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
