"""`make chaos-mutants`: takes out one guard after another and shows that a drill notices.

    python -m tests.chaos.mutants [--only MUTANT,MUTANT] [--seed N]

A drill that stays green without the guard it is about proves nothing; such a mutant is printed as NOT CAUGHT.
"""

from __future__ import annotations

import argparse
import sys

from orderbell.base import mutant
from tests.chaos.directory import MUTANTS
from tests.chaos.running import Order, carry_out, heed_the_end


def hunt(name: str, seed: int) -> bool:
    """Whether the drill's verdict on the promise turns red without that guard."""
    catch = MUTANTS[name]
    outcome = carry_out(
        Order(drill=catch.drill, seed=seed, scale=catch.scale, databases=catch.databases, mutant=name), quiet=True
    )
    red = [each for each in outcome.verdicts if each.promise == catch.promise and not each.ok]
    says = red[0].words if red else "all verdicts stayed green"
    print(
        f"{'caught    ' if red else 'NOT CAUGHT'} {name:22} {catch.promise:4} by {catch.drill:10} "
        f"{outcome.took_s:3.0f} s  {says[:160]!r}",
        flush=True,
    )
    return bool(red)


def main() -> int:
    """Hunt all of them; 0 when each is caught and each guard's switch has its hunter."""
    wishes = argparse.ArgumentParser(prog="python -m tests.chaos.mutants")
    wishes.add_argument("--only", default="")
    wishes.add_argument("--seed", type=int, default=7)
    asked = wishes.parse_args()
    heed_the_end()
    names = [name for name in asked.only.split(",") if name] or list(MUTANTS)
    caught = sum(hunt(name, asked.seed) for name in names)
    alone = sorted(set(mutant.NAMES) - set(MUTANTS))
    for name in alone if not asked.only else ():
        print(f"NOT CAUGHT {name:22} no drill hunts it")
    missed = len(names) - caught + (0 if asked.only else len(alone))
    print(f"{caught} caught, {missed} not caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
