"""Engines of both kinds, and rows that only know whether they wait."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

import pytest
from tests.nats import Nats, nats, running

from orderbell.engine.base import Engine, Kind, Work
from orderbell.engine.embedded import Embedded
from orderbell.engine.jetstream import JetStream
from orderbell.engine.streams import read_servers

__all__ = ["nats"]

ACK_WAIT_S = 1.5
_numbers = itertools.count()


def works(count: int, *, lane: int = 0, share: str = "prv_1") -> list[Work]:
    """That many rows nobody heard of."""
    return [Work(f"msg_{next(_numbers):08d}", lane, share=share) for _ in range(count)]


def ids(work: list[Work]) -> list[str]:
    return [each.id for each in work]


@dataclass
class Rows:
    """Stands for the database: rows that wait, and how often each was handled."""

    waiting: dict[str, Work] = field(default_factory=dict)
    handled: dict[str, int] = field(default_factory=dict)

    def put(self, work: list[Work]) -> list[Work]:
        self.waiting |= {each.id: each for each in work}
        return work

    def claim(self, names: list[str] | None) -> list[str]:
        """The rows a worker gets: of those named, or of all, those that wait."""
        found = [id_ for id_ in (self.waiting if names is None else names) if id_ in self.waiting]
        for id_ in found:
            del self.waiting[id_]
            self.handled[id_] = self.handled.get(id_, 0) + 1
        return found

    async def work_off(self, *engines: Engine, within_s: float = 15) -> None:
        """Let a worker at each engine work until nothing waits."""

        async def labour(engine: Engine) -> None:
            while self.waiting:
                names = engine.pull(Kind.MESSAGE, 10)
                if not self.claim(names):
                    await engine.wait(Kind.MESSAGE, 0.05)
                engine.done(Kind.MESSAGE, names or ())

        async with asyncio.timeout(within_s):
            await asyncio.gather(*map(labour, engines))


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture(scope="session")
def shared_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """One server for all tests that do it no harm."""
    with running(tmp_path_factory.mktemp("nats")) as server:
        yield server


def seat(server: Nats, *, pulls: bool = True) -> JetStream:
    """A process's seat at a server."""
    servers = read_servers(server.url, server.monitor, replicas=1, ack_wait_s=ACK_WAIT_S)
    return JetStream(servers, pulls=pulls)


Seats = Callable[..., "asyncio.Future[JetStream]"]


@pytest.fixture
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """An engine of the kind the test asks for, started."""
    made: Engine = Embedded() if request.param == "embedded" else seat(request.getfixturevalue("shared_nats"))
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def jetstream(nats: Nats) -> AsyncIterator[JetStream]:
    """JetStream on a server of its own, whose workers trust it: they do not look into the database now and then."""
    made = seat(nats)
    await made.start()
    trust(made)
    yield made
    await made.close()


def trust(engine: JetStream) -> None:
    """Let it hand out names only, for long enough."""
    engine._look_at = dict.fromkeys(Kind, asyncio.get_running_loop().time() + 600)


async def pulled(engine: Engine, most: int, *, busy: tuple[str, ...] = ()) -> list[str]:
    """What is handed out until that many came or it has been quiet for a moment."""
    found: list[str] = []
    quiet = 0
    while len(found) < most and quiet < 8:
        names = engine.pull(Kind.MESSAGE, most - len(found), busy)
        found += names or ()
        quiet = 0 if names else quiet + 1
        if not names:
            await engine.wait(Kind.MESSAGE, 0.1)
    return found
