"""C6 and C7 on many machines: any one of them dies, is cut off, or the engine forgets everything; work goes on."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.chaos.cluster import Cluster
from tests.chaos.drill import Run, Verdict
from tests.chaos.netns import network

ORDERS = 400
TAKEN_UP_S = 30.0
NORMAL_S = 60.0
CUT_OFF_S = 12.0
Harm = Callable[[Cluster], None]


@dataclass(frozen=True)
class Phase:
    """A stretch of load with one harm done in the middle of it."""

    name: str
    promise: str
    harm: Harm
    mend: Harm = lambda stage: None
    mends_after_s: float = 0.0
    bound_s: float = TAKEN_UP_S


async def run(run: Run) -> list[Verdict]:
    """One phase after another on one cluster; at the end nothing may be lost."""
    phases = _phases(run)
    orders = run.of(ORDERS, least=60)
    with network() as net:
        stage = Cluster(run.settings("postgresql", lease_s=20), stock=orders * len(phases) + 10, net=net)
        try:
            await stage.set_up()
            await asyncio.to_thread(stage.start_nats)
            await asyncio.to_thread(stage.start_parts)
            verdicts = [await _suffer(run, stage, n, orders) for n in range(len(phases))]
            verdicts.append(await _judge(stage, orders * len(phases)))
        finally:
            stage.tear_down()
    return verdicts


def _phases(run: Run) -> list[Phase]:
    dice = run.dice("cluster")
    server, worker, relay = dice.randrange(3), f"worker{dice.randint(1, 3)}", f"relay{dice.randint(1, 2)}"
    other = f"worker{int(worker[-1]) % 3 + 1}"
    return [
        Phase("nothing", "C6", lambda stage: None),
        Phase(
            f"NATS server {server + 1} killed", "C6",
            lambda stage: stage.nats[server].kill(), lambda stage: stage.nats[server].start(), 3,
        ),
        Phase(
            f"{worker} killed", "C6",
            lambda stage: stage.kill_part(worker),
            lambda stage: stage.start_part("worker", stage.net.machines[worker]), 3,
        ),
        Phase(
            f"{relay} killed", "C6",
            lambda stage: stage.kill_part(relay),
            lambda stage: stage.start_part("relay", stage.net.machines[relay]), 3,
        ),
        Phase(
            f"{other} cut off for {CUT_OFF_S:.0f} s", "C7",
            lambda stage: stage.net.machines[other].cut_off(),
            lambda stage: stage.net.machines[other].join(), CUT_OFF_S,
        ),
        Phase(
            f"NATS server {server + 1} cut off for {CUT_OFF_S:.0f} s", "C7",
            lambda stage: stage.net.machines[f"nats{server + 1}"].cut_off(),
            lambda stage: stage.net.machines[f"nats{server + 1}"].join(), CUT_OFF_S,
        ),
        Phase("all NATS servers wiped while running", "C6", lambda stage: stage.wipe_nats(), bound_s=NORMAL_S),
        Phase("nothing, after the wipe", "C6", lambda stage: None),
    ]  # fmt: skip


async def _suffer(run: Run, stage: Cluster, n: int, orders: int) -> Verdict:
    phase = _phases(run)[n]
    began = time.time()
    client = stage.client(n * orders, orders)
    await asyncio.to_thread(stage.wait_acks, n * orders + orders // 3, 90)
    harmed = time.time()
    await asyncio.to_thread(phase.harm, stage)
    await asyncio.sleep(phase.mends_after_s)
    await asyncio.to_thread(phase.mend, stage)
    left = await asyncio.to_thread(client.wait, 120)
    told = await _settled(stage, began)
    worst = max(told["decided"], told["email"], told["webhook"])
    seen = f"{told['events']} orders; the latest was decided after {told['decided']:.1f} s, mailed after"
    words = f"{phase.name}: {seen} {told['email']:.1f} s, hooked after {told['webhook']:.1f} s"
    run.say(words)
    figures = {f"{phase.name} {name}": round(value, 2) for name, value in told.items()}
    return Verdict(phase.promise, left == 0 and worst <= phase.bound_s + (harmed - began), words, figures)


async def _settled(stage: Cluster, began: float) -> dict[str, Any]:
    """Wait until nothing is left to do, then ask how late things were."""
    await asyncio.to_thread(stage.check, 90)
    span = [str(int(at * 1e6)) for at in (began, time.time())]
    asked = [sys.executable, "-m", "tests.chaos.checks.cluster", stage.database, *span]
    done = await asyncio.to_thread(subprocess.run, asked, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


async def _judge(stage: Cluster, orders: int) -> Verdict:
    wrong = await asyncio.to_thread(stage.check, 120)
    acked = len((stage.folder / "acks").read_text().split())
    words = f"{acked} of {orders} orders acknowledged, 0 lost, no card twice" if not wrong else wrong[:1500]
    return Verdict("C6", not wrong and acked == orders, words, {"acknowledged": acked})
