"""C1 and C6, the guards: many workers keep one account's limit together, and a NATS that may forget is refused."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

from orderbell.base.settings import Settings
from orderbell.channels.directory import CHANNELS
from tests.chaos.drill import Run, Verdict
from tests.nats import Nats

SPENDERS = 4
SPEND_S = 130
PATIENCE_S = 25


async def run(run: Run) -> list[Verdict]:
    """Both at once, each on a database of its own."""
    spent, refused = run.settings("postgresql"), run.settings("postgresql")
    return await asyncio.gather(asyncio.to_thread(_spend, run, spent), asyncio.to_thread(_refuse, run, refused))


def _spend(run: Run, settings: Settings) -> Verdict:
    ledger = run.folder / "spent"
    command = [sys.executable, "-m", "tests.chaos.spender", settings.database_url, str(ledger)]
    for_s = str(run.of(SPEND_S, least=6))
    spenders = [subprocess.Popen([*command, for_s]) for _ in range(SPENDERS)]
    ended = [spender.wait() for spender in spenders]
    check = [sys.executable, "-m", "tests.chaos.checks.minutes", str(ledger)]
    told = subprocess.run(check, capture_output=True, text=True, check=True).stdout.split()
    spent, fullest = int(told[0]), int(told[1])
    limit = CHANNELS["dingtalk"].traits.per_minute
    words = f"{SPENDERS} workers sent {spent} in {for_s} s, at most {fullest} in a minute of {limit} allowed"
    return Verdict("C1", ended == [0] * SPENDERS and limit == fullest, words, {"sent": spent, "fullest": fullest})


def _refuse(run: Run, settings: Settings) -> Verdict:
    server = Nats(run.folder, sync="2m")
    server.start()
    try:
        server.wait()
        chosen = {
            "ORDERBELL_DATA_DIR": str(settings.data_dir), "ORDERBELL_DATABASE_URL": settings.database_url,
            "ORDERBELL_ENGINE_URL": server.url, "ORDERBELL_ENGINE_MONITOR_URL": server.monitor,
            "ORDERBELL_ENGINE_REPLICAS": "1",
        }  # fmt: skip
        command = [sys.executable, "-m", "orderbell.cli.main", "relay"]
        done = subprocess.run(
            command, env=os.environ | chosen, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        refused = done.returncode == 1 and "sync_interval: always" in done.stderr
        words = done.stderr[-300:]
    except subprocess.TimeoutExpired:
        refused, words = False, "it ran"
    finally:
        server.kill()
    seen = "refused" if refused else f"taken: {words}"
    return Verdict("C6", refused, f"a NATS server that syncs every two minutes is {seen}")
