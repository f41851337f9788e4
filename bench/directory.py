"""Every scenario by its name, in the order they are measured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bench import rivals, scenarios, spread, stored, waiting
from bench.figures import Figure
from bench.plan import Plan
from bench.sink_door import Sinks


@dataclass(frozen=True)
class Scenario:
    """One thing that is measured; `each_round` false means once a run, because it takes long."""

    run: Callable[[Path, Sinks, Plan], Awaitable[list[Figure]]]
    each_round: bool = True


SCENARIOS = {
    "house": Scenario(scenarios.whole_house),
    "telling": Scenario(scenarios.telling_alone),
    "bare": Scenario(rivals.bare_loop),
    "celery": Scenario(rivals.celery),
    "dramatiq": Scenario(rivals.dramatiq, each_round=False),
    "post-office": Scenario(rivals.post_office, each_round=False),
    "postgres": Scenario(spread.postgres, each_round=False),
    "jetstream": Scenario(spread.jetstream, each_round=False),
    "growth": Scenario(stored.growth, each_round=False),
    "timers": Scenario(waiting.timers, each_round=False),
    "lanes": Scenario(waiting.lanes, each_round=False),
}
