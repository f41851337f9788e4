"""A5, A6, A7: fifty thousand random steps in the life of a stock; after each, every card is counted once."""

from __future__ import annotations

import asyncio
import os
from collections import Counter

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from tests.chaos.drill import Run, Verdict
from tests.domain.test_stock_machine import Fates

STEPS = 50_000
STEPS_EACH = 50


def play(shape: bytes, chosen_seed: int, steps: int) -> int:
    """That many steps, the first half of each life being as random as the second; how many were taken."""
    taken: Counter[str] = Counter()

    class Counted(Fates):
        @invariant()
        def every_card_is_counted_and_in_one_slot_at_most(self) -> None:
            taken["steps"] += 1
            super().every_card_is_counted_and_in_one_slot_at_most()

    machine = type("FatesHere", (Counted,), {"shape": shape})
    chosen = settings(
        max_examples=max(1, steps // STEPS_EACH), stateful_step_count=STEPS_EACH, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    run_state_machine_as_test(seed(chosen_seed)(machine), settings=chosen)
    return taken["steps"]


async def run(run: Run) -> list[Verdict]:
    """In one process, on SQLite; the machine itself says what it expects after each step."""
    steps = run.of(STEPS, least=400)
    shape = run.settings("sqlite").sqlite_path.read_bytes()
    # Its scratch databases belong into memory: what is tried here is logic, not the disk.
    os.environ["TMPDIR"] = "/dev/shm"
    try:
        taken = await asyncio.to_thread(play, shape, run.seed, steps)
    except AssertionError as broken:
        return [Verdict("A7", False, f"a fate broke it: {str(broken)[:300]}")]
    return [Verdict("A7", True, f"{taken} random steps, after each every card is counted once", {"steps": taken})]
