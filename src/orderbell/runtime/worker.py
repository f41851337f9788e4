"""The worker: claims facts, lets their hearers decide, and keeps one poison fact from harming the others."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy.exc import SQLAlchemyError

from orderbell.base import log, mutant, trace
from orderbell.base.clock import Clock
from orderbell.base.crash import crashpoint
from orderbell.base.errors import Conflict, NotReady
from orderbell.delivery.prepare import Flight
from orderbell.delivery.seats import NO_SEATS, Seats
from orderbell.engine.base import Engine, Kind
from orderbell.runtime import tally
from orderbell.runtime.batch import Batch, Claimed
from orderbell.runtime.table import HEARS
from orderbell.runtime.timers import TICK_S, Ticker
from orderbell.runtime.words import Means, Outbound
from orderbell.store import leases
from orderbell.store.database import Store, Tx
from orderbell.store.journal import Fresh
from orderbell.store.schema import EventRow, State

FAILURES_MOST = 12
CRASHES_MOST = 5 if not mutant.without("poison_counts") else 1_000_000
SUSPECTS_EVERY_S = 1.0
# What comes through our own door is handed over; the database is asked for what others left, and for retries.
LOOK_EVERY_S = 0.25
HANDED_MOST = 1000
"""How many fresh facts may wait in memory; more than that wait in the database."""
_RETRY_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


def decide(tx: Tx, rows: Sequence[Claimed], means: Means, clock: Clock, *, seats: Seats = NO_SEATS) -> Outbound:
    """Let every hearer of every claimed fact decide, facts we find out on the way included; then write it all.

    Returns what is to be done about its messages once this is committed.
    """
    batch = Batch(tx, means, clock.now(), seats.copy())
    batch.load(rows)
    while batch.queue:
        heard = batch.queue.popleft()
        for handler in HEARS[type(heard.event)]:
            handler(batch, heard)
        batch.end(heard)
    return batch.flush()


@dataclass
class Worker:
    """The deciding loop of one process; it runs the ticker beside it and never without it."""

    store: Store
    means: Means
    clock: Clock
    batch: int
    lease_s: int
    engine: Engine
    ticker: Ticker
    seats: Callable[[], Seats] = lambda: NO_SEATS
    """The room in the sender of this process."""
    send: Callable[[list[Flight]], None] = lambda flights: None
    """Takes messages that were leased from birth."""
    _handed: deque[Fresh] = field(default_factory=deque)
    beat_at: float = 0.0
    """When the deciding loop last came round, monotonic; 0.0 while it does not run in this process."""
    _look_at: float = 0.0
    _suspects_at: float = 0.0
    _running: bool = False
    _stopping: bool = False

    def room(self) -> int:
        """See `Hands.room`."""
        return HANDED_MOST - len(self._handed) if self._running else 0

    def until(self) -> datetime:
        """See `Hands.until`."""
        return self.clock.now() + timedelta(seconds=self.lease_s)

    def offer(self, rows: Sequence[Fresh]) -> None:
        """See `Hands.offer`."""
        self._handed.extend(rows)
        self.engine.publish(Kind.EVENT)

    def stop(self) -> None:
        """Take no more work."""
        self._running, self._stopping = False, True
        self.engine.publish(Kind.EVENT)

    async def run(self) -> None:
        """Decide until `stop`; what was handed over by then is still decided."""
        self._running = not self._stopping
        ticker = asyncio.create_task(self.ticker.run())
        while (not self._stopping or self._handed) and not ticker.done():
            self.beat_at = time.monotonic()
            if not self.ticker.watch.may_claim():
                await asyncio.sleep(TICK_S)
                continue
            try:
                if not await self.round():
                    await self.engine.wait(Kind.EVENT, LOOK_EVERY_S)
            except (NotReady, SQLAlchemyError) as error:
                log.get("worker").warning("the database is not ready", why=str(error))
                if self._stopping:
                    # What was handed over is due again when its lease ends.
                    break
                await asyncio.sleep(1)
        if ticker.done():
            # It never ends by itself: without timers the process must not go on as if all were well.
            ticker.result()
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)

    async def round(self) -> int:
        """What was handed over, and every now and then what waits in the database; how many facts that were."""
        taken = await self._decide_handed()
        now = asyncio.get_running_loop().time()
        if not self._stopping and (now >= self._look_at or not taken):
            found = await self._take_waiting()
            self._look_at = now if found else now + LOOK_EVERY_S
            taken += found
        if not self._stopping and now >= self._suspects_at:
            # A fact over which workers died before goes alone: it may be what killed them.
            found = await self._take(partial(leases.claim_suspect, work=EventRow))
            self._suspects_at = now if found else now + SUSPECTS_EVERY_S
            taken += found
        return taken

    async def _decide_handed(self) -> int:
        rows = [self._handed.popleft() for _ in range(min(self.batch, len(self._handed)))]
        # One that waited here for half its lease may be claimed by another soon: it is left to the database.
        fresh_enough = self.clock.now() - timedelta(seconds=self.lease_s / 2)
        fresh = [row for row in rows if row.received_at > fresh_enough]
        if fresh:
            try:
                await self._decide(fresh)
            except (NotReady, SQLAlchemyError):
                self._handed.extendleft(reversed(fresh))
                raise
        return len(rows)

    async def _take_waiting(self) -> int:
        names = self.engine.pull(Kind.EVENT, self.batch)
        if names is None:
            return await self._take(partial(leases.claim, work=EventRow, most=self.batch))
        found = await self._take(partial(leases.claim_named, work=EventRow, ids=names)) if names else 0
        self.engine.done(Kind.EVENT, names)
        return found

    async def _take(self, claim: Callable[..., list[SqlRow[Any]]]) -> int:
        def take(tx: Tx) -> list[SqlRow[Any]]:
            now = self.ticker.watch.moment()
            return claim(tx, now=now, lease_s=self.lease_s) if now else []

        rows = await self.store.write(take)
        crashpoint("decide.after_claim")
        if rows:
            await self._decide(rows)
        return len(rows)

    async def _decide(self, rows: Sequence[Claimed]) -> None:
        poison = [row for row in rows if row.state == State.LEASED and row.tries >= CRASHES_MOST]
        for row in poison:
            await self._put_aside(row, "the process died each time this was handled", final=True)
        good = rows if not poison else [row for row in rows if row.state != State.LEASED or row.tries < CRASHES_MOST]
        if not good:
            return
        try:
            seats = self.seats()
            outbound = await self.store.write(lambda tx: decide(tx, good, self.means, self.clock, seats=seats))
        except NotReady:
            raise
        except Exception as error:
            await self._redo(good, error)
        else:
            crashpoint("decide.after_commit")
            tally.decided(good)
            self.send(outbound.flights)
            if outbound.waits:
                self.engine.publish(Kind.MESSAGE)

    async def _redo(self, rows: Sequence[Claimed], error: Exception) -> None:
        """Handle them one by one, so that one poison fact harms no other; a single one waits or is put aside."""
        if len(rows) > 1:
            for row in rows:
                await self._decide([row])
            return
        say = log.get("worker").bind(trace=trace.of(rows[0].id))
        if isinstance(error, Conflict) and error.code == "lease_lost":
            say.warning("another worker took a fact meanwhile")
            return
        say.error("a fact could not be handled", why=repr(error), exc_info=error)
        await self._put_aside(rows[0], repr(error), final=rows[0].tries + 1 >= FAILURES_MOST)

    async def _put_aside(self, row: Claimed, why: str, *, final: bool) -> None:
        wait_s = _RETRY_S[min(row.tries, len(_RETRY_S) - 1)]
        result = {
            "b_id": row.id,
            "b_gen": row.lease_gen + 1,
            "state": int(State.STUCK if final else State.READY),
            "due_at": self.clock.now() + timedelta(seconds=wait_s),
            "error": why[:1000],
        }
        await self.store.write(lambda tx: leases.settle(tx, EventRow, [result], ("state", "due_at", "error")))
