"""The worker: claims facts, lets their hearers decide, and keeps one poison fact from harming the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from orderbell.base import log
from orderbell.base.clock import Clock
from orderbell.base.crash import crashpoint
from orderbell.base.errors import NotReady
from orderbell.domain.retention import forget_old
from orderbell.engine.base import Engine, Kind
from orderbell.events import OrderExpired, OrderFacts
from orderbell.runtime.batch import Batch, natural
from orderbell.runtime.table import HEARS
from orderbell.runtime.words import Means
from orderbell.store import journal, leases
from orderbell.store.database import Store, Tx
from orderbell.store.schema import EventRow, Order, State, Timer

FAILURES_MOST = 12
CRASHES_MOST = 5
FORGETS_EVERY = timedelta(hours=1)
SUSPECTS_EVERY_S = 1.0
# After work was found, what comes in within this time is claimed together: fewer and larger transactions.
LINGER_S = 0.002
_RETRY_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


def decide(tx: Tx, rows: Sequence[SqlRow[Any]], means: Means, clock: Clock) -> None:
    """Let every hearer of every claimed fact decide, facts we find out on the way included; then write it all."""
    batch = Batch(tx, means, clock.now())
    batch.load(rows)
    while batch.queue:
        heard = batch.queue.popleft()
        for handler in HEARS[type(heard.event)]:
            handler(batch, heard)
        batch.end(heard)
    batch.flush()


@dataclass
class Worker:
    """The deciding loop of one process, and the ticker that lets timers ring."""

    store: Store
    means: Means
    clock: Clock
    batch: int
    lease_s: int
    engine: Engine
    _suspects_at: float = 0.0
    _stopping: bool = False

    def stop(self) -> None:
        """Take no more work."""
        self._stopping = True
        self.engine.publish(Kind.EVENT)

    async def run(self) -> None:
        """Decide until `stop`."""
        ticker = asyncio.create_task(self._tick())
        while not self._stopping and not ticker.done():
            try:
                if not await self.round():
                    await self.engine.wait(Kind.EVENT, 1.0)
            except (NotReady, SQLAlchemyError) as error:
                log.get("worker").warning("the database is not ready", why=str(error))
                await asyncio.sleep(1)
        if ticker.done():
            # It never ends by itself: without timers the process must not go on as if all were well.
            ticker.result()
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)

    async def round(self) -> int:
        """One claim and what comes of it; how many facts were claimed."""
        claimed = await self._take(partial(leases.claim, work=EventRow, most=self.batch))
        now = asyncio.get_running_loop().time()
        if now >= self._suspects_at:
            # A fact over which workers died before goes alone: it may be what killed them.
            found = await self._take(partial(leases.claim_suspect, work=EventRow))
            self._suspects_at = now if found else now + SUSPECTS_EVERY_S
            claimed += found
        if claimed:
            await asyncio.sleep(LINGER_S)
        return claimed

    async def _take(self, claim: Callable[..., list[SqlRow[Any]]]) -> int:
        rows = await self.store.write(lambda tx: claim(tx, now=self.clock.now(), lease_s=self.lease_s))
        crashpoint("decide.after_claim")
        if rows:
            await self._decide(rows)
            crashpoint("decide.after_commit")
            self.engine.publish(Kind.MESSAGE)
        return len(rows)

    async def _decide(self, rows: Sequence[SqlRow[Any]]) -> None:
        poison = [row for row in rows if row.state == State.LEASED and row.tries >= CRASHES_MOST]
        for row in poison:
            await self._put_aside(row, "the process died each time this was handled", final=True)
        good = rows if not poison else [row for row in rows if row.state != State.LEASED or row.tries < CRASHES_MOST]
        if not good:
            return
        try:
            await self.store.write(lambda tx: decide(tx, good, self.means, self.clock))
        except NotReady:
            raise
        except Exception as error:
            if len(good) > 1:
                for row in good:
                    await self._decide([row])
                return
            log.get("worker").error("a fact could not be handled", fact=good[0].id, why=repr(error), exc_info=error)
            await self._put_aside(good[0], repr(error), final=good[0].tries + 1 >= FAILURES_MOST)

    async def _put_aside(self, row: SqlRow[Any], why: str, *, final: bool) -> None:
        wait_s = _RETRY_S[min(row.tries, len(_RETRY_S) - 1)]
        result = {
            "b_id": row.id,
            "b_gen": row.lease_gen + 1,
            "state": int(State.STUCK if final else State.READY),
            "due_at": self.clock.now() + timedelta(seconds=wait_s),
            "error": why[:1000],
        }
        await self.store.write(lambda tx: leases.settle(tx, EventRow, [result], ("state", "due_at", "error")))

    async def _tick(self) -> None:
        forget_at = self.clock.now()
        while True:
            rung = 0
            try:
                rung = await self.store.write(lambda tx: ring(tx, self.clock, lease_s=self.lease_s))
                if self.clock.now() >= forget_at:
                    await self.store.write(lambda tx: forget_old(tx, now=self.clock.now()))
                    forget_at = self.clock.now() + FORGETS_EVERY
            except (NotReady, SQLAlchemyError) as error:
                log.get("worker").warning("timers wait for the database", why=str(error))
            if rung:
                self.engine.publish(Kind.EVENT)
            else:
                await asyncio.sleep(0.5)


def ring(tx: Tx, clock: Clock, *, lease_s: int, most: int = 200) -> int:
    """Let due timers ring: the effect and the timer's end are one transaction. How many rang."""
    now = clock.now()
    rows = leases.claim(tx, Timer, most=most, now=now, lease_s=lease_s)
    if not rows:
        return 0
    crashpoint("timer.before_fire")
    ids = [row.subject_id for row in rows if row.kind == "expire_order"]
    pending = select(Order.id, Order.shop_id, Order.number).where(Order.id.in_(ids), Order.status == "pending")
    entries = [
        journal.Entry(
            shop_id=order.shop_id,
            source_id=None,
            event=OrderExpired(id=natural(OrderExpired, order.id), at=now, order=OrderFacts(number=order.number)),
        )
        for order in tx.execute(pending)
    ]
    if entries:
        journal.record(tx, entries, now)
    rung = [{"b_id": row.id, "b_gen": row.lease_gen + 1, "state": int(State.DONE), "fired_at": now} for row in rows]
    leases.settle(tx, Timer, rung, ("state", "fired_at"))
    crashpoint("timer.after_fire")
    return len(rows)
