"""Plots as plain SVG: bars, lines and distributions; readable on light and on dark paper, without a script."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH = 760
BAR, GAP = 22, 12
NAMES, NUMBERS = 300, 90
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 64, 52
HEIGHT = 340
# The plot follows the reader's colours. A page that shows it as a picture hands them on as well.
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#27272a}.title{font-weight:600;font-size:15px}.quiet{fill:#71717a}"
    ".rule{stroke:#d4d4d8;stroke-width:1}.bar{fill:#a1a1aa}.ours{fill:#2563eb}"
    ".curve{fill:none;stroke-width:2}.c0{stroke:#2563eb}.c1{stroke:#d97706}.c2{stroke:#059669}.c3{stroke:#7c3aed}.c4{stroke:#db2777}"
    ".d0{fill:#2563eb}.d1{fill:#d97706}.d2{fill:#059669}.d3{fill:#7c3aed}.d4{fill:#db2777}"
    "@media(prefers-color-scheme:dark){text{fill:#e4e4e7}.quiet{fill:#a1a1aa}.rule{stroke:#3f3f46}.bar{fill:#71717a}"
    ".ours{fill:#60a5fa}.c0{stroke:#60a5fa}.c1{stroke:#fbbf24}.c2{stroke:#34d399}.c3{stroke:#a78bfa}.c4{stroke:#f472b6}"
    ".d0{fill:#60a5fa}.d1{fill:#fbbf24}.d2{fill:#34d399}.d3{fill:#a78bfa}.d4{fill:#f472b6}}"
)
COLOURS = 5


@dataclass(frozen=True)
class Caption:
    """What a plot shows: a title, the axis's unit, and the whole in a sentence for those who do not see it."""

    title: str
    unit: str
    told: str


def bars(caption: Caption, values: Mapping[str, float], *, ours: Sequence[str], digits: int) -> str:
    """A bar for each name, the longest filling the row; those of `ours` in colour."""
    longest, room = max(values.values()), WIDTH - NAMES - NUMBERS
    parts = []
    for n, (name, value) in enumerate(values.items()):
        y, long = TOP + n * (BAR + GAP), max(1.0, room * value / longest)
        kind = "ours" if name in ours else "bar"
        parts += [
            _text(NAMES - 10, y + 15, name, anchor="end"),
            f'<rect class="{kind}" x="{NAMES}" y="{y}" width="{long:.1f}" height="{BAR}" rx="3"/>',
            _text(NAMES + long + 8, y + 15, f"{value:,.{digits}f}"),
        ]
    return _frame(caption, TOP + len(values) * (BAR + GAP) + 8, parts)


def lines(caption: Caption, curves: Mapping[str, Sequence[tuple[float, float]]], marks: Mapping[float, str]) -> str:
    """A curve for each name over a logarithmic axis that bears `marks`; the upright axis starts at nothing."""
    top = ceiling(max(y for points in curves.values() for _, y in points))
    low, high = (math.log10(end) for end in (min(marks), max(marks)))

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - low) / max(high - low, 1e-9)
        return LEFT + (WIDTH - LEFT - RIGHT) * across, TOP + (HEIGHT - TOP - BOTTOM) * (1 - y / top)

    parts = []
    for share in (0, 0.5, 1):
        y = place(10**low, top * share)[1]
        parts += [
            f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>',
            _text(LEFT - 8, y + 4, f"{top * share:,g}", anchor="end", kind="quiet"),
        ]
    for at, name in marks.items():
        parts.append(_text(place(at, 0)[0], HEIGHT - 30, name, anchor=_anchor(at, marks), kind="quiet"))
    for n, (name, points) in enumerate(curves.items()):
        parts += _curve(n, name, [place(x, y) for x, y in points])
    return _frame(caption, HEIGHT, parts)


def ceiling(highest: float) -> float:
    """A round number at or above `highest`."""
    step: float = 10 ** math.floor(math.log10(max(highest, 1e-6)))
    return next(n * step for n in (1, 2, 4, 6, 8, 10) if n * step >= highest)


def _curve(n: int, name: str, points: Sequence[tuple[float, float]]) -> list[str]:
    way = " ".join(f"{'L' if at else 'M'}{x:.1f},{y:.1f}" for at, (x, y) in enumerate(points))
    colour = n % COLOURS
    dots = [f'<circle class="d{colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points]
    left = LEFT + n * (WIDTH - LEFT - RIGHT) / COLOURS
    legend = [f'<rect class="d{colour}" x="{left:.0f}" y="{HEIGHT - 16}" width="10" height="10" rx="2"/>']
    return [f'<path class="curve c{colour}" d="{way}"/>', *dots, *legend, _text(left + 15, HEIGHT - 6, name)]


def _anchor(at: float, marks: Mapping[float, str]) -> str:
    return "start" if at == min(marks) else "end" if at == max(marks) else "middle"


def _text(x: float, y: float, words: str, *, anchor: str = "start", kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(words)}</text>'


def _frame(caption: Caption, height: float, parts: Sequence[str]) -> str:
    heads = [_text(16, 24, caption.title, kind="title"), _text(16, 44, caption.unit, kind="quiet")]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" role="img"'
        f' aria-labelledby="title desc"><title id="title">{escape(caption.title)}</title>'
        f'<desc id="desc">{escape(caption.told)}</desc><style>{STYLE}</style>\n'
        + "\n".join((*heads, *parts))
        + "\n</svg>\n"
    )
