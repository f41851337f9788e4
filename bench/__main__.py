"""`python -m bench`: measure on this machine and print the tables. See docs/reference/speed.md."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench import profiling, report, results, showing
from bench.directory import SCENARIOS
from bench.figures import Figure
from bench.neighbours import QUIET_PERCENT, Watch
from bench.plan import GROWN, QUICK, Plan
from bench.processes import Broken
from bench.sink_door import Sinks, open_sinks

MOST_S = 7200


async def measure(folder: Path, sinks: Sinks, plan: Plan, only: Collection[str]) -> dict[str, list[Figure]]:
    """Every scenario once a round; the rounds go through all of them, so that a slow minute spoils only one round."""
    rounds: dict[str, list[Figure]] = {}
    for n in range(plan.rounds):
        for name, scenario in SCENARIOS.items():
            if name not in only or (n and not scenario.each_round):
                continue
            here = folder / f"{name}{n + 1}"
            here.mkdir()
            for figure in await scenario.run(here, sinks, plan):
                rounds.setdefault(figure.name, []).append(figure)
                print(f"round {n + 1}: {figure.name}: {figure.per_s:,.0f}/s", file=sys.stderr, flush=True)
            shutil.rmtree(here)
    return rounds


@contextmanager
def _open_folder(parent: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="orderbell-bench-", dir=parent) as name:
        folder = Path(name)
        # PostgreSQL refuses to run as root: whoever it runs as must reach its own directory inside.
        folder.chmod(0o711)
        yield folder


async def run(plan: Plan, only: Collection[str], *, profile: bool, parent: Path | None) -> None:
    """Measure in a temporary directory, print, and keep the raw figures."""
    with _open_folder(parent) as folder:
        async with asyncio.timeout(MOST_S), open_sinks(folder) as sinks:
            if profile:
                await profiling.show(folder, sinks, plan)
                return
            about, watch = results.machine(), Watch.start()
            rounds = await measure(folder, sinks, plan, only)
    about["others_percent"] = round(watch.others_percent(), 1)
    found = results.gathered(rounds, plan, about)
    results.save(found)
    print(report.text(found))
    if about["others_percent"] > QUIET_PERCENT:
        print("\nOther programs were at work meanwhile: on a quiet machine all of this is faster.")


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small round, to see that all works")
    parser.add_argument("--only", type=_names, default=list(SCENARIOS), help=f"some of: {', '.join(SCENARIOS)}")
    parser.add_argument("--growth", action="store_true", help="also with a million orders stored (20 GB, and time)")
    parser.add_argument("--rounds", type=int, help="how often everything is measured (3)")
    parser.add_argument("--orders", type=int, help="orders of the full way (5000)")
    parser.add_argument("--profile", action="store_true", help="only the full way, with a profiler at the server")
    parser.add_argument("--dir", type=Path, help="where the data lies meanwhile: the disk that is measured")
    parser.add_argument("--figures", type=Path, default=results.LATEST, help="the run --table and --plots show")
    parser.add_argument("--table", type=Path, help="measure nothing: write the tables into this page")
    parser.add_argument("--plots", type=Path, help="measure nothing: draw the plots, and copy the figures, into here")
    return parser.parse_args(words)


def _names(text: str) -> list[str]:
    names = text.split(",")
    if strange := set(names) - SCENARIOS.keys():
        raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(strange))}")
    return names


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line; 1 when a count was wrong or a process fell."""
    asked = parse(words)
    if asked.table or asked.plots:
        showing.show(asked.figures, table=asked.table, folder=asked.plots)
        return 0
    given = {name: getattr(asked, name) for name in ("rounds", "orders") if getattr(asked, name)}
    given |= {"stored": GROWN} if asked.growth else {}
    try:
        plan = replace(QUICK if asked.quick else Plan(), **given)
        asyncio.run(run(plan, asked.only, profile=asked.profile, parent=asked.dir))
    except Broken as broken:
        print(f"The figures are worth nothing: {broken}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
