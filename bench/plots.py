"""The plots of docs/reference/speed.md, drawn from a run's figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from bench import svg
from bench.figures import LADDER
from bench.names import BARE, CELERY, DRAMATIQ, POST_OFFICE, STORED
from bench.results import Results

RIVALS = (BARE, CELERY, DRAMATIQ, POST_OFFICE)
FULL = "full way, "
Drawing = Callable[[Results], str | None]


def drawable(results: Results) -> dict[str, str]:
    """The files that `draw_all` makes of these figures, with what each shows."""
    return {name: title for name, (title, draw) in PLOTS.items() if draw(results) is not None}


def draw_all(results: Results, folder: Path) -> None:
    """Write every plot for which there are figures."""
    for name, (_, draw) in PLOTS.items():
        drawn = draw(results)
        if drawn is not None:
            (folder / name).write_text(drawn, encoding="utf-8")


def _orders(results: Results) -> str | None:
    return _bars(results, "From an event told to mail and webhook sent", "per_s", "orders a second", digits=0)


def _cost(results: Results) -> str | None:
    return _bars(results, "Processor time of an order", "cpu_ms", "milliseconds, without PostgreSQL and NATS", digits=2)


def _bars(results: Results, title: str, what: str, unit: str, *, digits: int) -> str | None:
    names = [*results.of(FULL), *(name for name in RIVALS if name in results.rounds)]
    found = {_named(name): value for name in names if (value := results.middle(name, what)) is not None}
    if not found:
        return None
    ours = [_named(name) for name in results.of(FULL)]
    return svg.bars(_caption(title, unit, found, digits), found, ours=ours, digits=digits)


def _named(name: str) -> str:
    return name.replace(FULL, "OrderBell, ")


def _growth(results: Results) -> str | None:
    marks, whole, writer = {}, [], []
    for name in results.of(STORED):
        stored, cpu_ms, writer_ms = (results.middle(name, what) for what in ("stored", "cpu_ms", "writer_ms"))
        if stored and cpu_ms is not None and writer_ms is not None:
            marks[stored] = f"{stored:,.0f}"
            whole.append((stored, cpu_ms))
            writer.append((stored, writer_ms))
    if len(marks) < 2:
        return None
    told = {marks[stored]: cpu_ms for stored, cpu_ms in whole}
    caption = _caption(TITLES["growth"], "processor milliseconds an order, by orders stored", told, 2)
    return svg.lines(caption, {"whole process": whole, "database thread": writer}, marks)


def _latency(results: Results) -> str | None:
    curves = {}
    for name in results.rounds:
        if name.startswith("event to mail"):
            known = [(percent, results.middle(name, f"p{percent:g}")) for percent in LADDER]
            # The slower a share is, the rarer: 50 % is one in two, 99.9 % one in a thousand.
            points = [(100 / (100 - percent), wait) for percent, wait in known if wait is not None and percent < 100]
            curves[_short(name)] = points
    if not curves:
        return None
    told = {f"{name}, half": points[len(points) // 2][1] for name, points in curves.items()}
    caption = _caption(TITLES["latency"], "milliseconds, and the share that was at most so late", told, 0)
    return svg.lines(caption, dict(list(curves.items())[: svg.COLOURS]), MARKS)


def _short(name: str) -> str:
    pace, _, beside = name.removeprefix("event to mail at ").partition(" beside ")
    pace = pace.replace(" orders", "")
    if not beside or beside == "nothing":
        return pace
    return f"{pace}, lane 2 {'later' if 'not due' in beside else 'due'}"


def _caption(title: str, unit: str, values: Mapping[str, float], digits: int) -> svg.Caption:
    told = "; ".join(f"{name}: {value:,.{digits}f}" for name, value in values.items())
    return svg.Caption(title, unit, f"{unit}. {told}.")


TITLES = {"growth": "What an order costs as the database fills", "latency": "From an event to its mail"}
MARKS = {100 / 99: "1 %", 2.0: "50 %", 10.0: "90 %", 100.0: "99 %", 1000.0: "99.9 %"}
PLOTS: dict[str, tuple[str, Drawing]] = {
    "speed-orders.svg": ("Orders a second", _orders),
    "speed-cost.svg": ("Processor time of an order", _cost),
    "speed-growth.svg": (TITLES["growth"], _growth),
    "speed-latency.svg": (TITLES["latency"], _latency),
}
