"""The relay: tells the engine of every row that waits, is due and is held by nobody, for as long as that is so.

Whoever writes a row tells the engine at once and nobody checks; the relay is what makes it certain. It reads the
database by state and due time, never "after the last id": rows are not committed in the order of their ids. Two or
more may run; the engine knows again what it was told twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy.exc import SQLAlchemyError

from orderbell.base import log
from orderbell.base.clock import Clock
from orderbell.base.errors import NotReady
from orderbell.engine.base import Engine, Kind, Work
from orderbell.store import leases
from orderbell.store.database import Store
from orderbell.store.leases import LANES, Place
from orderbell.store.schema import EventRow, Message

SWEEP_EVERY_S = 0.25
REST_S = 0.05
# What was written this moment its writer has told of, and a worker is about to take.
GRACE = timedelta(seconds=0.5)
PAGE = 500
PAGES_MOST = 4
# After this long without anybody taking it, a row is told of again although this relay has told of it.
REMEMBER_S = 20.0
AGAIN_AFTER_S = 40
_TABLES: dict[Kind, type[EventRow | Message]] = {Kind.EVENT: EventRow, Kind.MESSAGE: Message}


@dataclass
class Relay:
    """The relaying loop of one process."""

    store: Store
    engine: Engine
    clock: Clock
    _told: dict[tuple[str, int], float] = field(default_factory=dict)
    _places: dict[tuple[Kind, int], Place | None] = field(default_factory=dict)
    _epoch: int = -1
    _stopping: bool = False

    def stop(self) -> None:
        """Tell of no more."""
        self._stopping = True

    async def run(self) -> None:
        """Relay until `stop`."""
        asked = True
        while not self._stopping:
            try:
                await self.sweep(timedelta() if asked else GRACE)
            except (NotReady, SQLAlchemyError) as error:
                log.get("relay").warning("the database is not ready", why=str(error))
                await asyncio.sleep(1)
            await asyncio.sleep(REST_S)
            asked = await self.engine.asked(SWEEP_EVERY_S)

    async def sweep(self, grace: timedelta) -> int:
        """Tell of what has been due for longer than `grace`; how many rows the engine took."""
        self._forget()
        taken = 0
        for lane in LANES:
            for kind in Kind:
                taken += await self._sweep_lane(kind, lane, self.clock.now() - grace)
        return taken

    async def _sweep_lane(self, kind: Kind, lane: int, until: datetime) -> int:
        """Walk on through a lane from where the last sweep stopped; at its end begin with the oldest again."""
        taken = 0
        for _ in range(PAGES_MOST):
            rows = await self.store.read(
                partial(
                    leases.waiting, work=_TABLES[kind], lane=lane, until=until,
                    after=self._places.get((kind, lane)), most=PAGE,
                )
            )  # fmt: skip
            taken += await self._tell(kind, rows)
            self._places[kind, lane] = Place(rows[-1].due_at, rows[-1].id) if len(rows) == PAGE else None
            if len(rows) < PAGE:
                break
        return taken

    async def _tell(self, kind: Kind, rows: Sequence[SqlRow[Any]]) -> int:
        fresh = [row for row in rows if (row.id, row.lease_gen) not in self._told]
        if not fresh:
            return 0
        held = await self.engine.offer(kind, [work_of(row, self.clock.now()) for row in fresh])
        now = time.monotonic()
        self._told |= {(row.id, row.lease_gen): now for row in fresh if row.id in held}
        return len(held)

    def _forget(self) -> None:
        if self._epoch != self.engine.epoch:
            self._epoch = self.engine.epoch
            self._told.clear()
        old = time.monotonic() - REMEMBER_S
        while self._told and next(iter(self._told.values())) < old:
            del self._told[next(iter(self._told))]


def work_of(row: SqlRow[Any], now: datetime) -> Work:
    """How the engine is told of a row; one that nobody took for long is told of once more every now and then."""
    late_s = (now - row.due_at).total_seconds()
    again = int(now.timestamp() // AGAIN_AFTER_S) if late_s > AGAIN_AFTER_S else 0
    return Work(row.id, row.lane, row.lease_gen, row.share, again)
