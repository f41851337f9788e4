"""Timers ring in the transaction of their effect: never early, late by a tick, and never all at once by a wrong clock.

A timer armed before the clock jumped forward waits as much longer as the clock jumped: whichever time was the right
one, it is not early. What a process finds long overdue at its start is rung too, unless it would call off so large
a share of a shop's unpaid orders that a person must say whether the clock is right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import BigInteger, ColumnElement, Select, TextClause, func, select, text, type_coerce, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from orderbell.base import log, mutant
from orderbell.base.clock import Clock, from_micros, to_micros
from orderbell.base.crash import crashpoint
from orderbell.base.errors import NotReady
from orderbell.delivery import again
from orderbell.delivery.record import open_task
from orderbell.domain.retention import MOST_AT_ONCE, forget_old, forget_texts
from orderbell.events import OrderExpired, OrderFacts
from orderbell.runtime import tally
from orderbell.runtime.batch import natural
from orderbell.runtime.clockwatch import ClockWatch, DatabaseClock
from orderbell.runtime.sweep import find_silent
from orderbell.store import journal, leases
from orderbell.store.database import Store, Tx
from orderbell.store.schema import EventRow, Message, Meta, Order, Shop, State, Timer

TICK_S = 0.5
FORGETS_EVERY = timedelta(hours=1)
FORGETS_AFTER_MOVE = timedelta(days=1)
OVERDUE = timedelta(seconds=30)
"""A timer later than this was held up by more than a slow tick: a stop, or a clock that was set."""
MASS_FEW = 10
MASS_SHARE = 0.2
EXPIRY = "expire_order"
NEAR = timedelta(seconds=60)
"""What is due within this time was written by the clock as it is now, or need not wait longer than that."""
_MOVED = "clock_moved"
# Workers of one database see its clock jump at their next tick: within this time the same jump is moved for once.
_SAME_MOVE = timedelta(seconds=10)


@dataclass
class Ticker:
    """Lets timers ring every half second, and keeps everything that waits in step with a clock that was set."""

    store: Store
    clock: Clock
    watch: ClockWatch
    lease_s: int
    rung: Callable[[], None] = lambda: None
    """Called when timers rang: there are new facts to decide."""
    _forget_at: datetime | None = None
    _told: bool = False

    async def begin(self) -> None:
        """Take the clock as it is now; nothing may be claimed before this."""
        await self._follow()
        self.watch.begin()

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            rang = 0
            try:
                rang = await self.tick()
            except (NotReady, SQLAlchemyError) as error:
                log.get("timers").warning("timers wait for the database", why=str(error))
            if rang:
                self.rung()
            else:
                await asyncio.sleep(TICK_S)

    async def tick(self) -> int:
        """Look at the clock; when it can be believed, let what is due ring. How many rang."""
        await self._follow()
        moved = self.watch.tick()
        if moved:
            await self._move(moved)
        elif self.watch.is_overdue() and not self._told:
            await self.store.write(lambda tx: tell_of_clock(tx, self.clock.now(), moved_s=0))
            self._told = True
        if not self.watch.may_ring():
            return 0
        self._told = False
        await self._forget()
        return await self.store.write(partial(ring, watch=self.watch, lease_s=self.lease_s))

    async def _follow(self) -> None:
        if isinstance(self.clock, DatabaseClock):
            await self.store.read(self.clock.measure)

    async def _move(self, by: timedelta) -> None:
        log.get("timers").warning("the clock was set; what waits is moved with it", by_s=by.total_seconds())
        await self.store.write(lambda tx: move(tx, by, now=self.clock.now()))
        self.watch.accept()
        self._forget_at = self.clock.now() + FORGETS_AFTER_MOVE

    async def _forget(self) -> None:
        if self._forget_at is None or self.clock.now() >= self._forget_at:
            await self.store.write(lambda tx: forget_old(tx, now=self.clock.now()))
            while await self.store.write(lambda tx: forget_texts(tx, now=self.clock.now())) >= MOST_AT_ONCE:
                continue
            await self.store.write(lambda tx: find_silent(tx, now=self.clock.now()))
            self._forget_at = self.clock.now() + FORGETS_EVERY


def ring(tx: Tx, watch: ClockWatch, *, lease_s: int, most: int = 200) -> int:
    """Let due timers ring: the effect and the timer's end are one transaction. How many rang."""
    now = watch.clock.now()
    # Asked after the moment was read: a transaction may wait long for its turn, and the clock be set meanwhile.
    if not watch.may_ring():
        return 0
    _hold_masses(tx, now)
    until = now + timedelta(seconds=20 if mutant.without("timers_wait") else 0)
    rows = leases.claim(tx, Timer, most=most, now=until, lease_s=lease_s)
    if not rows:
        return 0
    crashpoint("timer.before_fire")
    tally.rung(rows, now)
    ids = [row.subject_id for row in rows if row.kind == EXPIRY]
    pending = select(Order.id, Order.shop_id, Order.number).where(Order.id.in_(ids))
    if not mutant.without("rank_guard"):
        pending = pending.where(Order.status == "pending")
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
    for row in rows:
        if row.kind == again.TIMER:
            again.step(tx, row, now=now)
    crashpoint("timer.after_fire")
    return len(rows)


