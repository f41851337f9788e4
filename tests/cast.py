"""The shopkeeper of the tests: opens a shop, stocks it, says what happens, and looks at what came of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from orderbell.channels.directory import CHANNELS
from orderbell.delivery import accounts
from orderbell.delivery.accounts import AccountForm
from orderbell.domain import catalog, shops, staff
from orderbell.domain.cards import Imported
from orderbell.runtime import intake
from orderbell.runtime.house import House
from orderbell.sources.own import read_events
from orderbell.store.database import Tx
from orderbell.store.journal import Entry, Recorded
from orderbell.store.schema import Attempt, EventRow, Message, Order, Product, Slot, State, Task

BUYER = {"ref": "u_88", "name": "张三", "email": "a@example.com", "phone": "+8613800000000", "locale": "zh-CN"}


def order_json(number: str, **more: Any) -> dict[str, Any]:
    """An order as a shop would tell it."""
    line = {"sku": "steam-100", "title": "Steam 充值卡 ¥100", "quantity": 1, "price": "99.00"}
    return {"number": number, "amount": "99.00", "currency": "CNY", "buyer": BUYER, "lines": [line], **more}


def event_json(type_: str, number: str, *, id_: str | None = None, **more: Any) -> dict[str, Any]:
    """An event as a shop would tell it."""
    return {"id": id_ or f"{type_}:{number}", "type": type_, "order": order_json(number, **more)}


@dataclass
class Shopkeeper:
    """A shop in a running house."""

    house: House
    id: str
    product_id: str

    @classmethod
    async def open(cls, house: House) -> Shopkeeper:
        """A new shop."""
        now = house.clock.now()

        def make(tx: Tx) -> tuple[str, str]:
            shop_id = shops.create_shop(tx, house.keyring, name="星河数码", channels=list(CHANNELS), now=now)
            staff.add_staff(tx, shop_id, email="owner@example.com", name="Owner", role="owner", by="test", now=now)
            return shop_id, catalog.add_product(tx, shop_id, sku="steam-100", title="Steam ¥100", low_at=0, now=now)

        return cls(house, *await house.store.write(make))

    async def stock(self, *keys: str) -> Imported:
        """Import keys of `steam-100`."""
        return await intake.import_keys(self.house, self.id, self.product_id, keys, by="test")

    async def says(self, type_: str, number: str, **more: Any) -> list[Recorded]:
        """An event comes in by the own API's words."""
        return await self.says_raw(event_json(type_, number, **more))

    async def says_raw(self, *events: dict[str, Any]) -> list[Recorded]:
        """Events come in as JSON."""
        body = json.dumps({"events": list(events)}).encode()
        found = read_events(body, now=self.house.clock.now())
        return await self.house.record([Entry(shop_id=self.id, source_id=None, event=event) for event in found])

    async def add_account(self, kind: str, **values: str) -> str:
        """Configure a channel."""
        vault = await self.house.vault(self.id)
        form = AccountForm(kind=kind, name=kind, values=values, allow_private=True)
        return await self.house.store.write(
            lambda tx: accounts.add_account(tx, vault, form, by="test", now=self.house.clock.now())
        )

    async def settled(self, within_s: float = 15) -> None:
        """Wait until nothing is left to do."""
        async with asyncio.timeout(within_s):
            while await self.house.store.read(_waiting):
                await asyncio.sleep(0.01)

    async def order(self, number: str) -> Any:
        """The order's row."""
        query = select(Order.__table__).where(Order.shop_id == self.id, Order.number == number)
        return await self.house.store.read(lambda tx: tx.execute(query).one())

    async def messages(self, **want: Any) -> list[Any]:
        """Messages whose columns equal `want`, oldest first."""
        query = select(Message.__table__).filter_by(shop_id=self.id, **want).order_by(Message.id)
        return await self.house.store.read(lambda tx: list(tx.execute(query)))

    async def rows(self, table: Any, **want: Any) -> list[Any]:
        """Rows of a table of this shop."""
        query = select(table.__table__).filter_by(shop_id=self.id, **want)
        return await self.house.store.read(lambda tx: list(tx.execute(query)))

    async def product(self) -> Any:
        """The row of `steam-100`."""
        return (await self.rows(Product, id=self.product_id))[0]

    async def attempts(self) -> list[Any]:
        """All attempts."""
        return await self.rows(Attempt)

    async def slots(self) -> list[Any]:
        """All slots."""
        return await self.rows(Slot)

    async def stuck(self) -> list[Any]:
        """Facts and messages that could not be handled."""
        return [row for table in (EventRow, Message) for row in await self.rows(table, state=int(State.STUCK))]

    async def tasks(self) -> list[Any]:
        """Open tasks."""
        return [row for row in await self.rows(Task) if row.closed_at is None]


def heard_by(messages: Sequence[Any], event_type: str) -> list[tuple[str, str]]:
    """Who heard of an event: (audience, channel)."""
    return sorted((row.audience, row.channel) for row in messages if row.event_type == event_type)


def _waiting(tx: Tx) -> int:
    found = 0
    for table in (EventRow, Message):
        found += tx.execute(
            select(func.count()).select_from(table).where(table.state < int(State.DONE), table.tries == 0)
        ).scalar_one()
        found += tx.execute(
            select(func.count()).select_from(table).where(table.state == int(State.LEASED))
        ).scalar_one()
    return found
