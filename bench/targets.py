"""What the house wants to reach on a machine of two cores, and where to find whether it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.names import BARE, CELERY, SINGLE, STORED
from bench.results import Results

Measured = Callable[[Results], float | None]


@dataclass(frozen=True)
class Target:
    """A bound, as a floor or, where `at_most`, as a ceiling."""

    what: str
    bound: float
    measured: Measured
    unit: str = ""
    at_most: bool = False
    digits: int = 0

    @property
    def wanted(self) -> str:
        """The bound in words."""
        return f"{'≤' if self.at_most else '≥'} {self.show(self.bound)}"

    def show(self, value: float) -> str:
        """A value with its unit."""
        return f"{value:,.{self.digits}f}{self.unit}"

    def is_met(self, value: float) -> bool:
        """Whether a value keeps to the bound."""
        return value <= self.bound if self.at_most else value >= self.bound


def _of(name: str, what: str) -> Measured:
    return lambda results: results.middle(name, what)


def _first_of(beginning: str, what: str) -> Measured:
    return lambda results: next((results.middle(name, what) for name in results.of(beginning)), None)


def _over(name: str, other: str, what: str, *, factor: float = 1.0) -> Measured:
    def ratio(results: Results) -> float | None:
        mine, theirs = results.middle(name, what), results.middle(other, what)
        return mine / theirs * factor if mine is not None and theirs else None

    return ratio


def _grown(results: Results) -> float | None:
    """How much dearer an order is with most stored than with fewest, in percent."""
    known = [results.middle(name, "cpu_ms") for name in results.of(STORED)]
    return abs(known[-1] / known[0] - 1) * 100 if len(known) > 1 and known[0] and known[-1] else None


def _timers_late(results: Results) -> float | None:
    return next((results.middle(name, "p99") for name in results.rounds if "timers" in name), None)


def _crowded(results: Results) -> float | None:
    """The worst p99 of event to mail beside a crowd that waits."""
    known = [results.middle(name, "p99") for name in results.rounds if "in lane 2" in name]
    return max((value for value in known if value is not None), default=None)


TARGETS = (
    Target("orders of the full way, SQLite", 1_500, _of(SINGLE, "per_s"), "/s"),
    Target("of the bare loop's speed", 60, _over(SINGLE, BARE, "per_s", factor=100), " %"),
    Target("Celery + Redis, per core second", 10, _over(SINGLE, CELERY, "per_core_s"), " ×", digits=1),
    Target("telling alone, single", 5_000, _of("telling alone, single", "per_s"), "/s"),
    Target("telling alone, batches of 100", 20_000, _of("telling alone, batches of 100", "per_s"), "/s"),
    Target("telling alone, single: p99 of the 202", 50, _of("telling alone, single", "p99"), " ms", at_most=True),
    Target("event to mail at 100 orders/s, p50", 60, _of("event to mail at 100 orders/s", "p50"), " ms", at_most=True),
    Target("event to mail at 100 orders/s, p99", 250, _of("event to mail at 100 orders/s", "p99"), " ms", at_most=True),
    Target("cost of an order, most stored against fewest: off by", 20, _grown, " %", at_most=True),
    Target("timers, p99 late", 1_000, _timers_late, " ms", at_most=True),
    Target("event to mail beside a crowd in lane 2, p99", 5_000, _crowded, " ms", at_most=True),
    Target("start with data present", 2, _of(SINGLE, "start_s"), " s", at_most=True, digits=1),
    Target("idle memory", 150, _of(SINGLE, "idle_mb"), " MB", at_most=True),
)
