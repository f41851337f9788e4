"""A shop's life in small, in which every kind of secret is stored once: cards, texts, accounts, connections, goods."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from orderbell.domain import cards, catalog, factor, sources, staff
from orderbell.events import BY_TYPE, Line, OrderDelivered, OrderFacts
from orderbell.store.database import Tx
from orderbell.store.journal import Entry
from tests.cast import Shopkeeper

SECRETS = ("KEY-1", "KEY-2", "the same text", "hook-secret-words", "brought-1", "brought-2")


async def full_life(shop: Shopkeeper, settle: Callable[[], Awaitable[None]] | None = None) -> None:
    """Store every kind of secret; one card is sold, one order brings its goods along. `settle` waits for the work."""
    vault, now = await shop.house.vault(shop.id), shop.house.clock.now()
    await shop.stock("KEY-1", "KEY-2")

    def settle_in(tx: Tx) -> None:
        product = catalog.add_product(tx, shop.id, sku="guide", title="Guide", kind="reusable", now=now)
        cards.set_reusable(tx, vault, product, "the same text", now=now)
        values = {"secret": "hook-secret-words"}
        sources.add_source(tx, vault, kind="signed", name="till", values=values, by="test", now=now)
        factor.begin(tx, vault, staff.list_staff(tx, shop.id)[0], now=now)

    await shop.house.store.write(settle_in)
    await shop.add_account("email", host="127.0.0.1", port="9", security="none", from_address="shop@example.com")
    await shop.says("order.paid", "N-1")
    await brings(shop, "N-2", "brought-1", "brought-2")
    await (settle or shop.settled)()


async def brings(shop: Shopkeeper, number: str, *goods: str) -> None:
    """An order whose shop handed the goods out itself."""
    kind = cast(type[OrderDelivered], BY_TYPE["order.delivered"])
    facts = OrderFacts(number=number, lines=(Line(sku="elsewhere", quantity=len(goods)),))
    event = kind(id=f"brought:{number}", at=shop.house.clock.now(), order=facts, goods=goods)
    box = (await shop.house.vault(shop.id)).box
    await shop.house.record([Entry(shop_id=shop.id, source_id=None, event=event, box=box)])
