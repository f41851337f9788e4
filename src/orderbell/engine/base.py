"""What an engine is: how workers hear that there is work. It may say so twice or for nothing, never not at all.

The rows are the work and the database is the truth; an engine carries only ids. It may be wiped while running: what
it forgets is found in the database by the relay, and by every worker that looks for itself now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """The kinds of work rows an engine speaks of; timers are rung from the database by every worker's ticker."""

    EVENT = "event"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Work:
    """One row that wants a worker, as far as an engine needs to know it."""

    id: str
    lane: int
    gen: int = 0
    """The row's lease generation: with the id it names this turn of the row, and is said once."""
    share: str = "none"
    """Whose share of the engine it fills: the shop of an event, the provider account of a message."""
    again: int = 0
    """Above zero: say it once more although it was said, because nobody took it since."""


class Engine(Protocol):
    """The bell between those who leave work and those who take it."""

    @property
    def spreads(self) -> bool:
        """Whether names of rows travel to other processes; when not, ringing is enough."""
        ...

    @property
    def epoch(self) -> int:
        """Rises when the engine lost everything it was told."""
        ...

    async def start(self) -> None:
        """Begin; an engine that is away is waited for in the background, work goes on without it.

        Raises:
            Misconfigured: the engine answers and is not set up to be trusted.
        """
        ...

    def publish(self, kind: Kind, work: Sequence[Work] = ()) -> None:
        """These rows are committed; nobody waits for the engine to know. Without rows: there is some, look for it."""
        ...

    async def offer(self, kind: Kind, work: Sequence[Work]) -> set[str]:
        """Tell of rows and wait; the ids the engine holds now. It refuses those whose share of it is full."""
        ...

    async def wait(self, kind: Kind, most_s: float) -> bool:
        """Wait for news of this kind, at most that long; whether there was any. News before the wait count."""
        ...

    def pull(self, kind: Kind, most: int, busy: Collection[str] = ()) -> list[str] | None:
        """Ids of rows to claim, the urgent lanes first but not only; None means: look into the database yourself.

        Rows whose share is in `busy` are left for later.
        """
        ...

    def done(self, kind: Kind, ids: Collection[str]) -> None:
        """These need not be said again: each was claimed, durably, or was no longer there to be claimed."""
        ...

    async def asked(self, most_s: float) -> bool:
        """Wait until somebody published without rows, at most that long; whether somebody did."""
        ...

    def tell(self) -> None:
        """Let the live pages of other processes know that there is something new."""
        ...

    def on_told(self, hear: Callable[[], None]) -> None:
        """Call `hear` whenever another process tells."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
