"""Sends what waits: a claimer, a task per message on the wire, and a recorder that writes results in batches.

No transaction is open while a provider is asked. A provider that hangs fills only its own share of the flights.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from orderbell.base import log
from orderbell.base.clock import Clock
from orderbell.base.crash import crashpoint
from orderbell.base.errors import NotReady, OrderBellError
from orderbell.channels.base import SendFailed, Taken, Unsure
from orderbell.delivery.live import LiveChannels
from orderbell.delivery.prepare import Flight, Preparer
from orderbell.delivery.record import Landed, record
from orderbell.store import leases
from orderbell.store.database import Store
from orderbell.store.schema import Message

IN_FLIGHT_MOST = 512
PER_PROVIDER_MOST = 160
# After work was found, what comes in within this time is claimed together: fewer and larger transactions.
LINGER_S = 0.003


@dataclass
class Sender:
    """The sending loops of one process."""

    store: Store
    preparer: Preparer
    channels: LiveChannels
    clock: Clock
    batch: int
    deadline_s: float
    """How long one send may take; well below the lease, or the same message would go out twice."""
    wait: Callable[[float], Awaitable[bool]]
    """Waits for news of messages, at most that many seconds."""
    told: Callable[[list[Landed]], None] = lambda landed: None
    """Called after results are safe, for live pages."""
    _flying: Counter[str] = field(default_factory=Counter)
    _tasks: set[asyncio.Task[Taken | SendFailed]] = field(default_factory=set)
    _landed: list[Landed] = field(default_factory=list)
    _results: asyncio.Event = field(default_factory=asyncio.Event)
    _room: asyncio.Event = field(default_factory=asyncio.Event)
    _halt: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False

    async def run(self) -> None:
        """Claim, send and record until `stop`; what is in the air then lands first."""
        recorder = asyncio.create_task(self._record_loop())
        cautious = asyncio.create_task(self._cautious_loop())
        try:
            while not self._stopping:
                await self._claim_round()
        finally:
            self.stop()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=self.deadline_s)
            await cautious
            self._results.set()
            await recorder

    def stop(self) -> None:
        """Take no more; let what flies land."""
        self._stopping = True
        self._halt.set()
        self._room.set()

    async def _claim_round(self) -> None:
        most = min(self.batch, IN_FLIGHT_MOST)
        if IN_FLIGHT_MOST - len(self._tasks) < most:
            self._room.clear()
            await self._room.wait()
            return
        busy = [provider for provider, n in self._flying.items() if n >= PER_PROVIDER_MOST]
        try:
            flights, claimed = await self.store.write(lambda tx: self.preparer.prepare(tx, most=most, busy=busy))
        except (OrderBellError, SQLAlchemyError) as error:
            log.get("send").warning("messages cannot be claimed now", why=str(error))
            await asyncio.sleep(1)
            return
        for flight in flights:
            self._launch(flight)
        if claimed == 0:
            await self._rest()
            return
        if claimed > len(flights):
            self.told([])
        await asyncio.sleep(LINGER_S)

    async def _cautious_loop(self) -> None:
        """Messages over which a worker died more than once go one by one: one may be what killed it."""
        halted = asyncio.create_task(self._halt.wait())
        while not self._stopping:
            try:
                flights, claimed = await self.store.write(self.preparer.prepare_suspect)
            except (OrderBellError, SQLAlchemyError) as error:
                log.get("send").warning("messages cannot be claimed now", why=str(error))
                claimed = 0
            else:
                for flight in flights:
                    await asyncio.wait([self._launch(flight)])
            if not claimed:
                await asyncio.wait([halted], timeout=1)
        halted.cancel()

    def _launch(self, flight: Flight) -> asyncio.Task[Taken | SendFailed]:
        self._flying[flight.account.id] += 1
        task = asyncio.create_task(self._fly(flight))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._land(flight, done))
        return task

    async def _fly(self, flight: Flight) -> Taken | SendFailed:
        crashpoint("send.before_provider")
        try:
            async with asyncio.timeout(self.deadline_s):
                channel = self.channels.get(flight.account)
                taken = await channel.send(flight.letter, flight.address, flight.row.id)
        except SendFailed as failed:
            return failed
        except TimeoutError:
            return Unsure(f"no answer within {self.deadline_s:.0f} s", code="timeout")
        crashpoint("send.sent_unrecorded")
        return taken

    def _land(self, flight: Flight, task: asyncio.Task[Taken | SendFailed]) -> None:
        self._tasks.discard(task)
        self._flying[flight.account.id] -= 1
        bug = None if task.cancelled() else task.exception()
        if bug is not None:
            log.get("send").error("a channel failed unexpectedly", channel=flight.row.channel, why=repr(bug))
            outcome: Taken | SendFailed = Unsure(f"the channel failed unexpectedly: {bug!r}", code="bug")
        else:
            outcome = Unsure("sending was broken off") if task.cancelled() else task.result()
        self._landed.append(Landed(flight, outcome, self.clock.now()))
        self._results.set()
        self._room.set()

    async def _record_loop(self) -> None:
        while not (self._stopping and not self._tasks and not self._landed):
            await self._results.wait()
            self._results.clear()
            if not self._landed:
                if self._stopping:
                    return
                continue
            landed, self._landed = self._landed, []
            await self._record(landed)

    async def _record(self, landed: list[Landed]) -> None:
        # What a provider took must be written down: keep at it while the database is away.
        while True:
            try:
                await self.store.write(lambda tx: record(tx, landed))
            except NotReady as error:
                log.get("send").warning("results wait for the database", why=error.sentence, messages=len(landed))
                await asyncio.sleep(1)
            except SQLAlchemyError as error:
                await self._record_apart(landed, error)
                return
            else:
                self.told(landed)
                return

    async def _record_apart(self, landed: list[Landed], error: SQLAlchemyError) -> None:
        # One result the database cannot take must not lose the others; left alone it comes back as in doubt.
        if len(landed) == 1:
            log.get("send").error("a result could not be kept", message=landed[0].flight.row.id, why=str(error))
            return
        for each in landed:
            await self._record([each])

    async def _rest(self) -> None:
        try:
            due = await self.store.read(lambda tx: leases.next_due(tx, Message))
        except (NotReady, SQLAlchemyError) as error:
            log.get("send").warning("the database is not ready", why=str(error))
            due = None
        await self.wait(1.0 if due is None else min(1.0, max(0.01, (due - self.clock.now()).total_seconds())))
