"""Starts a drill in its own process, waits as long as it may take, and reads its verdicts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.alone import VERDICTS
from tests.chaos.directory import DRILLS
from tests.chaos.drill import DATABASES, Verdict


@dataclass(frozen=True, kw_only=True)
class Order:
    """Which drill to run, and how."""

    drill: str
    seed: int
    scale: float = 1.0
    databases: tuple[str, ...] = DATABASES
    mutant: str = ""

    @property
    def patience_s(self) -> float:
        """After how long it is given up."""
        return 3 * 60 * DRILLS[self.drill].minutes * min(1.0, max(0.3, self.scale)) + 120


@dataclass(frozen=True)
class Outcome:
    """What came of a drill; `folder` is kept when something broke."""

    verdicts: list[Verdict]
    took_s: float
    folder: Path


def carry_out(order: Order, *, quiet: bool = False) -> Outcome:
    """Run the drill to its end."""
    folder = Path(tempfile.mkdtemp(prefix=f"orderbell-chaos-{order.drill}-"))
    folder.chmod(0o755)
    started = time.monotonic()
    verdicts = _run(order, folder, quiet=quiet)
    took_s = time.monotonic() - started
    if all(each.ok for each in verdicts) or order.mutant:
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome(verdicts, took_s, folder)


def _run(order: Order, folder: Path, *, quiet: bool) -> list[Verdict]:
    arguments = [order.drill, folder, order.seed, order.scale, ",".join(order.databases)]
    log = folder.parent / f"{folder.name}.log"
    with log.open("wb") as said:
        drill = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.alone", *map(str, arguments)],
            env=os.environ | {"ORDERBELL_MUTANT": order.mutant},
            stdout=said if quiet else None, stderr=said, start_new_session=True,
        )  # fmt: skip
        _leaders.add(drill.pid)
        try:
            drill.wait(order.patience_s)
            why = f"ended with {drill.returncode}"
        except subprocess.TimeoutExpired:
            why = f"not done after {order.patience_s:.0f} s"
        finally:
            # Nothing that a drill started may outlive it.
            _end_group(drill.pid)
            _leaders.discard(drill.pid)
            drill.wait()
    words = log.read_text("utf-8", errors="replace")[-2000:]
    found = folder / VERDICTS
    if not found.exists():
        return [Verdict(_first_promise(order), False, f"the drill {why}: {words}")]
    log.unlink()
    return [Verdict(**each) for each in json.loads(found.read_text("utf-8"))]


_leaders: set[int] = set()
"""The drills that run now; each leads a session of its own."""


def heed_the_end() -> None:
    """Let SIGTERM and Ctrl-C end this runner at once, with everything it started."""

    def end(number: int, _: object) -> None:
        for leader in list(_leaders):
            _end_group(leader)
        os._exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def _first_promise(order: Order) -> str:
    return DRILLS[order.drill].promises.split()[0]


def _end_group(leader: int) -> None:
    # Whatever the drill started and did not end: it is all in the session that we opened for it.
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
