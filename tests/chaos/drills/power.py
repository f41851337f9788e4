"""A2: the power goes at any moment, and what was acknowledged is on the disk.

The real process runs under a tracer; every disk it could have left behind is made from what it wrote and synced.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from itertools import islice
from pathlib import Path

from tests.chaos import trace
from tests.chaos.drill import Run, Verdict
from tests.chaos.powercut import DATABASE, Cut, cuts
from tests.chaos.scene import check, ended, shopper
from tests.crash.stage import Stage

CUTS = 500
REQUESTS = 90
BATCH = 3
AT_ONCE = 25
# A whole page of the log and the body of a request.
BYTES = 8192


async def run(run: Run) -> list[Verdict]:
    """Trace one run with cards and sandboxed messages, then cut it at hundreds of lines."""
    if "sqlite" not in run.databases:
        return []
    stage = Stage(run.settings("sqlite", lease_s=9), stock=REQUESTS * BATCH // 2)
    await stage.set_up(accounts=False)
    base = (stage.folder / DATABASE).read_bytes()
    seen = stage.folder / "trace"
    stage.start(prefix=trace.command(seen, bytes_most=BYTES))
    stage.wait_up(120)
    till = shopper(stage, stage.folder / "log", run.of(REQUESTS, least=20), batch=BATCH, connections=4)
    await ended(till, 200)
    stage.kill()
    posted = [json.loads(line)["ids"] for line in (stage.folder / "log").read_text().splitlines()]
    total: Counter[str] = Counter()
    left = cuts(seen, stage.folder, base, run.of(CUTS, least=30), run.dice("power"))
    while some := list(islice(left, AT_ONCE)):
        total.update(_judge(run.folder / "cuts", some, posted))
    seen.unlink()
    bad = sum(total[name] for name in ("unreadable", "not_whole", "lost", "half"))
    words = (
        f"{total['lost']} acknowledged events lost in {total['cuts']} power cuts, {total['half']} half-written, "
        f"{total['not_whole'] + total['unreadable']} damaged files"
    )
    return [Verdict("A2", bad == 0 and total["cuts"] >= run.of(CUTS, least=30), words, dict(total))]


def _judge(folder: Path, some: list[Cut], posted: list[list[str]]) -> dict[str, int]:
    """Lay the disks out for the checker, ask it, and clear them away."""
    for n, each in enumerate(some):
        disk = folder / f"{n:03}"
        disk.mkdir(parents=True)
        for name, content in each.files.items():
            (disk / name).write_bytes(content)
        told = [{"ids": ids, "status": 202, "at": 0, "ms": 0} for ids in each.acked]
        silent = [{"ids": ids, "status": 0, "at": 0, "ms": 0} for ids in posted if tuple(ids) not in set(each.acked)]
        (disk / "log").write_text("\n".join(map(json.dumps, told + silent)))
    found: dict[str, int] = check("cut", folder)
    shutil.rmtree(folder)
    return found
