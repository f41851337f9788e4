"""`orderbell up` under test: a fresh process and data directory, set up through its own doors."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import orders
from bench.client import Door
from bench.processes import Broken, Running, environment, free_port, python, running
from bench.sink_door import Sinks

MAIN = "orderbell.cli.main"
START_S = 60


@dataclass(frozen=True)
class House:
    """A running server and the key to its API; `start_s` is from its first instruction to ready."""

    process: Running
    door: Door
    data: Path
    start_s: float

    async def quiet(self, within_s: float = 30) -> None:
        """Wait until the last results are written: until the process idles."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            before = self.process.cpu_s()
            await asyncio.sleep(0.3)
            if self.process.cpu_s() - before < 0.03:
                return


def up_command(data: Path, port: int, prefix: Sequence[str] = ()) -> list[str]:
    """The command line of the server; `prefix` goes between the interpreter and the module (a profiler)."""
    interpreter, *module = python(MAIN, "up", "--data", str(data), "--port", str(port))
    return [interpreter, *prefix, *module]


@asynccontextmanager
async def open_house(data: Path, *, prefix: Sequence[str] = ()) -> AsyncIterator[House]:
    """The server for as long as the block lasts."""
    port = free_port()
    log = data.parent / f"{data.name}.log"
    env = environment(ORDERBELL_ALLOW_PRIVATE_TARGETS="1")
    at = time.monotonic()
    with running(up_command(data, port, prefix), log, env) as process:
        await ready(process, Door(port))
        start_s = time.monotonic() - at
        yield House(process, Door(port, await asyncio.to_thread(_new_key, data)), data, start_s)


async def ready(process: Running, door: Door) -> None:
    """Wait until a server that was just started answers.

    Raises:
        Broken: it ended, or took longer than a minute.
    """
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        process.check()
        if await door.is_ready():
            return
        await asyncio.sleep(0.01)
    raise Broken(f"the server was not ready within {START_S} s")


def _new_key(data: Path) -> str:
    command = python(MAIN, "key", "create", "--name", "bench", "--data", str(data))
    made = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=True)
    return made.stdout.strip()


async def furnish(door: Door, sinks: Sinks, *, cards: int) -> None:
    """A product with its cards, a mail account and a webhook for `order.paid`; the rules stay the stock ones."""
    await door.call("POST", "/v1/products", {"sku": orders.SKU, "title": orders.TITLE, "low_at": 0})
    for body in orders.keys(cards):
        await door.call("POST", f"/v1/products/{orders.SKU}/cards", body=body)
    values = {
        "host": "127.0.0.1", "port": str(sinks.smtp_port), "security": "none", "from_address": "orders@shop.example",
    }  # fmt: skip
    await door.call("POST", "/v1/channels", {"kind": "email", "name": "sink", "values": values})
    await door.call("POST", "/v1/webhooks", {"target_url": sinks.hook_url, "events": ["order.paid"]})
