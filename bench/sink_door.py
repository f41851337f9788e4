"""The harness's side of the sinks: start them, ask them, and judge that every order came exactly once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.client import Door
from bench.processes import Broken, Running, first_json, python, running

POLL_S = 0.02
PATIENCE_S = 60
"""A run is given up when nothing at all arrives for so long."""


class Checked(Protocol):
    """What sends: a process, or several that are one house."""

    def check(self) -> None:
        """Raises Broken when it has ended."""


@dataclass(frozen=True)
class Came:
    """When each order's mail and webhook came."""

    mails: dict[str, float]
    hooks: dict[str, float]

    @property
    def last_at(self) -> float:
        return max([*self.mails.values(), *self.hooks.values()])


@dataclass(frozen=True)
class Sinks:
    """The two sinks of a run."""

    smtp_port: int
    http: Door
    process: Running

    @property
    def hook_url(self) -> str:
        return f"http://127.0.0.1:{self.http.port}/hook"

    @property
    def slow_url(self) -> str:
        """A receiver that takes two seconds for each answer."""
        return f"http://127.0.0.1:{self.http.port}/slow"

    async def reset(self) -> None:
        await self.http.call("POST", "/reset")

    async def done(self) -> tuple[int, int]:
        """How many mails and webhooks have come."""
        count = await self.http.call("GET", "/count")
        return count["mails"], count["hooks"]

    async def wait(self, most: int, *, source: Checked, hooks: bool = True) -> None:
        """Until `most` mails and, where they are sent, as many webhooks have come.

        Raises:
            Broken: `source`, which sends them, has ended, or nothing came for a minute.
        """
        seen, moved_at = (0, 0), time.monotonic()
        while min((now := await self.done())[: 1 + hooks]) < most:
            if now != seen:
                seen, moved_at = now, time.monotonic()
            elif time.monotonic() - moved_at > PATIENCE_S:
                raise Broken(f"only {now[0]} mails and {now[1]} webhooks of {most} came")
            source.check()
            await asyncio.sleep(POLL_S)

    async def came(self, numbers: Sequence[str], *, hooks: bool = True) -> Came:
        """The arrivals of exactly these orders.

        Raises:
            Broken: one did not come, came twice, was not asked for, or a webhook bore no signature.
        """
        dump = await self.http.call("GET", "/dump")
        if dump["unsigned"]:
            raise Broken(f"{dump['unsigned']} webhooks bore no signature")
        return Came(once("mail", dump["mails"], numbers), once("webhook", dump["hooks"], numbers if hooks else ()))


def once(what: str, arrivals: Sequence[tuple[str, float]], numbers: Sequence[str]) -> dict[str, float]:
    """The moment each of `numbers` arrived.

    Raises:
        Broken: one is missing, came more than once, or was never asked for.
    """
    seen = Counter(number for number, _ in arrivals)
    missing = set(numbers) - seen.keys()
    strange = seen.keys() - set(numbers)
    twice = [number for number, times in seen.items() if times > 1]
    if missing or strange or twice:
        raise Broken(f"{what}s: {len(missing)} missing, {len(strange)} never asked for, {len(twice)} more than once")
    return dict(arrivals)


@asynccontextmanager
async def open_sinks(folder: Path) -> AsyncIterator[Sinks]:
    """The sinks' process for as long as the block lasts."""
    with running(python("bench.sinks"), folder / "sinks.log") as process:
        ports = await asyncio.to_thread(first_json, process)
        yield Sinks(ports["smtp"], Door(ports["http"]), process)
