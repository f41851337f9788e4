"""A13: an upgrade is killed at each of its statements, and the same command completes it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.chaos.drill import Run, Verdict
from tests.chaos.scene import check

AT_ONCE = 20


async def run(run: Run) -> list[Verdict]:
    """Kill before each statement (a quick run: before some of them), run again, compare with an unbroken upgrade."""
    return [_story(run, database) for database in run.databases]


def _story(run: Run, database: str) -> Verdict:
    whole = _target(run, database, 0)
    ((ended, _, statements),) = _migrate([whole])
    assert ended == 0, "the unbroken upgrade failed"
    (wanted,) = check("shape", _name(whole))
    chosen = sorted(run.dice(database).sample(range(1, statements + 1), min(statements, run.of(statements, least=12))))
    wrong: list[str] = []
    for start in range(0, len(chosen), AT_ONCE):
        targets = [_target(run, database, n) for n in chosen[start : start + AT_ONCE]]
        wrong += _judge(targets, _migrate(targets), wanted)
        for _, folder, _ in targets:
            shutil.rmtree(folder)
    words = f"{database}: killed at {len(chosen)} of {statements} statements, {len(wrong)} not whole after a second run"
    if wrong:
        words += f": {'; '.join(wrong[:3])}"
    return Verdict("A13", not wrong, words, {"statements": statements, "kills": len(chosen), "wrong": len(wrong)})


def _judge(targets: list[tuple[int, str, str]], ends: list[list[int]], wanted: dict[str, Any]) -> list[str]:
    shapes = check("shape", *map(_name, targets))
    wrong = []
    for (n, _, _), (first, second, _), shape in zip(targets, ends, shapes, strict=True):
        if first != -signal.SIGKILL:
            wrong.append(f"{n}: was not killed but ended with {first}")
        elif second:
            wrong.append(f"{n}: the second run ended with {second}")
        elif shape != wanted:
            wrong.append(f"{n}: has another shape")
    return wrong


def _target(run: Run, database: str, n: int) -> tuple[int, str, str]:
    folder = run.folder / f"{database}-{n}"
    folder.mkdir()
    return n, str(folder), run.fresh_postgres() if database == "postgresql" else ""


def _name(target: tuple[int, str, str]) -> str:
    return target[2] or str(Path(target[1], "orderbell.db"))


def _migrate(targets: list[tuple[int, str, str]]) -> list[list[int]]:
    command = [sys.executable, "-m", "tests.chaos.stepped"]
    done = subprocess.run(command, input=json.dumps(targets), capture_output=True, text=True, check=True)
    found: list[list[int]] = json.loads(done.stdout)
    return found
