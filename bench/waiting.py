"""Work that waits: a hundred thousand timers, and a million messages in the slowest lane."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from bench import orders
from bench.client import tell
from bench.figures import Figure
from bench.filling import opened
from bench.house import furnish, open_house
from bench.plan import Plan
from bench.scenarios import WARM_UP, paced, warm_up
from bench.sink_door import Sinks
from bench.stored import LIKE, ORIGINALS, originals

HEAD_START_S = 8.0
"""From arming the timers to the first of them: the server starts meanwhile."""
EACH = 100
"""How many waiting messages a stored order has in the crowd."""
SLOW = "slow"
# A timer that is taken has the end of its lease in this column: it is read before.
ARMED = "SELECT id, due_at FROM timer WHERE state < 2"


async def timers(folder: Path, sinks: Sinks, plan: Plan) -> list[Figure]:
    """Timers due evenly over a minute; the waits are how late each rang, as the database says.

    A few belong to unpaid orders, which expire; the others find that their order was paid, as most do.
    """
    data = folder / "timers"
    async with open_house(data) as house:
        await furnish(house.door, sinks, cards=10)
        unpaid = orders.numbers("e", plan.expiring)
        bodies = orders.batches(unpaid, type_="order.created")
        await tell(house.door, bodies, lines=4)
        await house.quiet()
    with opened(data) as file:
        file.arm_timers(plan.timers - plan.expiring, spread_s=plan.timers_s, due_at=time.time() + HEAD_START_S)
        due = dict(file.rows(ARMED))
    async with open_house(data) as house:
        cpu_s = house.cpu_s()
        await asyncio.sleep(HEAD_START_S + plan.timers_s)
        await house.quiet()
        cpu_s = house.cpu_s() - cpu_s
    with opened(data) as file:
        rang = file.rows("SELECT id, fired_at FROM timer WHERE fired_at IS NOT NULL")
    late_s = [(at - due[id_]) / 1e6 for id_, at in rang if id_ in due]
    more = {"early": float(sum(late < 0 for late in late_s)), "not_rung": float(len(due) - len(late_s))}
    return [Figure(
        name=f"{plan.timers:,} timers within {plan.timers_s:.0f} s", done=len(late_s), took_s=plan.timers_s,
        cpu_s=cpu_s, waits_s=late_s, more=more,
    )]  # fmt: skip


async def lanes(folder: Path, sinks: Sinks, plan: Plan) -> list[Figure]:
    """Event to mail on a calm day: alone, beside a crowd that waits for tomorrow, and beside one that is due.

    The crowd's webhooks go to a receiver that takes two seconds for each.
    """
    data, calm = folder / "lanes", replace(plan, pace_per_s=plan.crowd_per_s)
    often = int(calm.pace_per_s * calm.paced_s) + WARM_UP
    await originals(data, sinks, cards=3 * often)
    figures = [await _beside(data, sinks, calm, "nothing")]
    made = await asyncio.to_thread(_crowd, data, plan.waiting)
    figures.append(await _beside(data, sinks, calm, f"{made:,} not due in lane 2"))
    async with open_house(data) as house:
        slow = {"kind": "webhook", "name": SLOW, "values": {"url": sinks.slow_url}}
        await house.door.call("POST", "/v1/channels", slow)
    with opened(data) as file:
        file.make_due(SLOW)
    figures.append(await _beside(data, sinks, calm, f"{made:,} due in lane 2, their receiver slow"))
    with opened(data) as file:
        ended = "SELECT count(*) FROM message WHERE lane = 2 AND state = 2"
        figures[-1].more["crowd_done"] = float(file.rows(ended)[0][0])
    return figures


async def _beside(data: Path, sinks: Sinks, plan: Plan, what: str) -> Figure:
    prefix = "".join(word[0] for word in what.split())
    async with open_house(data) as house:
        await warm_up(house, sinks, prefix=f"w{prefix}")
        figure = await paced(house, sinks, plan, prefix=f"p{prefix}")
        more = {"peak_mb": house.process.memory_mb("VmHWM"), "start_s": house.start_s}
    return replace(figure, name=f"{figure.name} beside {what}", more=more)


def _crowd(data: Path, waiting: int) -> int:
    with opened(data) as file:
        # So many orders that each has few of them: a crowd is many people.
        file.copy_orders(LIKE, first=1, last=max(1, waiting // EACH // ORIGINALS))
        return file.crowd(f"{LIKE}.%", each=EACH, due_at=time.time() + 86_400)
