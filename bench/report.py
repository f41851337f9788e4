"""A run as tables for people, on the screen and in docs/reference/speed.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.figures import Spread
from bench.names import ALONE, BARE, CELERY, POST_OFFICE, SINGLE, STORED
from bench.results import Results, Row, values
from bench.targets import TARGETS

BEGIN, END = "<!-- figures: python -m bench --table -->", "<!-- end of figures -->"
WAITS = ("p50", "p95", "p99")
# Column titles with the value of a row, and its digits.
SPEED = {"per second, median (min–max)": ("per_s", 0), "per core second": ("per_core_s", 0)}
COSTS = {"p50 ms": ("p50", 1), "p95 ms": ("p95", 1), "p99 ms": ("p99", 1), "CPU ms each": ("cpu_ms", 2)}
PARTS = {
    "orders/s": ("per_s", 0), "OrderBell CPU ms each": ("cpu_ms", 2), "in statements ms each": ("database_ms", 2),
    "PostgreSQL CPU ms each": ("database_cpu_ms", 2), "NATS CPU ms each": ("engine_cpu_ms", 2),
}  # fmt: skip
GROWTH = {
    "orders/s": ("per_s", 0), "CPU ms each": ("cpu_ms", 2), "writer CPU ms each": ("writer_ms", 2),
    "read KiB each": ("read_kb", 1), "written KiB each": ("written_kb", 1), "database MB": ("database_mb", 0),
    "start s": ("start_s", 1), "idle MB": ("idle_mb", 0), "idle % of a core": ("idle_cpu_percent", 1),
}  # fmt: skip
WAITING = {
    **{f"{wait} ms": (wait, 1) for wait in WAITS}, "latest ms": ("p100", 0), "not rung": ("not_rung", 0),
    "early": ("early", 0), "of lane 2 sent": ("crowd_done", 0), "CPU % of a core": ("busy_percent", 0),
}  # fmt: skip
VITALS = {
    "start_s": "start, data present (s)", "first_start_s": "start, first of all (s)", "idle_mb": "idle memory (MB)",
    "idle_cpu_percent": "idle processor (% of a core)", "peak_mb": "peak memory (MB)",
    "accepted_per_s": "orders accepted per second during the full way, single",
}  # fmt: skip

Columns = Mapping[str, tuple[str, int]]


def text(results: Results) -> str:
    """Everything that was measured, as Markdown; what was not measured is left out."""
    parts = {
        "": _about(results),
        "### Targets": _targets(results),
        "### Speed": _speed(results),
        "### The server besides": _vitals(results),
        "### PostgreSQL and many processes": _lines_of(_spread_out(results), PARTS),
        "### A full database": _growth(results),
        "### Timers, and a crowd that waits": _lines_of(_waiting(results), WAITING),
    }
    return "\n\n".join(f"{title}\n\n{part}".strip() for title, part in parts.items() if part)


def put_into(page: Path, results: Results, pictures: Mapping[str, str]) -> None:
    """Replace what stands between the two marks of a page; `pictures` are file names with what they show."""
    known = page.read_text("utf-8")
    before, rest = known.split(BEGIN)
    after = rest.split(END)[1]
    shown = "\n".join(f"![{title}]({name})" for name, title in pictures.items())
    page.write_text(f"{before}{BEGIN}\n\n{text(results)}\n\n{shown}\n\n{END}{after}", "utf-8")


def _about(results: Results) -> str:
    told = "; ".join(f"{name} {value}" for name, value in results.machine.items() if name != "others_percent")
    others = results.machine.get("others_percent")
    return f"{told}." + ("" if others is None else f" Other programs took {others} % of the machine.")


def _speed(results: Results) -> str:
    shown = {name: rows for name, rows in results.rounds.items() if name not in _elsewhere(results)}
    bare, celery = results.middle(BARE, "per_s"), results.middle(CELERY, "per_core_s")
    heads = ("scenario", *SPEED, "of bare loop", "× Celery per core", *COSTS)
    lines = [
        (
            name, *_cells(rows, SPEED), _ratio(results, name, "per_s", of=bare, how=".0%"),
            _ratio(results, name, "per_core_s", of=celery, how=".1f"), *_cells(rows, COSTS),
        )
        for name, rows in shown.items()
    ]  # fmt: skip
    return _table(heads, lines)


def _elsewhere(results: Results) -> set[str]:
    return {*_spread_out(results), *results.of(STORED), *_waiting(results)} - {SINGLE}


def _ratio(results: Results, name: str, what: str, *, of: float | None, how: str) -> str:
    # Telling alone and a mail alone are no order's whole way, and a pace is no speed.
    compared = not name.startswith(("telling", "event to mail", POST_OFFICE))
    value = results.middle(name, what)
    return format(value / of, how) if compared and of and value is not None else ""


def _spread_out(results: Results) -> dict[str, Sequence[Row]]:
    found = results.of(ALONE)
    return results.of(SINGLE) | found if found else {}


def _waiting(results: Results) -> dict[str, Sequence[Row]]:
    return {
        name: [{**row, "more": row["more"] | {"busy_percent": row["cpu_s"] / row["took_s"] * 100}} for row in rows]
        for name, rows in results.rounds.items()
        if "beside" in name or "timers" in name
    }


def _vitals(results: Results) -> str:
    rows = results.rounds.get(SINGLE, ())
    found = [(title, known) for key, title in VITALS.items() if (known := values(rows, key))]
    lines = [(title, _spread(known, 1 if max(known) < 100 else 0)) for title, known in found]
    return _table(("of the server", "median (min–max)"), lines)


def _growth(results: Results) -> str:
    found = results.of(STORED)
    lines = []
    for name, rows in found.items():
        ratios = [_ratio_to_first(results, list(found), name, what) for what in ("cpu_ms", "writer_ms")]
        lines.append((name.removeprefix(STORED), *_cells(rows, GROWTH), *ratios))
    return _table(("", *GROWTH, "CPU to the first", "writer to the first"), lines)


def _ratio_to_first(results: Results, names: Sequence[str], name: str, what: str) -> str:
    first, here = results.middle(names[0], what), results.middle(name, what)
    return f"{here / first:.2f}" if first and here is not None else ""


def _targets(results: Results) -> str:
    lines = []
    for target in TARGETS:
        found = target.measured(results)
        if found is not None:
            lines.append((target.what, target.wanted, target.show(found), "yes" if target.is_met(found) else "no"))
    return _table(("target", "wanted", "measured", "met"), lines)


def _lines_of(found: Mapping[str, Sequence[Row]], columns: Columns) -> str:
    used = {head: how for head, how in columns.items() if any(values(rows, how[0]) for rows in found.values())}
    return _table(("scenario", *used), [(name, *_cells(rows, used)) for name, rows in found.items()])


def _cells(rows: Sequence[Row], columns: Columns) -> list[str]:
    return [_spread(values(rows, what), digits) for what, digits in columns.values()]


def _spread(known: Sequence[float], digits: int) -> str:
    if not known:
        return ""
    spread = Spread.of(known)
    middle = f"{spread.median:,.{digits}f}"
    return middle if len(known) == 1 else f"{middle} ({spread.low:,.{digits}f}–{spread.high:,.{digits}f})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    ruled = [heads, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in ruled
    )
