"""Where the server's time goes on the full way: the functions by their own time.

With py-spy beside the interpreter, every thread is sampled from outside while it is on the processor. Without it
cProfile runs inside, sees the main thread only and slows it down, but counts calls.
"""

from __future__ import annotations

import asyncio
import pstats
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import DEVNULL

from bench.house import House, furnish, open_house
from bench.plan import Plan
from bench.scenarios import WARM_UP, full_way, warm_up
from bench.sink_door import Sinks

MOST = 25
SAMPLES_PER_S = 200
# A pool's thread that waits for work sits in this function; py-spy does not always see that it sleeps.
WAITING = ("_worker (concurrent/futures/thread.py", "select (selectors.py")


async def show(folder: Path, sinks: Sinks, plan: Plan) -> None:
    """Run the full way once and print where the time went."""
    spy = Path(sys.executable).with_name("py-spy")
    if spy.exists():
        await _sampled(spy, folder, sinks, plan)
    else:
        await _traced(folder, sinks, plan)


async def _sampled(spy: Path, folder: Path, sinks: Sinks, plan: Plan) -> None:
    stacks = folder / "stacks.txt"
    async with _prepared(folder, sinks, plan) as house:
        words = ["record", "--pid", str(house.process.pid), "--rate", str(SAMPLES_PER_S), "--threads",
                   "--function", "--format", "raw", "--output", str(stacks), "--duration", "unlimited"]  # fmt: skip
        watcher = await asyncio.create_subprocess_exec(spy, *words, stdout=DEVNULL, stderr=DEVNULL)
        try:
            await _measure(house, sinks, plan)
        finally:
            watcher.send_signal(signal.SIGINT)
            await watcher.wait()
    _print_stacks(stacks.read_text().splitlines())


async def _traced(folder: Path, sinks: Sinks, plan: Plan) -> None:
    kept = folder / "profile"
    async with _prepared(folder, sinks, plan, "-m", "cProfile", "-o", str(kept)) as house:
        await _measure(house, sinks, plan)
    pstats.Stats(str(kept)).sort_stats("tottime").print_stats(MOST)


@asynccontextmanager
async def _prepared(folder: Path, sinks: Sinks, plan: Plan, *prefix: str) -> AsyncIterator[House]:
    async with open_house(folder / "profiled", prefix=prefix) as house:
        await furnish(house.door, sinks, cards=plan.orders + WARM_UP + 10)
        await warm_up(house, sinks)
        yield house


async def _measure(house: House, sinks: Sinks, plan: Plan) -> None:
    figure = await full_way(house, sinks, plan, prefix="a", batched=False)
    print(f"{figure.per_s:,.0f} orders/s while watched, {figure.cpu_ms:.2f} ms of processor each\n")


def _print_stacks(lines: Iterable[str]) -> None:
    # A line is "thread;outermost;…;innermost samples".
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    threads: Counter[str] = Counter()
    for line in lines:
        stack, _, text = line.rpartition(" ")
        thread, *frames = stack.split(";")
        if frames and any(each in frames[-1] for each in WAITING):
            continue
        samples = int(text)
        threads[thread] += samples
        own[frames[-1] if frames else thread] += samples
        whole.update({frame: samples for frame in set(frames) if "orderbell/" in frame})
    total = sum(threads.values())
    for title, counted in (("thread", threads), ("own time", own), ("with all it calls, our own code", whole)):
        print(f"{'share':>7}  {title}")
        for name, samples in counted.most_common(MOST):
            print(f"{samples / total:7.1%}  {name}")
        print()
