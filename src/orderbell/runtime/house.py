"""The house of one process: everything a door or a worker needs, chosen once at the start."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from orderbell.base.clock import Clock, SystemClock
from orderbell.base.errors import Misconfigured
from orderbell.base.secrets import Keyring, LinkSigner, read_or_make_key
from orderbell.base.settings import Settings
from orderbell.delivery.book import Books
from orderbell.delivery.limits import Limits
from orderbell.delivery.live import LiveChannels
from orderbell.delivery.prepare import Preparer
from orderbell.delivery.send import Sender
from orderbell.delivery.wording import Writer
from orderbell.domain.cards import Vault
from orderbell.engine.base import Engine, Kind
from orderbell.engine.embedded import Embedded
from orderbell.runtime.bus import Bus
from orderbell.runtime.words import Means
from orderbell.runtime.worker import Worker
from orderbell.store import meta
from orderbell.store.database import Store
from orderbell.store.journal import Entry, Intake, Recorded
from orderbell.store.opening import open_store


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
    engine: Engine
    bus: Bus
    _loops: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Check that the key fits the database, then start deciding and sending."""
        await self.store.write(lambda tx: meta.check_key(tx, self.keyring))
        self._loops = [asyncio.create_task(self.worker.run()), asyncio.create_task(self.sender.run())]

    async def broken(self) -> None:
        """Return when a loop ended by itself, which none should: the process must not go on taking events then."""
        await asyncio.wait(self._loops, return_when=asyncio.FIRST_COMPLETED)

    async def stop(self) -> None:
        """Finish what is under way, keep the rest for the next start, let go of everything."""
        self.worker.stop()
        self.sender.stop()
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

    async def record(self, entries: Sequence[Entry]) -> list[Recorded]:
        """Keep events durably and let the worker know; see `journal.record`."""
        recorded = await self.intake.put(entries)
        self.engine.publish(Kind.EVENT)
        return recorded

    async def vault(self, shop_id: str) -> Vault:
        """What opens and closes a shop's secrets."""
        return await self.store.read(lambda tx: self.books.one(tx, shop_id).vault)


def build(settings: Settings, *, clock: Clock | None = None) -> House:
    """Choose every part for these settings; nothing runs until `start`.

    Raises:
        Misconfigured: a key or database that cannot be used.
    """
    if settings.engine_url:
        raise Misconfigured("This release works with the embedded engine only.", code="engine_not_supported")
    clock = clock or SystemClock()
    keyring = Keyring(read_or_make_key(settings.key_path))
    signer = LinkSigner(keyring)
    store = open_store(settings)
    books = Books(keyring)
    bus = Bus()
    writer = Writer(signer, settings.base_url)
    channels = LiveChannels(allow_private=settings.allow_private_targets)
    preparer = Preparer(books, writer, Limits(), clock, lease_s=settings.lease_s)
    engine = Embedded()
    sender = Sender(
        store, preparer, channels, clock, batch=settings.send_batch, deadline_s=settings.lease_s * 2 / 3,
        wait=lambda most_s: engine.wait(Kind.MESSAGE, most_s), told=lambda landed: bus.ring(),
    )  # fmt: skip
    means = Means(books, writer, expiry_s=settings.order_expiry_minutes * 60)
    worker = Worker(store, means, clock, batch=settings.decide_batch, lease_s=settings.lease_s, engine=engine)
    intake = Intake(store, clock.now)
    return House(
        settings=settings, clock=clock, store=store, keyring=keyring, signer=signer, books=books, writer=writer,
        channels=channels, intake=intake, worker=worker, sender=sender, engine=engine, bus=bus,
    )  # fmt: skip
