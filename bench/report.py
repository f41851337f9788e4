"""The rounds as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import Figure, Spread
from bench.plan import Plan

BARE, CELERY = "bare loop", "Celery + Redis"
RESULTS = Path(__file__).parent / "results" / "latest.json"
HEADS = ("scenario", "per second, median (min–max)", "per core second", "of bare loop", "× Celery per core",
         "p50 ms", "p95 ms", "p99 ms", "CPU ms each")  # fmt: skip
WITH_RIVALS = "full way"
VITALS = {
    "start_s": "start, data present (s)", "first_start_s": "start, first of all (s)", "idle_mb": "idle memory (MB)",
    "idle_cpu_percent": "idle processor (% of a core)", "peak_mb": "peak memory (MB)",
}  # fmt: skip

Rounds = Mapping[str, Sequence[Figure]]


def table(rounds: Rounds) -> str:
    """The scenarios, one a line, as a Markdown table."""
    rows = [_row(name, figures, rounds) for name, figures in rounds.items()]
    return _lines(HEADS, rows)


def vitals(rounds: Rounds) -> str:
    """What the server needed besides, as a Markdown table."""
    rows = []
    for key, title in VITALS.items():
        values = [figure.more[key] for figures in rounds.values() for figure in figures if key in figure.more]
        if values:
            rows.append((title, _spread(values, 1 if max(values) < 100 else 0)))
    accepted = [figure.more["accepted_per_s"] for figure in rounds.get("full way, single", ())]
    if accepted:
        rows.append(("orders accepted per second during the full way, single", _spread(accepted, 0)))
    return _lines(("of the server", "median (min–max)"), rows)


def save(rounds: Rounds, plan: Plan, about: Mapping[str, Any], path: Path = RESULTS) -> None:
    """Write every round's raw figures."""
    path.parent.mkdir(exist_ok=True)
    raw = {name: [figure.row() for figure in figures] for name, figures in rounds.items()}
    path.write_text(json.dumps({"machine": about, "plan": asdict(plan), "rounds": raw}, indent=1), encoding="utf-8")


def machine() -> dict[str, Any]:
    """Where and when this was measured."""
    models = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]  # fmt: skip
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "processor": models[0] if models else "unknown",
        "cores": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version(),
    }  # fmt: skip


def _row(name: str, figures: Sequence[Figure], rounds: Rounds) -> tuple[str, ...]:
    per_s, per_core_s = (_middle(figures, what) for what in ("per_s", "per_core_s"))
    compared = name.startswith(WITH_RIVALS) or name in (BARE, CELERY)
    of_bare = f"{per_s / _middle(rounds[BARE], 'per_s'):.0%}" if compared and BARE in rounds else ""
    of_celery = f"{per_core_s / _middle(rounds[CELERY], 'per_core_s'):.1f}" if compared and CELERY in rounds else ""
    waits = [[figure.wait_ms(percent) for figure in figures] for percent in (50, 95, 99)]
    return (
        name, _spread([figure.per_s for figure in figures], 0), f"{per_core_s:,.0f}", of_bare, of_celery,
        *(_spread([wait for wait in each if wait is not None], 1) for each in waits),
        f"{_middle(figures, 'cpu_ms'):.2f}",
    )  # fmt: skip


def _middle(figures: Sequence[Figure], what: str) -> float:
    return Spread.of(getattr(figure, what) for figure in figures).median


def _spread(values: Sequence[float], digits: int) -> str:
    if not values:
        return ""
    spread = Spread.of(values)
    middle = f"{spread.median:,.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({spread.low:,.{digits}f}–{spread.high:,.{digits}f})"


def _lines(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    ruled = [heads, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in ruled
    )
