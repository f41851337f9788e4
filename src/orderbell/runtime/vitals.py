"""How this process is: the checks behind /readyz, and the gauges nobody counts while things happen.

A check is asked at most every few seconds, however many ask; it writes one small row to know that writing works.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from importlib.metadata import version

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from orderbell.base import metrics
from orderbell.base.errors import Misconfigured, OrderBellError
from orderbell.runtime.clockwatch import ClockWatch
from orderbell.runtime.house import House
from orderbell.store import backlog, meta
from orderbell.store.backlog import Backlog
from orderbell.store.database import Tx
from orderbell.store.schema import Meta

GOOD_FOR_S, BAD_FOR_S = 5.0, 1.0
WRITES_WITHIN_S = 3.0
FREE_LEAST_BYTES = 64 * 1024 * 1024
"""Below this the process asks for no more work; `doctor` warns much earlier."""
STALLED_AFTER_S = 120.0
"""A loop comes round every second when idle; a slow provider may hold it for the length of a lease."""
PROBED, BACKED_UP = "probed_at", "last_backup"
"""Rows of `meta`: the last write of a check, and when and where the newest backup was made, for people."""
WORDS: Mapping[str, str] = {
    "database": "It takes writes.",
    "no_write": "It took no write within {n} s.",
    "write_failed": "It takes no writes: {why}.",
    "disk": "{n} MB free",
    "disk_full": "Only {n} MB free: make room.",
    "key": "It is the key this database was made with.",
    "loop": "It comes round.",
    "loop_stalled": "It has not come round for {n} s.",
    "clock": "It is steady.",
    "clock_set": "It was set a moment ago; timers wait until it stands still.",
    "not_paused": "Work goes on.",
    "paused": "A backup was restored: confirm it, and work goes on.",
}
"""What a check says, as message ids: the panel says them in the reader's language."""


