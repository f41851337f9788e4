"""`make chaos`: runs the drills, two at a time at most, and prints a line for each promise they tried.

    python -m tests.chaos [--seed N] [--only DRILL,DRILL] [--minutes N] [--quick] [--databases sqlite] [--json FILE]

Every drill is one process; what it says of a promise comes from a checker that reads only what the outside saw.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock

from tests.chaos.directory import DRILLS
from tests.chaos.drill import DATABASES, Verdict
from tests.chaos.running import Order, carry_out, heed_the_end

QUICK = 0.05
FULL_MINUTES = 60.0


def read_wishes() -> argparse.Namespace:
    """What the command line asks for."""
    wishes = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break things; see what holds.")
    wishes.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="the same seed, the same harm")
    wishes.add_argument("--only", default="", help=f"drills by name, of: {', '.join(DRILLS)}")
    wishes.add_argument("--minutes", type=float, default=FULL_MINUTES, help="scale the drills to this time (60 = full)")
    wishes.add_argument("--scale", type=float, help="the same as a factor")
    wishes.add_argument("--quick", action="store_true", help="a twentieth of everything")
    wishes.add_argument("--databases", default=",".join(DATABASES), help="sqlite,postgresql")
    wishes.add_argument("--json", type=Path, help="write the verdicts there too")
    return wishes.parse_args()


def line(verdict: Verdict) -> str:
    """A verdict as it is printed."""
    return f"  {'holds ' if verdict.ok else 'BROKEN'} {verdict.promise:4} {verdict.words}"


@dataclass
class Programme:
    """The drills of a run and what came of them; some of them wait so much that they run beside the others."""

    wishes: argparse.Namespace
    scale: float
    verdicts: list[Verdict] = field(default_factory=list)
    _printing: Lock = field(default_factory=Lock)

    def run(self, names: Sequence[str]) -> None:
        """All of them, in two lanes."""
        alone = [name for name in names if not DRILLS[name].beside]
        beside = [name for name in names if DRILLS[name].beside]
        with ThreadPoolExecutor(2) as lanes:
            list(lanes.map(self._one_after_another, (alone, beside)))

    def _one_after_another(self, names: Sequence[str]) -> None:
        for name in names:
            self._carry_out(name)

    def _carry_out(self, name: str) -> None:
        databases = tuple(self.wishes.databases.split(","))
        outcome = carry_out(Order(drill=name, seed=self.wishes.seed, scale=self.scale, databases=databases))
        broken = not all(each.ok for each in outcome.verdicts)
        with self._printing:
            print(f"{name} ({DRILLS[name].promises}), {outcome.took_s:.0f} s", flush=True)
            print(*map(line, outcome.verdicts), sep="\n")
            if broken:
                print(f"  kept in {outcome.folder}", flush=True)
            self.verdicts += outcome.verdicts


def main() -> int:
    """Run what was asked for; 0 when all of it holds."""
    wishes = read_wishes()
    scale = wishes.scale or (QUICK if wishes.quick else min(1.0, wishes.minutes / FULL_MINUTES))
    names = [name for name in wishes.only.split(",") if name] or list(DRILLS)
    if unknown := sorted(set(names) - set(DRILLS)):
        print(f"There is no drill called {', '.join(unknown)}; there are: {', '.join(DRILLS)}.", file=sys.stderr)
        return 2
    heed_the_end()
    print(f"seed {wishes.seed} · scale {scale:g} · {len(names)} drills", flush=True)
    began = time.monotonic()
    programme = Programme(wishes, scale)
    programme.run(names)
    verdicts = programme.verdicts
    failed = sum(not each.ok for each in verdicts)
    if wishes.json:
        report = {"seed": wishes.seed, "scale": scale, "verdicts": [asdict(each) for each in verdicts]}
        wishes.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nseed {wishes.seed} · {time.monotonic() - began:.0f} s\n{len(verdicts) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
