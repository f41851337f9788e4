"""What the drills of faults share: clients in their own processes, and checkers whose JSON is read."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.chaos.shopper import Plan
from tests.crash.stage import Stage


def shopper(stage: Stage, log: Path, count: int, **more: Any) -> subprocess.Popen[bytes]:
    """Start a till that posts to the stage's server."""
    plan = Plan(**({"url": stage.url, "token": stage.token, "log": str(log), "count": count} | more))
    return subprocess.Popen([sys.executable, "-m", "tests.chaos.shopper", json.dumps(asdict(plan))])


def check(name: str, *arguments: object) -> Any:
    """What a checker of `tests.chaos.checks` says, or of any module when the name has a dot."""
    module = name if "." in name else f"tests.chaos.checks.{name}"
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


async def ended(process: subprocess.Popen[bytes], within_s: float) -> int:
    """Wait for a process without holding up the others; its exit code.

    Raises:
        TimeoutError: it did not end in time, and was killed.
    """
    try:
        return await asyncio.to_thread(process.wait, within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise TimeoutError(f"{process.args!r} did not end within {within_s} s") from None
