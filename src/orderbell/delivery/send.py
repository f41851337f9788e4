"""Sends what waits: a claimer, a task per message on the wire, and a recorder that writes results in batches.

No transaction is open while a provider is asked. A provider that hangs fills only its own share of the flights.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from orderbell.base import log, mutant, trace
from orderbell.base.clock import Clock
from orderbell.base.crash import crashpoint
from orderbell.base.errors import NotReady, OrderBellError
from orderbell.channels.base import SendFailed, Unsure
from orderbell.delivery.live import LiveChannels
from orderbell.delivery.prepare import Flight, Preparer
from orderbell.delivery.record import Landed, Outcome, record
from orderbell.delivery.seats import IN_FLIGHT_MOST, PER_PROVIDER_MOST, Seats
from orderbell.delivery.wording import NotWorded, Writer
from orderbell.store import leases
from orderbell.store.database import Store
from orderbell.store.schema import Message

# After work was found, what comes in within this time is claimed together: fewer and larger transactions.
LINGER_S = 0.003
HOLD_S = 0.5
RECORD_FEW = 64
RECORD_LINGER_S = 0.005


@dataclass
class Sender:
    """The sending loops of one process."""

    store: Store
    preparer: Preparer
    writer: Writer
    channels: LiveChannels
    clock: Clock
    batch: int
    deadline_s: float
    """How long one send may take; its lease is renewed meanwhile."""
    lease_s: float
    wait: Callable[[float], Awaitable[bool]]
    """Waits for news of messages, at most that many seconds."""
    pull: Callable[[int, Sequence[str]], list[str] | None] = lambda most, busy: None
    """Names up to so many messages to claim, none by a busy provider; None means whatever is due."""
    pulled: Callable[[Sequence[str]], None] = lambda ids: None
    """Called when messages that `pull` named were claimed, or were not there to be claimed."""
    may_claim: Callable[[], bool] = lambda: True
    """Whether messages may be claimed now; it is asked before every claim."""
    told: Callable[[list[Landed]], None] = lambda landed: None
    """Called after results are safe, for live pages."""
    beat_at: float = 0.0
    """When the sending loop last came round, monotonic; 0.0 while it does not run in this process."""
    _flying: Counter[str] = field(default_factory=Counter)
    _tasks: dict[asyncio.Task[Outcome], Flight] = field(default_factory=dict)
    _last: dict[tuple[str, ...], asyncio.Task[Outcome]] = field(default_factory=dict)
    """What is in the air, by order and reader; see `_line_of`."""
    _landed: list[Landed] = field(default_factory=list)
    _results: asyncio.Event = field(default_factory=asyncio.Event)
    _room: asyncio.Event = field(default_factory=asyncio.Event)
    _halt: asyncio.Event = field(default_factory=asyncio.Event)
    _running: bool = False
    _stopping: bool = False

    async def run(self) -> None:
        """Claim, send and record until `stop`; what is in the air then lands first."""
        self._running = not self._stopping
        recorder = asyncio.create_task(self._record_loop())
        cautious = asyncio.create_task(self._cautious_loop())
        watcher = asyncio.create_task(self._watch_loop())
        try:
            while not self._stopping:
                self.beat_at = time.monotonic()
                await self._claim_round()
        finally:
            self.stop()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=self.deadline_s)
            await cautious
            self._results.set()
            await recorder
            watcher.cancel()

    def stop(self) -> None:
        """Take no more; let what flies land."""
        self._running, self._stopping = False, True
        self._halt.set()
        self._room.set()

    def seats(self) -> Seats:
        """The room there is now; none before `run` and after `stop`."""
        return Seats(IN_FLIGHT_MOST - len(self._tasks) if self._running and self.may_claim() else 0, self._flying)

    def take(self, flights: list[Flight]) -> None:
        """Send messages that were leased to this process when they were made."""
        for flight in flights:
            self._launch(flight)

    async def _claim_round(self) -> None:
        most = min(self.batch, IN_FLIGHT_MOST)
        if IN_FLIGHT_MOST - len(self._tasks) < most:
            self._room.clear()
            await self._room.wait()
            return
        if not self.may_claim():
            await asyncio.sleep(HOLD_S)
            return
        busy = [provider for provider, n in self._flying.items() if n >= PER_PROVIDER_MOST]
        names = self.pull(most, busy)
        if names is not None and not names:
            await self.wait(1.0)
            return
        prepare = partial(self.preparer.prepare, most=most, busy=busy, names=names)
        try:
            flights, claimed = await self.store.write(prepare)
        except (OrderBellError, SQLAlchemyError) as error:
            log.get("send").warning("messages cannot be claimed now", why=str(error))
            await asyncio.sleep(1)
            return
        self.pulled(names or ())
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
            if not self.may_claim():
                await asyncio.wait([halted], timeout=HOLD_S)
                continue
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

    async def _watch_loop(self) -> None:
        """What is long in the air stays ours, for another would send it as well; what is too long is broken off."""
        loop = asyncio.get_running_loop()
        every_s = min(self.lease_s / 4, self.deadline_s / 4)
        while True:
            await asyncio.sleep(every_s)
            now = loop.time()
            for task, flight in list(self._tasks.items()):
                if not flight.holds and now - flight.took_off_at > self.deadline_s:
                    task.cancel()
            await self._renew([each for each in self._tasks.values() if now - each.took_off_at > every_s])

    async def _renew(self, flights: list[Flight]) -> None:
        if not flights:
            return
        held = [(each.row.id, each.row.lease_gen + 1) for each in flights]
        until = self.clock.now() + timedelta(seconds=self.lease_s)
        try:
            await self.store.write(partial(leases.renew, work=Message, held=held, until=until))
        except (NotReady, SQLAlchemyError) as error:
            log.get("send").warning("leases could not be renewed", why=str(error), messages=len(held))

    def _launch(self, flight: Flight) -> asyncio.Task[Outcome]:
        self._flying[flight.account.id] += 1
        flight.took_off_at = asyncio.get_running_loop().time()
        line = _line_of(flight)
        task = asyncio.create_task(self._fly(flight, self._last.get(line) if line else None))
        self._tasks[task] = flight
        if line:
            self._last[line] = task
        task.add_done_callback(lambda done: self._land(flight, done))
        return task

    async def _fly(self, flight: Flight, before: asyncio.Task[Outcome] | None) -> Outcome:
        if before is not None:
            # One reader hears of one order in order, however slow the provider is with what went before.
            flight.holds = True
            await asyncio.wait([before])
            flight.holds, flight.took_off_at = False, asyncio.get_running_loop().time()
        trace.follow(flight.row.event_id)
        crashpoint("send.before_provider")
        try:
            flight.worded = self.writer.write(flight.row, flight.book, flight.order, flight.lines)
            channel = self.channels.get(flight.account)
            taken = await channel.send(flight.worded.letter, flight.address, flight.row.id)
        except (SendFailed, NotWorded) as failed:
            return failed
        crashpoint("send.sent_unrecorded")
        return taken

    def _land(self, flight: Flight, task: asyncio.Task[Outcome]) -> None:
        del self._tasks[task]
        if (line := _line_of(flight)) and self._last.get(line) is task:
            del self._last[line]
        self._flying[flight.account.id] -= 1
        bug = None if task.cancelled() else task.exception()
        if bug is not None:
            log.get("send").error(
                "a channel failed unexpectedly", trace=trace.of(flight.row.event_id), channel=flight.row.channel,
                why=repr(bug), exc_info=bug,
            )  # fmt: skip
            outcome: Outcome = Unsure(f"the channel failed unexpectedly: {bug!r}", code="bug")
        else:
            outcome = Unsure("No answer came in time.", code="timeout") if task.cancelled() else task.result()
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
            if len(self._landed) < RECORD_FEW and self._tasks:
                # More are about to land: one transaction for all of them.
                await asyncio.sleep(RECORD_LINGER_S)
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
                crashpoint("send.after_record")
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


def _line_of(flight: Flight) -> tuple[str, ...] | None:
    """Messages of one line land one after another; None where the order of landing tells nobody anything."""
    row = flight.row
    if row.order_id is None or row.channel == "webhook" or mutant.without("in_order"):
        return None
    return (row.order_id, row.channel, row.address)
