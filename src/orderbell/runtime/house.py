"""The house of one process: everything a door or a worker needs, chosen once at the start."""

from __future__ import annotations

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from time import perf_counter

from orderbell.base.clock import Clock, SystemClock
from orderbell.base.errors import Misconfigured, NotReady
from orderbell.base.secrets import Keyring, LinkSigner
from orderbell.base.settings import Settings
from orderbell.delivery.book import Books
from orderbell.delivery.live import LiveChannels
from orderbell.delivery.prepare import Preparer
from orderbell.delivery.send import Sender
from orderbell.delivery.wording import Writer
from orderbell.domain.cards import Vault
from orderbell.engine.base import Engine, Kind, Work
from orderbell.engine.choice import make_engine
from orderbell.runtime import tally
from orderbell.runtime.bus import Bus
from orderbell.runtime.clockwatch import ClockWatch, DatabaseClock
from orderbell.runtime.lookback import Past, look_back
from orderbell.runtime.relay import Relay
from orderbell.runtime.timers import Ticker
from orderbell.runtime.words import Means
from orderbell.runtime.worker import Worker
from orderbell.store import leases, marker, meta
from orderbell.store.allocations import AllocationJournal
from orderbell.store.database import Store
from orderbell.store.journal import Entry, Intake, Recorded, lane_of
from orderbell.store.opening import open_journal, open_keyring, open_store

PAUSE_LOOK_S = 2.0
CLOCK_EVERY_S = 1.0


class Role(StrEnum):
    """What a process does: everything, or one part of it."""

    UP = "up"
    WEB = "web"
    WORKER = "worker"
    RELAY = "relay"

    @property
    def works(self) -> bool:
        """Whether it decides, sends and lets timers ring."""
        return self in (Role.UP, Role.WORKER)


