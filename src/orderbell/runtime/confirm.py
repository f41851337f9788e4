"""What the owner of a restored house is asked: the difference, and the word that lets it go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from orderbell.domain import restored
from orderbell.runtime.house import House
from orderbell.runtime.lookback import look_back
from orderbell.store import marker
from orderbell.store.database import Tx
from orderbell.store.schema import Shop

Args = Mapping[str, Any]


async def go_on(house: House, *, by: str) -> None:
    """Let sending and handing out begin again.

    Raises:
        Conflict: `not_paused`.
    """
    now = house.clock.now()
    await _look(house)
    await house.store.write(lambda tx: restored.go_on(tx, by=by, now=now))
    await wake(house)


async def wake(house: House) -> None:
    """Have this process see at once how the mark stands; others look every few seconds."""
    house.past.mark = await house.store.read(marker.find)
    house.bus.ring()
    house.wake()


async def status(house: House, args: Args) -> dict[str, Any]:
    """The difference of every shop, for a command line."""
    await _look(house)
    return await house.store.read(_tell)


async def confirm(house: House, args: Args) -> dict[str, Any]:
    """Go on, for a command line; with `aside`, what is unsold by the snapshot is set aside first."""
    await _look(house)
    now, aside = house.clock.now(), 0
    if args.get("aside"):

        def set_aside(tx: Tx) -> int:
            shops = tx.execute(select(Shop.id)).scalars().all()
            return sum(restored.set_free_aside(tx, shop_id, by="cli", now=now) for shop_id in shops)

        aside = await house.store.write(set_aside)
    await go_on(house, by="cli")
    return {"aside": aside}


async def _look(house: House) -> None:
    mark = await house.store.read(marker.find)
    if mark is not None and mark.state == marker.WAITING:
        house.past.mark = await look_back(house.store, house.journal, house.clock.now())


def _tell(tx: Tx) -> dict[str, Any]:
    mark = marker.find(tx)
    if mark is None:
        return {"state": "", "shops": []}
    shops = tx.execute(select(Shop.id, Shop.name).order_by(Shop.id)).all()
    seen = [(shop.name, restored.difference(tx, shop.id)) for shop in shops]
    return {
        "state": mark.state, "source": mark.source, "snapshot_at": mark.snapshot_at.isoformat(), "lines": mark.lines,
        "journal_lost": mark.journal_lost, "faults": list(mark.faults),
        "shops": [
            {
                "name": name, "sold": each.sold, "missing": each.missing, "messages": each.messages,
                "aside": sum(row.cards for row in each.aside), "waiting_orders": each.waiting_orders,
                "orders": [row.number for row in each.orders],
            }
            for name, each in seen
        ],
    }  # fmt: skip
