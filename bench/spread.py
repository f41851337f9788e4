"""The full way with PostgreSQL: in one process, and spread over processes by JetStream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing
from dataclasses import replace
from pathlib import Path

from bench.figures import Figure
from bench.house import House, furnish, open_house
from bench.machines import Postgres, open_nats, open_postgres, open_spread, part
from bench.names import ALONE
from bench.plan import Plan
from bench.processes import Running
from bench.scenarios import WARM_UP, full_way, paced, warm_up
from bench.sink_door import Sinks


async def postgres(folder: Path, sinks: Sinks, plan: Plan) -> list[Figure]:
    """`orderbell up` with PostgreSQL: one process, no engine."""
    here = _own(folder, "one")
    with open_postgres(here / "postgres") as database:
        async with open_house(here / "house", more={"ORDERBELL_DATABASE_URL": database.url}) as house:
            cards = plan.orders + int(plan.pace_per_s * plan.paced_s) + WARM_UP + 10
            await furnish(house.door, sinks, cards=cards)
            await warm_up(house, sinks)
            full = await _full(house, sinks, plan, prefix="a", database=database)
            calm = await paced(house, sinks, plan)
    return [replace(full, name=ALONE), replace(calm, name=f"{calm.name}, PostgreSQL")]


async def jetstream(folder: Path, sinks: Sinks, plan: Plan) -> list[Figure]:
    """`web`, `relay` and more and more workers, all on this one machine, with PostgreSQL and JetStream."""
    here, figures = _own(folder, "many"), []
    with open_postgres(here / "postgres") as database, open_nats(here) as (nats, engine):
        key = str(here / "web" / "secret.key")
        settings = engine | {"ORDERBELL_DATABASE_URL": database.url, "ORDERBELL_SECRET_KEY_FILE": key}
        async with open_spread(here, settings) as house, aclosing(_grow(house, plan, here, settings)) as workers:
            await furnish(house.door, sinks, cards=len(plan.workers) * (plan.orders + WARM_UP) + 10)
            async for n in workers:
                await warm_up(house, sinks, prefix=f"w{n}")
                figure = await _full(house, sinks, plan, prefix=f"a{n}", database=database, nats=nats)
                figures.append(replace(figure, name=f"{ALONE} + JetStream, {n} worker{'s' if n > 1 else ''}"))
    return figures


async def _grow(house: House, plan: Plan, folder: Path, settings: dict[str, str]) -> AsyncGenerator[int, None]:
    """Add workers to a house until there are as many as the plan says next; how many there are now."""
    with ExitStack() as workers:
        for n in plan.workers:
            # The relay is the first of the others.
            for at in range(len(house.others), n + 1):
                house.others.append(workers.enter_context(part("worker", folder, f"worker{at}", settings)))
            yield n


async def _full(
    house: House, sinks: Sinks, plan: Plan, *, prefix: str, database: Postgres, nats: Running | None = None
) -> Figure:
    active_ms = await asyncio.to_thread(database.active_ms)
    cpu_s, engine_cpu_s = database.cpu_s(), nats.cpu_s() if nats else 0.0
    figure = await full_way(house, sinks, plan, prefix=prefix, batched=False)
    figure.more["database_ms"] = (await asyncio.to_thread(database.active_ms) - active_ms) / figure.done
    figure.more["database_cpu_ms"] = (database.cpu_s() - cpu_s) / figure.done * 1000
    if nats:
        figure.more["engine_cpu_ms"] = (nats.cpu_s() - engine_cpu_s) / figure.done * 1000
    return figure


def _own(folder: Path, name: str) -> Path:
    here = folder / name
    here.mkdir()
    return here