@dataclass(frozen=True)
class Check:
    """One thing that must be well before work may be asked of this process.

    `words` is a message id of the catalogue, with places for `values`.
    """

    name: str
    ok: bool
    words: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """The sentence in English."""
        return self.words.format(**self.values)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the database says of itself, for the page and the gauges."""

    backlog: Backlog
    database: str
    database_bytes: int
    last_backup: str
    """When the newest backup was made, as the one who made it wrote it down; empty when none is known."""


@dataclass
class Vitals:
    """The checks and gauges of one house; made once a process."""

    house: House
    monotonic: Callable[[], float] = time.monotonic
    started_at: datetime = field(init=False)
    _watch: ClockWatch = field(init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _checks: tuple[Check, ...] = ()
    _checked_until: float = 0.0
    _facts: Facts | None = None
    _facts_until: float = 0.0

    def __post_init__(self) -> None:
        self.started_at = self.house.clock.now()
        self._watch = ClockWatch(self.house.clock)

    async def checks(self) -> tuple[Check, ...]:
        """Every check, at most a few seconds old."""
        async with self._lock:
            if self.monotonic() >= self._checked_until:
                self._checks = await self._look()
                good = all(each.ok for each in self._checks)
                self._checked_until = self.monotonic() + (GOOD_FOR_S if good else BAD_FOR_S)
            return self._checks

    async def facts(self) -> Facts:
        """What waits in the whole house, at most a few seconds old.

        Raises:
            NotReady: the database is away.
        """
        async with self._lock:
            if self._facts is None or self.monotonic() >= self._facts_until:
                self._facts = await self.house.store.read(partial(read_facts, now=self.house.clock.now()))
                self._facts_until = self.monotonic() + GOOD_FOR_S
            return self._facts

    async def _look(self) -> tuple[Check, ...]:
        return (*await self._probe(), self._disk(), *self._loops(), self._going_on())

    async def _probe(self) -> tuple[Check, Check]:
        """Write one small row, and ask whether the key still fits."""
        now, key = self.house.clock.now(), Check("key", True, WORDS["key"])
        try:
            async with asyncio.timeout(WRITES_WITHIN_S):
                await self.house.store.write(lambda tx: meta.put(tx, PROBED, now.isoformat()))
                await self.house.store.read(lambda tx: meta.compare_key(tx, self.house.keyring))
        except Misconfigured as error:
            return Check("database", True, WORDS["database"]), Check("key", False, _plain(error.sentence))
        except TimeoutError:
            return Check("database", False, WORDS["no_write"], {"n": int(WRITES_WITHIN_S)}), key
        except OrderBellError as error:
            return Check("database", False, _plain(error.sentence)), key
        except SQLAlchemyError as error:
            return Check("database", False, WORDS["write_failed"], {"why": type(error).__name__}), key
        return Check("database", True, WORDS["database"]), key

    def _disk(self) -> Check:
        free = disk_free_bytes(self.house)
        enough = free >= FREE_LEAST_BYTES
        return Check("disk", enough, WORDS["disk" if enough else "disk_full"], {"n": f"{free // 2**20:,}"})

    def _loops(self) -> list[Check]:
        """Only those that were started in this process; a process may serve pages and nothing else."""
        beats = {"worker": self.house.worker.beat_at, "sender": self.house.sender.beat_at}
        checks = [_loop(name, self.monotonic() - at) for name, at in beats.items() if at]
        return [*checks, self._clock()] if checks else []

    def _clock(self) -> Check:
        calm = self.house.worker.ticker.watch.may_ring()
        return Check("clock", calm, WORDS["clock" if calm else "clock_set"])

    def _going_on(self) -> Check:
        paused = self.house.past.is_paused
        return Check("not_paused", not paused, WORDS["paused" if paused else "not_paused"])

    def publish(self, facts: Facts | None, checks: tuple[Check, ...]) -> None:
        """Fill the gauges, so that whoever scrapes reads this moment."""
        for check in checks:
            metrics.READY.labels(check.name).set(check.ok)
        metrics.WRITER_WAITING.set(self.house.store.waiting())
        metrics.DISK_FREE_BYTES.set(disk_free_bytes(self.house))
        kind = "nats" if self.house.settings.engine_url else "embedded"
        metrics.BUILD.info({"version": own_version(), "engine": kind, "database": self.house.store.dialect})
        if facts is not None:
            metrics.DATABASE_BYTES.set(facts.database_bytes)
            _publish_backlog(facts.backlog)


def read_facts(tx: Tx, *, now: datetime, shop_id: str | None = None) -> Facts:
    """What the database says; `shop_id` narrows what waits to one shop."""
    backup = tx.execute(select(Meta.value).where(Meta.name == BACKED_UP)).scalar_one_or_none()
    return Facts(
        backlog=backlog.read(tx, now=now, shop_id=shop_id), database=backlog.version(tx),
        database_bytes=backlog.size_bytes(tx), last_backup=backup or "",
    )  # fmt: skip


def disk_free_bytes(house: House) -> int:
    """Free space where the data directory is."""
    return shutil.disk_usage(house.settings.data_dir).free


def memory_bytes() -> int:
    """What this process holds in memory; 0 where the system does not say (only Linux has /proc)."""
    try:
        with open("/proc/self/statm") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def own_version() -> str:
    """Which release this is."""
    return version("orderbell")


def python_words() -> str:
    """What runs this process, for people."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def _loop(name: str, silent_s: float) -> Check:
    alive = silent_s < STALLED_AFTER_S
    return Check(name, alive, WORDS["loop" if alive else "loop_stalled"], {"n": int(silent_s)})


def _going_on(restored: str | None) -> Check:
    return Check("not_paused", not restored, WORDS["paused" if restored else "not_paused"])


def _plain(sentence: str) -> str:
    """A sentence from elsewhere as a message id: it has no places to fill."""
    return sentence.replace("{", "{{").replace("}", "}}")


def _publish_backlog(found: Backlog) -> None:
    for queue in found.queues:
        names = (queue.kind, str(queue.lane))
        metrics.QUEUE_DUE.labels(*names).set(queue.due)
        metrics.QUEUE_IN_HAND.labels(*names).set(queue.in_hand)
        metrics.QUEUE_LATER.labels(*names).set(queue.later)
        metrics.QUEUE_OLDEST_SECONDS.labels(*names).set(queue.oldest_s(found.at))
    for kind, count in found.stuck.items():
        metrics.STUCK.labels(kind).set(count)
    metrics.TASKS_OPEN.set(found.tasks)
    metrics.PROVIDER_FAILING_SECONDS.clear()
    for each in found.failing:
        gauge = metrics.PROVIDER_FAILING_SECONDS.labels(each.channel, each.id)
        gauge.set(max(0.0, (found.at - each.since).total_seconds()))
