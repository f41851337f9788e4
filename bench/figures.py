"""What a scenario brings, and what several rounds of it come to."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

LADDER = (1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 100)
"""The percents at which waits are kept: enough to draw their distribution."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One scenario in one round. `done` orders or events in `took_s`, for `cpu_s` of the processes measured.

    `waits_s` are what each of them took: the 202's for telling, event to mail for latency; empty when not taken.
    `more` holds numbers only some scenarios have, named with their unit.
    """

    name: str
    done: int
    took_s: float
    cpu_s: float
    waits_s: Sequence[float] = ()
    more: dict[str, float] = field(default_factory=dict)

    @property
    def per_s(self) -> float:
        return self.done / self.took_s

    @property
    def per_core_s(self) -> float:
        """How many for one second of one processor."""
        return self.done / max(self.cpu_s, 0.01)

    @property
    def cpu_ms(self) -> float:
        """Processor milliseconds for one."""
        return self.cpu_s / self.done * 1000

    def row(self) -> dict[str, Any]:
        """For the JSON file: of the single waits only their ladder, in milliseconds."""
        raw = asdict(self) | {"per_s": self.per_s, "per_core_s": self.per_core_s, "cpu_ms": self.cpu_ms}
        del raw["waits_s"]
        known = sorted(self.waits_s)
        return raw | {"waits_ms": {f"{percent:g}": percentile(known, percent) * 1000 for percent in LADDER if known}}


@dataclass(frozen=True)
class Spread:
    """The middle, lowest and highest of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        known = sorted(values)
        return cls(statistics.median(known), known[0], known[-1])


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed."""
    known = sorted(values)
    rank = max(1, -(-len(known) * percent // 100))
    return known[int(rank) - 1]
