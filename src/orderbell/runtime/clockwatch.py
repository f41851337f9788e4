"""Watches the clock against one that cannot jump, so that a wrong clock never calls orders off or sends twice.

It knows no order and no row: the ticker asks it at every tick, the claimers before every claim.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from orderbell.base import mutant
from orderbell.base.clock import EPOCH, Clock, SystemClock
from orderbell.store.database import Tx

JUMP_S = 30.0
CALM_TICKS = 3
HOLD_MOST_S = 60.0
# Between two ticks half a second apart no clock that is only slewed (500 ppm, adjtimex) moves this far.
WOBBLE_S = 1.0
SLOW_S = 1.0


def steady_s() -> float:
    """Seconds since the machine started, its sleep included where the system counts that (Linux: CLOCK_BOOTTIME)."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class DatabaseClock:
    """The time of the database server, so that workers on machines with different clocks agree on what is due.

    Between two measures it goes on with the steady clock: setting this machine's own clock does not touch it. Before
    the first measure it is the machine's clock.
    """

    def __init__(self, steady: Callable[[], float] = steady_s) -> None:
        self._steady = steady
        self._origin = SystemClock().now() - timedelta(seconds=steady())
        self._asked = False

    def now(self) -> datetime:
        """The present moment by the database's clock, aware, UTC."""
        return self._origin + timedelta(seconds=self._steady())

    def measure(self, tx: Tx) -> None:
        """Ask the server for the time; the answer is as old as half its way, and one that took long says nothing."""
        before = self._steady()
        at: datetime = tx.execute(select(func.clock_timestamp())).scalar_one()
        after = self._steady()
        if after - before < SLOW_S or not self._asked:
            self._origin, self._asked = at - timedelta(seconds=(before + after) / 2), True


@dataclass
class ClockWatch:
    """How far the clock stands from where time alone would have brought it, since the last move that was accepted."""

    clock: Clock
    steady: Callable[[], float] = steady_s

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Take the clock as it stands for right."""
        self._anchor = self._last = self._gap()
        self._calm = 0
        self._since_s: float | None = None

    def tick(self) -> timedelta:
        """Look at the clock; how far it moved, once it stands still again, and zero before that or when it did not."""
        last, self._last = self._last, self._gap()
        if not self._is_off():
            self._calm, self._since_s = 0, None
            return timedelta()
        self._since_s = self.steady() if self._since_s is None else self._since_s
        self._calm = self._calm + 1 if abs(self._last - last) < WOBBLE_S else 0
        return timedelta(seconds=self._last - self._anchor if self._calm >= CALM_TICKS else 0)

    def accept(self) -> None:
        """The move has been dealt with: from now on the clock is right as it stands."""
        self._anchor, self._calm, self._since_s = self._last, 0, None

    def may_ring(self) -> bool:
        """Whether timers may ring: not while a move is not dealt with, however long that takes."""
        return not self._is_off()

    def may_claim(self) -> bool:
        """Whether work may be claimed: as `may_ring`, but an unsteady clock holds the goods up for 60 s at most."""
        return not self._is_off() or self.is_overdue()

    def moment(self) -> datetime | None:
        """The present moment, to claim work by; None while work may not be claimed.

        The clock is read first and doubted after: by one that is set in between, every lease would have ended.
        """
        now = self.clock.now()
        return now if self.may_claim() else None

    def is_overdue(self) -> bool:
        """Whether the clock has been unsteady for so long that a person must look."""
        return self._since_s is not None and self.steady() - self._since_s > HOLD_MOST_S

    def _is_off(self) -> bool:
        return abs(self._gap() - self._anchor) > JUMP_S and not mutant.without("clock_guard")

    def _gap(self) -> float:
        return (self.clock.now() - EPOCH).total_seconds() - self.steady()
