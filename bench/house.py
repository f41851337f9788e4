"""OrderBell under test: fresh processes and a data directory, set up through its own doors."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import orders
from bench.client import Door
from bench.processes import Broken, Running, environment, free_port, python, running
from bench.sink_door import Sinks

MAIN = "orderbell.cli.main"
START_S = 60
PRIVATE = {"ORDERBELL_ALLOW_PRIVATE_TARGETS": "1"}


@dataclass(frozen=True)
class House:
    """A running server and the key to its API; `start_s` is from its first instruction to ready."""

    process: Running
    door: Door
    data: Path
    start_s: float
    others: list[Running] = field(default_factory=list)
    """Workers and relays beside a web process."""

    def check(self) -> None:
        """Raises Broken when any of its processes has ended."""
        for part in (self.process, *self.others):
            part.check()

    def cpu_s(self) -> float:
        """Processor seconds of all its processes; a database beside them is not one of them."""
        return sum(part.cpu_s() for part in (self.process, *self.others))

    async def quiet(self, within_s: float = 30) -> None:
        """Wait until the last results are written: until the processes idle."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            before = self.cpu_s()
            await asyncio.sleep(0.3)
            if self.cpu_s() - before < 0.03 * (1 + len(self.others)):
                return


def up_command(data: Path, port: int, prefix: Sequence[str] = (), role: str = "up") -> list[str]:
    """The command line of the server; `prefix` goes between the interpreter and the module (a profiler)."""
    interpreter, *module = python(MAIN, role, "--data", str(data), "--port", str(port))
    return [interpreter, *prefix, *module]


@asynccontextmanager
async def open_house(
    data: Path, *, prefix: Sequence[str] = (), more: Mapping[str, str] | None = None, role: str = "up"
) -> AsyncIterator[House]:
    """The server for as long as the block lasts; `more` are settings by their environment names."""
    port = free_port()
    log = data.parent / f"{data.name}.log"
    env = environment(**PRIVATE, **(more or {}))
    at = time.monotonic()
    with running(up_command(data, port, prefix, role), log, env) as process:
        await ready(process, Door(port))
        start_s = time.monotonic() - at
        yield House(process, Door(port, await asyncio.to_thread(_new_key, data, env)), data, start_s)


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


def _new_key(data: Path, env: Mapping[str, str]) -> str:
    command = python(MAIN, "key", "create", "--name", "bench", "--data", str(data))
    made = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
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
