"""Eight processes that hand out the cards of one PostgreSQL database, some of them killed at random moments.

Run: python -m tests.chaos.allocators URL DATA_DIR SHOP ORDERS KILLS SEED LEASE_S. Every order is told twice, by two
different processes, as two different facts. It ends when all is told and decided.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from orderbell.base.settings import Settings
from orderbell.runtime.house import House, build
from orderbell.sources.own import read_events
from orderbell.store.journal import Entry
from tests.chaos.judging import count_open
from tests.chaos.shop import tell

MUTANT = os.environ.get("ORDERBELL_MUTANT", "")
PROCESSES = 8
PIECE = 50
PIECES_EACH = 4
# Beside something the shop hands out itself an order stays "paid", and only one guard is left to be taken out.
BESIDE = "gift" if MUTANT == "fill_once" else ""
PATIENCE_S = 300
"""How long the last decisions may take once all is told."""
STEP = 10
"""Numbers go in tens, so that all orders are of the kind that is paid at once."""


async def work(settings: Settings, shop_id: str, orders: int, mine: int) -> None:
    """Tell my share, and everybody's share of deciding, until nothing is left."""
    house = build(settings)
    worker = asyncio.create_task(house.worker.run())
    for copy, share in (("", mine), (":again", (mine + PROCESSES // 2) % PROCESSES)):
        await _tell(house, settings.data_dir, shop_id, list(range(share, orders, PROCESSES)), copy)
    until = time.monotonic() + (PATIENCE_S if not MUTANT else 15)
    while time.monotonic() < until and await asyncio.to_thread(count_open, settings.database_url):
        await asyncio.sleep(0.5)
    house.worker.stop()
    await worker
    await house.store.close()


async def _tell(house: House, folder: Path, shop_id: str, numbers: list[int], copy: str) -> None:
    for at in range(0, len(numbers), PIECE):
        name = f"{numbers[at]}{copy}"
        done = folder / f"told-{name}"
        if done.exists():
            continue
        facts = [
            tell("order.paid", n * STEP, quantity=PIECES_EACH, copy=copy, beside=BESIDE)
            for n in numbers[at : at + PIECE]
        ]
        events = read_events(json.dumps({"events": facts}).encode(), now=house.clock.now())
        await house.record([Entry(shop_id=shop_id, source_id=None, event=event) for event in events])
        with (folder / "acks").open("a") as log:
            log.writelines(f"{fact['id']}\n" for fact in facts)
        done.touch()


def bear(settings: Settings, shop_id: str, orders: int, mine: int) -> int:
    """Fork a process that works; its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        asyncio.run(work(settings, shop_id, orders, mine))
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def main(url: str, folder: str, shop_id: str, *counts: str) -> int:
    """Keep eight alive; how many were killed is printed."""
    orders, kills, seed, lease_s = map(int, counts)
    settings, dice = Settings(data_dir=Path(folder), database_url=url, lease_s=lease_s), random.Random(seed)
    alive = {bear(settings, shop_id, orders, mine): mine for mine in range(PROCESSES)}
    killed, next_at = 0, time.monotonic() + 1
    while alive:
        if killed < kills and time.monotonic() > next_at:
            os.kill(dice.choice(list(alive)), signal.SIGKILL)
            killed, next_at = killed + 1, time.monotonic() + dice.uniform(0.3, 1.5)
        with suppress(ChildProcessError):
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid:
                mine = alive.pop(pid)
                if status:
                    alive[bear(settings, shop_id, orders, mine)] = mine
        time.sleep(0.05)
    print(killed)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
