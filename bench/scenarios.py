"""What is done to OrderBell: the full way at full speed, at a fixed pace, and the telling alone."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from bench import orders
from bench.client import Door, tell, tell_paced
from bench.figures import Figure
from bench.house import House, furnish, open_house, ready
from bench.plan import Plan
from bench.processes import environment, first_json, free_port, python, running
from bench.sink_door import Sinks

BATCH = 100
BATCH_LINES = 8
WARM_UP = 200


async def full_way(house: House, sinks: Sinks, plan: Plan, *, prefix: str, batched: bool) -> Figure:
    """Tell `order.paid` as fast as it is taken, until the last mail and webhook came; the waits are the 202's."""
    numbers = orders.numbers(prefix, plan.orders)
    bodies = orders.batches(numbers, BATCH) if batched else orders.single(numbers)
    await sinks.reset()
    cpu_s = house.cpu_s()
    told = await tell(house.door, bodies, lines=BATCH_LINES if batched else plan.lines)
    await sinks.wait(len(numbers), source=house)
    await house.quiet()
    came = await sinks.came(numbers)
    return Figure(
        name=f"full way, {f'batches of {BATCH}' if batched else 'single'}",
        done=len(numbers), took_s=came.last_at - told.began_at, cpu_s=house.cpu_s() - cpu_s,
        waits_s=told.answers_s, more={"accepted_per_s": len(numbers) / told.took_s},
    )  # fmt: skip


async def paced(house: House, sinks: Sinks, plan: Plan, *, prefix: str = "p") -> Figure:
    """A calm day: orders at a fixed pace; the waits are from the moment an order was due to its mail's arrival."""
    numbers = orders.numbers(prefix, int(plan.pace_per_s * plan.paced_s))
    await sinks.reset()
    cpu_s = house.cpu_s()
    due = await tell_paced(house.door, orders.single(numbers), per_s=plan.pace_per_s, lines=plan.lines)
    await sinks.wait(len(numbers), source=house)
    await house.quiet(5)
    came = await sinks.came(numbers)
    waits = [came.mails[number] - at for number, at in zip(numbers, due, strict=True)]
    return Figure(
        name=f"event to mail at {plan.pace_per_s:.0f} orders/s", done=len(numbers), took_s=came.last_at - due[0],
        cpu_s=house.cpu_s() - cpu_s, waits_s=waits,
    )  # fmt: skip


async def warm_up(house: House, sinks: Sinks, *, prefix: str = "w") -> None:
    """Orders that are not measured: the first ones compile texts and open connections."""
    numbers = orders.numbers(prefix, WARM_UP)
    await sinks.reset()
    await tell(house.door, orders.single(numbers), lines=8)
    await sinks.wait(len(numbers), source=house)
    await house.quiet()


async def idle(house: House, plan: Plan) -> dict[str, float]:
    """What the server needs while nothing happens, and what its start took."""
    await house.quiet()
    from_s = house.cpu_s()
    await asyncio.sleep(plan.idle_s)
    percent = (house.cpu_s() - from_s) / plan.idle_s * 100
    return {"idle_cpu_percent": percent, "idle_mb": house.process.memory_mb(), "start_s": house.start_s}


async def whole_house(folder: Path, sinks: Sinks, plan: Plan) -> list[Figure]:
    """Everything that is measured on one server, from its first start to its last memory."""
    data = folder / "house"
    async with open_house(data) as house:
        first_start_s = house.start_s
    async with open_house(data) as house:
        vitals = await idle(house, plan) | {"first_start_s": first_start_s}
        await furnish(house.door, sinks, cards=2 * plan.orders + int(plan.pace_per_s * plan.paced_s) + WARM_UP + 10)
        await warm_up(house, sinks)
        figures = [
            await full_way(house, sinks, plan, prefix="a", batched=False),
            await full_way(house, sinks, plan, prefix="b", batched=True),
            await paced(house, sinks, plan),
        ]
        vitals["peak_mb"] = house.process.memory_mb("VmHWM")
    figures[0].more.update(vitals)
    return figures


async def telling_alone(folder: Path, sinks: Sinks, plan: Plan) -> list[Figure]:
    """Events into the journal, durably, with nobody at work behind it; single and in batches. `sinks` hear nothing."""
    port = free_port()
    command = python("bench.door_only", str(folder / "door"), str(port))
    with running(command, folder / "door.log", environment()) as process:
        token = (await asyncio.to_thread(first_json, process))["token"]
        door = Door(port, str(token))
        await ready(process, door)
        figures = []
        for name, lines, bodies in (
            ("telling alone, single", plan.lines, orders.single(orders.numbers("s", 2 * plan.orders))),
            (f"telling alone, batches of {BATCH}", BATCH_LINES, orders.batches(orders.numbers("t", 6 * plan.orders))),
        ):
            await tell(door, [_again(bodies[0], n) for n in range(20)], lines=4)
            cpu_s = process.cpu_s()
            told = await tell(door, bodies, lines=lines)
            done = sum(len(json.loads(body).get("events", [0])) for body in bodies)
            figures.append(
                Figure(name=name, done=done, took_s=told.took_s, cpu_s=process.cpu_s() - cpu_s, waits_s=told.answers_s)
            )
    return figures


def _again(body: bytes, n: int) -> bytes:
    return body.replace(b'"id":"', f'"id":"warm{n}:'.encode())
