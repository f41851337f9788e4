"""A9: a worker that lost its lease cannot write (promises, design 4.1, rule 3)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

from tests.chaos.drill import Run, Verdict
from tests.chaos.fence import FACTS
from tests.crash.checker import ask


async def run(run: Run) -> list[Verdict]:
    """On each database; the judge is the rows."""
    torn = 0
    for database in run.databases:
        settings = run.settings(database)
        said = json.dumps({"data_dir": str(settings.data_dir), "database_url": settings.database_url})
        await asyncio.to_thread(subprocess.run, [sys.executable, "-m", "tests.chaos.fence", said], check=True)
        where = settings.database_url or str(settings.sqlite_path)
        torn += FACTS - ask(where, "SELECT count(*) FROM event WHERE state = 1")[0][0]
    words = f"{torn} of {FACTS * len(run.databases)} leases torn by the worker that had lost them"
    return [Verdict("A9", torn == 0, words, {"torn": torn})]
