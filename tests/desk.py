"""A desk: a house whose clock and loops move only when told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import delete, func, select, update

from orderbell.base.settings import Settings
from orderbell.delivery.send import Sender
from orderbell.events import BY_TYPE, Line, OrderEvent, OrderFacts
from orderbell.runtime.house import House, build
from orderbell.runtime.timers import ring
from orderbell.store.database import Tx
from orderbell.store.journal import Entry
from orderbell.store.schema import Attempt, Message, State
from tests.cast import Shopkeeper
from tests.conftest import TurnedClock


@dataclass
class Desk:
    """A shop whose facts are decided and whose messages are sent when a test says so."""

    shop: Shopkeeper
    clock: TurnedClock
    said: int = 0

    @property
    def house(self) -> House:
        return self.shop.house

    async def hears(self, type_: str, number: str = "N-1", **more: Any) -> None:
        """A fact comes in and is decided."""
        await self.shop.says(type_, number, **more)
        await self.decide()

    async def finds_out(self, type_: str, number: str = "N-1", *lines: Line, goods: tuple[str, ...] = ()) -> None:
        """A fact only we can tell comes in; it is not decided yet."""
        kind = cast(type[OrderEvent], BY_TYPE[type_])
        self.said += 1
        facts = OrderFacts(number=number, lines=lines)
        event = kind(id=f"{type_}:{number}:{self.said}", at=self.clock.now(), order=facts, goods=goods)
        box = (await self.house.vault(self.shop.id)).box
        await self.house.record([Entry(shop_id=self.shop.id, source_id=None, event=event, box=box)])

    async def ring(self) -> int:
        """Let due timers ring, and decide what came of it; how many rang."""
        rung = await self.house.store.write(lambda tx: ring(tx, self.house.worker.ticker.watch, lease_s=60))
        await self.decide()
        return rung

    async def decide(self) -> None:
        """Decide all that waits."""
        while await self.house.worker.round():
            await asyncio.sleep(0)

    async def send(self) -> None:
        """Send all that is due."""
        given = self.house.sender
        names = [each.name for each in fields(given) if each.name[0] != "_"]
        sender = Sender(**{name: getattr(given, name) for name in names})
        running = asyncio.create_task(sender.run())
        async with asyncio.timeout(20):
            while await self.house.store.read(self._due):
                await asyncio.sleep(0.005)
        sender.stop()
        self.house.wake()
        await running

    def _due(self, tx: Tx) -> int:
        now = self.clock.now()
        due = (Message.state == int(State.READY)) & (Message.due_at <= now)
        flying = Message.state == int(State.LEASED)
        return tx.execute(select(func.count()).select_from(Message).where(due | flying)).scalar_one()

    async def message(self, **want: Any) -> Any:
        """The only message whose columns equal `want`."""
        (row,) = await self.shop.messages(**want)
        return row

    async def outcomes(self, message_id: str) -> list[str]:
        """How each try of a message ended."""
        rows = await self.shop.rows(Attempt, message_id=message_id)
        return [row.outcome for row in sorted(rows, key=lambda row: row.n)]

    async def die_over(self, message_id: str) -> None:
        """Leave a message as a process does that was killed while it was in the air."""
        left = {
            "state": int(State.LEASED), "status": "queued", "tries": 1, "lease_gen": 1, "sent_at": None,
            "ended_at": None, "due_at": self.clock.now() - timedelta(seconds=1),
        }  # fmt: skip

        def leave(tx: Tx) -> None:
            tx.execute(delete(Attempt).where(Attempt.message_id == message_id))
            tx.execute(update(Message).where(Message.id == message_id).values(**left))

        await self.house.store.write(leave)


@pytest.fixture
async def desk(settings: Settings, clock: TurnedClock) -> AsyncIterator[Desk]:
    """A desk in a fresh house."""
    house = build(settings, clock=clock)
    # This clock is turned by hand, and time itself with it: otherwise the watch would rightly call each turn a jump.
    watch = house.worker.ticker.watch
    watch.steady = lambda: clock.now().timestamp()
    watch.begin()
    yield Desk(await Shopkeeper.open(house), clock)
    await house.channels.close()
    await house.store.close()