@dataclass
class House:
    """One process's parts; `build` is the only chooser."""

    settings: Settings
    clock: Clock
    store: Store
    keyring: Keyring
    signer: LinkSigner
    books: Books
    writer: Writer
    channels: LiveChannels
    intake: Intake
    worker: Worker
    sender: Sender
    relay: Relay
    engine: Engine
    bus: Bus
    journal: AllocationJournal
    past: Past
    role: Role = Role.UP
    _loops: list[asyncio.Task[None]] = field(default_factory=list)
    _stopping: bool = False

    async def start(self) -> None:
        """Check that the key fits the database, then start deciding and sending."""
        await self.store.write(lambda tx: meta.check_key(tx, self.keyring))
        await self.worker.ticker.begin()
        if self.store.dialect == "sqlite":
            # One process writes this file: whoever held a lease is dead.
            await self.store.write(lambda tx: leases.release_all(tx, now=self.clock.now()))
        self.past.mark = await look_back(self.store, self.journal, self.clock.now())
        await self.engine.start()
        self._loops = [asyncio.create_task(self._when_going(loop)) for loop in self._parts()]

    def _parts(self) -> list[Callable[[], Awaitable[None]]]:
        parts: list[Callable[[], Awaitable[None]]] = []
        if self.role.works:
            parts += [self.worker.run, self.sender.run]
        if self.role == Role.RELAY or (self.role == Role.UP and self.engine.spreads):
            parts.append(self.relay.run)
        if not self.role.works and isinstance(self.clock, DatabaseClock):
            parts.append(partial(self._follow, self.clock))
        return parts

    async def _follow(self, clock: DatabaseClock) -> None:
        """Where no ticker does it: keep to the database's time."""
        while not self._stopping:
            with suppress(NotReady):
                await self.store.read(clock.measure)
            await asyncio.sleep(CLOCK_EVERY_S)

    async def _when_going(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Run a loop, but not before a restored house may go on; any process may have been told so."""
        while self.past.is_paused and not self._stopping:
            await self.bus.wait(PAUSE_LOOK_S)
            with suppress(NotReady):
                self.past.mark = await self.store.read(marker.find)
        if not self._stopping:
            await loop()

    async def broken(self) -> None:
        """Return when a loop ended by itself, which none should: the process must not go on taking events then."""
        # A web process has no loop of its own: then this waits until somebody stops waiting.
        await asyncio.wait(self._loops or [asyncio.get_running_loop().create_future()], return_when=FIRST_COMPLETED)

    async def stop(self) -> None:
        """Finish what is under way, keep the rest for the next start, let go of everything."""
        self._stopping = True
        self.bus.ring()
        self.worker.stop()
        self.sender.stop()
        self.relay.stop()
        self.engine.publish(Kind.MESSAGE)
        ended = await asyncio.gather(*self._loops, return_exceptions=True)
        await self.engine.close()
        await self.channels.close()
        await self.store.close()
        for error in ended:
            if isinstance(error, BaseException):
                raise error

    def wake(self) -> None:
        """New facts are in the journal, or messages in the outbox."""
        self.engine.publish(Kind.EVENT)
        self.engine.publish(Kind.MESSAGE)

    async def record(self, entries: Sequence[Entry], *, source: str = "api") -> list[Recorded]:
        """Keep events durably and let the worker know; see `journal.record`. `source`: which shop system told them."""
        began = perf_counter()
        recorded = await self.intake.put(entries)
        tally.recorded(source, recorded, perf_counter() - began)
        if self.role == Role.WEB and self.engine.spreads:
            self.engine.publish(Kind.EVENT, _names(entries, recorded))
        else:
            self.engine.publish(Kind.EVENT)
        return recorded

    async def vault(self, shop_id: str) -> Vault:
        """What opens and closes a shop's secrets."""
        return await self.store.read(lambda tx: self.books.one(tx, shop_id).vault)


def _names(entries: Sequence[Entry], recorded: Sequence[Recorded]) -> list[Work]:
    return [
        Work(said.id, lane_of(entry.event), share=entry.shop_id)
        for entry, said in zip(entries, recorded, strict=True)
        if said.status == "accepted"
    ]


def _check(settings: Settings, role: Role) -> None:
    if role != Role.UP and not settings.database_url:
        raise Misconfigured(
            f"`orderbell {role}` shares its database with other processes, and SQLite takes only one: set "
            "ORDERBELL_DATABASE_URL to a PostgreSQL, or run `orderbell up`.",
            code="role_needs_postgresql",
        )


def _bus(engine: Engine) -> Bus:
    bus = Bus(engine.tell)
    engine.on_told(bus.heard)
    return bus


def build(settings: Settings, *, clock: Clock | None = None, role: Role = Role.UP) -> House:
    """Choose every part for these settings; nothing runs until `start`.

    Raises:
        Misconfigured: a key or database that cannot be used.
    """
    _check(settings, role)
    clock = clock or (DatabaseClock() if settings.database_url else SystemClock())
    watch = ClockWatch(clock)
    keyring = open_keyring(settings)
    signer = LinkSigner(keyring)
    journal = open_journal(settings, keyring)
    store = open_store(settings, journal=journal)
    books = Books(keyring)
    engine = make_engine(settings, pulls=role.works)
    bus = _bus(engine)
    writer = Writer(signer, settings.base_url)
    channels = LiveChannels(allow_private=settings.allow_private_targets)
    preparer = Preparer(books, writer, watch.moment, lease_s=settings.lease_s)
    sender = Sender(
        store, preparer, writer, channels, clock, batch=settings.send_batch, deadline_s=settings.send_deadline_s,
        lease_s=settings.lease_s, wait=partial(engine.wait, Kind.MESSAGE), pull=partial(engine.pull, Kind.MESSAGE),
        pulled=partial(engine.done, Kind.MESSAGE), may_claim=watch.may_claim,
        told=partial(tally.landed, then=bus.ring),
    )  # fmt: skip
    past = Past()
    means = Means(books, writer, expiry_s=settings.order_expiry_minutes * 60, lease_s=settings.lease_s, past=past)
    ticker = Ticker(store, clock, watch, lease_s=settings.lease_s, rung=partial(engine.publish, Kind.EVENT))
    worker = Worker(
        store, means, clock, batch=settings.decide_batch, lease_s=settings.lease_s, engine=engine, ticker=ticker,
        seats=sender.seats, send=sender.take,
    )  # fmt: skip
    intake = Intake(store, clock.now, hands=worker if role == Role.UP else None)
    return House(
        settings=settings, clock=clock, store=store, keyring=keyring, signer=signer, books=books, writer=writer,
        channels=channels, intake=intake, worker=worker, sender=sender, relay=Relay(store, engine, clock),
        engine=engine, bus=bus, journal=journal, past=past, role=role,
    )  # fmt: skip
