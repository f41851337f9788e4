"""Does an order cost the same when many lie in the database: the full way again while SQLite fills."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bench import orders
from bench.client import tell
from bench.figures import Figure
from bench.filling import opened
from bench.house import House, furnish, open_house
from bench.names import STORED
from bench.plan import Plan
from bench.processes import Broken, Thread, threads
from bench.scenarios import WARM_UP, full_way, idle, warm_up
from bench.sink_door import Sinks

ORIGINALS = 50
LIKE = "g-00000__"
SPARE = 10
# About 16 kB an order with all its rows and indexes, measured 2026-11-22, and as much again to spare.
ORDER_BYTES = 32_000


async def growth(folder: Path, sinks: Sinks, plan: Plan) -> list[Figure]:
    """The full way with so many orders stored, and what start and idleness cost then."""
    wanted_bytes = plan.stored[-1] * ORDER_BYTES
    if shutil.disk_usage(folder).free < wanted_bytes:
        raise Broken(f"{plan.stored[-1]:,} orders need {wanted_bytes / 1e9:.0f} GB of disk for a while")
    data, figures, stored = folder / "grown", [], 0
    await originals(data, sinks, cards=len(plan.stored) * (plan.grown_orders + WARM_UP))
    for n, wanted in enumerate(plan.stored):
        stored = await asyncio.to_thread(_fill, data, stored, wanted)
        async with open_house(data) as house:
            figures.append(await _measure(house, sinks, plan, n=n, stored=wanted))
    return figures


async def originals(data: Path, sinks: Sinks, *, cards: int) -> None:
    """A house with a shop, so many cards, and the orders that are copied afterwards; it is stopped then."""
    async with open_house(data) as house:
        # An empty shelf would be told to the owner by mail, which nobody counts.
        await furnish(house.door, sinks, cards=cards + ORIGINALS + SPARE)
        await sinks.reset()
        numbers = orders.numbers("g", ORIGINALS)
        await tell(house.door, orders.single(numbers), lines=4)
        await sinks.wait(ORIGINALS, source=house)
        await house.quiet()


def _fill(data: Path, stored: int, wanted: int) -> int:
    with opened(data) as file:
        first, last = stored // ORIGINALS + 1, wanted // ORIGINALS
        return stored + file.copy_orders(LIKE, first=first, last=last)


async def _measure(house: House, sinks: Sinks, plan: Plan, *, n: int, stored: int) -> Figure:
    vitals = await idle(house, plan)
    await warm_up(house, sinks, prefix=f"w{n}")
    before = threads(house.process.pid)
    figure = await full_way(house, sinks, replace(plan, orders=plan.grown_orders), prefix=f"a{n}", batched=False)
    figure.more.update(_of_writer(before, threads(house.process.pid), figure.done))
    figure.more.update(vitals | {"stored": stored, "database_mb": _size_mb(house.data)})
    return replace(figure, name=f"{STORED}{stored:,} orders stored")


def _of_writer(before: Mapping[int, Thread], after: Mapping[int, Thread], done: int) -> dict[str, float]:
    """The database's thread is the one that wrote most; bytes are those of all threads."""
    nothing = Thread(0.0, 0, 0)
    used = [
        Thread(now.cpu_s - was.cpu_s, now.read_bytes - was.read_bytes, now.written_bytes - was.written_bytes)
        for now, was in ((now, before.get(tid, nothing)) for tid, now in after.items())
    ]
    writer = max(used, key=lambda each: each.written_bytes)
    return {
        "writer_ms": writer.cpu_s / done * 1000,
        "read_kb": sum(each.read_bytes for each in used) / done / 1024,
        "written_kb": sum(each.written_bytes for each in used) / done / 1024,
    }


def _size_mb(data: Path) -> float:
    return (data / "orderbell.db").stat().st_size / 1e6