def _hold_masses(tx: Tx, now: datetime) -> None:
    """Keep back, shop by shop, long overdue timers that together would call off too many unpaid orders."""
    late = (text("state < 2"), Timer.lane == 1, Timer.kind == EXPIRY, Timer.due_at < now - OVERDUE)
    overdue = select(Timer.shop_id, func.count()).where(*late, Timer.subject_id.in_(_unpaid())).group_by(Timer.shop_id)
    for shop_id, orders in tx.execute(overdue).all():
        unpaid = tx.execute(select(func.count()).select_from(_unpaid(shop_id).subquery())).scalar_one()
        if orders <= MASS_FEW or orders <= unpaid * MASS_SHARE or mutant.without("mass_cancel_guard"):
            continue
        these = (*late, Timer.shop_id == shop_id, Timer.subject_id.in_(_unpaid(shop_id)))
        tx.execute(update(Timer).where(*these).values(state=int(State.HELD)))
        held = tx.execute(select(func.count()).where(Timer.shop_id == shop_id, Timer.state == int(State.HELD)))
        detail = {"orders": held.scalar_one(), "unpaid": unpaid}
        open_task(tx, shop_id, kind="mass_cancel", subject_id=shop_id, detail=detail, now=now)
        log.get("timers").error("expiry waits for a person: it would call off too many orders", shop=shop_id, **detail)


def _unpaid(shop_id: str | None = None) -> Select[str]:
    query = select(Order.id).where(Order.status == "pending")
    return query if shop_id is None else query.where(Order.shop_id == shop_id)


def let_go(tx: Tx, shop_id: str, *, due_at: datetime) -> int:
    """Let a shop's held timers ring at that moment, because a person said so. How many."""
    held = (Timer.shop_id == shop_id, Timer.kind == EXPIRY, Timer.state == int(State.HELD))
    return tx.execute(update(Timer).where(*held).values(state=int(State.READY), due_at=due_at)).rowcount


def move(tx: Tx, by: timedelta, *, now: datetime) -> bool:
    """Move what waits as far as the clock was set, once for all workers of this database; whether it was moved.

    Set forward, leases seem to have ended: they get their time back, or what is in the air would be taken twice.
    Set back, nothing would be due for as long: it becomes due as it was. What was written since then is left as it
    is. Timers only ever move later, those armed since then as well.
    """
    if not _is_first(tx, by, now):
        return False
    if by > timedelta():
        for work in (EventRow, Message):
            _shift(tx, work, by, work.state == int(State.LEASED), work.due_at <= now)
        _shift(tx, Timer, by, text("state < 2"))
    else:
        for work in (EventRow, Message):
            _shift(tx, work, by, text("state < 2"), work.due_at > now + NEAR)
    tell_of_clock(tx, now, moved_s=round(by.total_seconds()))
    return True


def _shift(tx: Tx, table: leases.Work, by: timedelta, *which: ColumnElement[bool] | TextClause) -> None:
    later = type_coerce(table.due_at, BigInteger) + by // timedelta(microseconds=1)
    tx.execute(update(table).where(*which).values({table.due_at: later}))


def _is_first(tx: Tx, by: timedelta, now: datetime) -> bool:
    fresh = f"{to_micros(now)} {by // timedelta(microseconds=1)}"
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    tx.execute(dialect.insert(Meta).values(name=_MOVED, value="0 0").on_conflict_do_nothing())
    last = tx.execute(select(Meta.value).where(Meta.name == _MOVED).with_for_update()).scalar_one()
    at, was_by = (int(each) for each in last.split())
    known = timedelta(microseconds=was_by)
    if abs(now - from_micros(at)) < _SAME_MOVE and abs(by - known) < _SAME_MOVE:
        return False
    tx.execute(update(Meta).where(Meta.name == _MOVED).values(value=fresh))
    return True


def tell_of_clock(tx: Tx, now: datetime, *, moved_s: int) -> None:
    """Tell every shop that the machine's clock was set; `moved_s` 0 means that it does not stand still at all."""
    for shop_id in tx.execute(select(Shop.id)).scalars().all():
        open_task(tx, shop_id, kind="clock", subject_id=shop_id, detail={"moved_s": moved_s}, now=now)
