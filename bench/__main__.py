"""`python -m bench`: measure everything on this machine and print the tables. See docs/reference/speed.md."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench import profiling, report, rivals, scenarios
from bench.figures import Figure
from bench.neighbours import QUIET_PERCENT, Watch
from bench.plan import QUICK, Plan
from bench.processes import Broken
from bench.sink_door import Sinks, open_sinks

MOST_S = 3600


async def measure(folder: Path, sinks: Sinks, plan: Plan) -> dict[str, list[Figure]]:
    """Every scenario once a round; the rounds go through all of them, so that a slow minute spoils only one round."""
    rounds: dict[str, list[Figure]] = {}
    for n in range(plan.rounds):
        here = folder / f"round{n + 1}"
        here.mkdir()
        figures = [
            *await scenarios.whole_house(here, sinks, plan),
            *await scenarios.telling_alone(here, plan),
            await rivals.bare_loop(here, sinks, plan),
            await rivals.celery(here, sinks, plan),
        ]
        for figure in figures:
            rounds.setdefault(figure.name, []).append(figure)
            print(f"round {n + 1}: {figure.name}: {figure.per_s:,.0f}/s", file=sys.stderr, flush=True)
    return rounds


async def run(plan: Plan, *, profile: bool, parent: Path | None) -> None:
    """Measure in a temporary directory, print, and keep the raw figures."""
    with tempfile.TemporaryDirectory(prefix="orderbell-bench-", dir=parent) as name:
        folder = Path(name)
        async with asyncio.timeout(MOST_S), open_sinks(folder) as sinks:
            if profile:
                await profiling.show(folder, sinks, plan)
                return
            about, watch = report.machine(), Watch.start()
            rounds = await measure(folder, sinks, plan)
    about["others_percent"] = round(watch.others_percent(), 1)
    report.save(rounds, plan, about)
    print(", ".join(f"{key} {value}" for key, value in about.items()), "\n", sep="\n")
    print(report.table(rounds), report.vitals(rounds), sep="\n\n")
    if about["others_percent"] > QUIET_PERCENT:
        print("\nOther programs were at work meanwhile: on a quiet machine all of this is faster.")


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line; 1 when a count was wrong or a process fell."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small round, to see that all works")
    parser.add_argument("--rounds", type=int, help="how often everything is measured (3)")
    parser.add_argument("--orders", type=int, help="orders of the full way (5000)")
    parser.add_argument("--profile", action="store_true", help="only the full way, with a profiler at the server")
    parser.add_argument("--dir", type=Path, help="where the data lies meanwhile: the disk that is measured")
    asked = parser.parse_args(words)
    given = {name: getattr(asked, name) for name in ("rounds", "orders") if getattr(asked, name)}
    try:
        asyncio.run(run(replace(QUICK if asked.quick else Plan(), **given), profile=asked.profile, parent=asked.dir))
    except Broken as broken:
        print(f"The figures are worth nothing: {broken}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
