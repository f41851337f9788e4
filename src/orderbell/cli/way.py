"""An order's way as a table for a terminal: when, how long after the first step, what, and which row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich import box
from rich.markup import escape
from rich.table import Table


def way_table(order: str, steps: Sequence[Mapping[str, str]]) -> Table:
    """The steps of `orderbell trace`; a trace id stands where it changes."""
    first = datetime.fromisoformat(steps[0]["at"])
    traces = list(dict.fromkeys(step["trace"] for step in steps))
    table = Table(title=f"Order {escape(order)} from {steps[0]['at']}", box=box.SIMPLE_HEAD, title_justify="left")
    for name, justify in (("after", "right"), ("event", "right"), ("step", "left"), ("what", "left"), ("row", "left")):
        table.add_column(name, justify=justify, no_wrap=name in ("after", "step"))  # type: ignore[arg-type]
    for step in steps:
        after = span((datetime.fromisoformat(step["at"]) - first).total_seconds())
        table.add_row(after, str(traces.index(step["trace"]) + 1), step["what"], escape(step["detail"]), step["id"])
    table.caption = "\n".join(f"event {n}: trace {each}" for n, each in enumerate(traces, 1))
    table.caption_justify = "left"
    return table


def span(seconds: float) -> str:
    """A time since the first step: `0 ms`, `3.2 s`, `4 min`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
