"""Charts over places of one axis, drawn as SVG on the server: no script, no inline style; colours come from classes.

`ui.chart(picture)` shows one with its legend, its read-out (js/chart.js walks the `place` lines) and its table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

LEFT, RIGHT, TOP, BOTTOM = 38, 10, 12, 26
COLOURS = 6
_FRAME = Markup('<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
_RULE = Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>')
_TEXT = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
_PLACE = Markup('<line class="place" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}"/>')
_BAR = Markup('<rect class="s{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="1.5"/>')
_SHAPE = Markup('<g class="s{}"><path class="area" d="{}"/><path class="curve" d="{}"/></g>')


@dataclass(frozen=True, kw_only=True)
class Series:
    """One curve: a name and a value for each place on the axis."""

    name: str
    values: tuple[int, ...]

    @property
    def total(self) -> int:
        """All values together."""
        return sum(self.values)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A chart with what says the same without seeing it: a sentence, and the numbers of its table."""

    drawing: Markup
    summary: str
    labels: Sequence[str]
    series: Sequence[Series]


@dataclass(frozen=True)
class Paper:
    """What a chart is drawn on: its size, the highest value it must hold, and how many places its axis has."""

    name: str
    width: int
    height: int
    top: int
    count: int
    columns: bool = False
    """Whether a place is a piece of the axis, drawn at its middle, or a point on it."""

    def x(self, n: int) -> float:
        """Where place `n` of the axis lies."""
        if self.columns:
            return LEFT + (self.width - LEFT - RIGHT) * (n + 0.5) / max(self.count, 1)
        return LEFT + (self.width - LEFT - RIGHT) * n / max(self.count - 1, 1)

    def y(self, value: float) -> float:
        """How high a value lies; SVG counts downwards."""
        return TOP + (self.height - TOP - BOTTOM) * (1 - value / self.top)


def area(series: Sequence[Series], labels: Sequence[str], summary: str) -> Picture:
    """Curves over time, in two sizes, of which a screen shows the one whose letters it can read.

    `labels` are one a value; about six of them are drawn. `summary` is the whole picture in one sentence.
    """
    top = ceiling(max((max(each.values, default=0) for each in series), default=0))
    papers = _papers(top, len(labels))
    drawn = [
        _frame(paper, labels, summary, [_curve(paper, each.values, n % COLOURS) for n, each in enumerate(series)])
        for paper in papers
    ]
    return Picture(drawing=Markup("").join(drawn), summary=summary, labels=labels, series=series)


def bars(series: Sequence[Series], labels: Sequence[str], summary: str) -> Picture:
    """A column for each place, the series upon each other; sizes and words as for `area`."""
    sums = [sum(column) for column in zip(*(each.values for each in series), strict=True)]
    papers = _papers(ceiling(max(sums, default=0)), len(labels), columns=True)
    drawn = [_frame(paper, labels, summary, _columns(paper, series)) for paper in papers]
    return Picture(drawing=Markup("").join(drawn), summary=summary, labels=labels, series=series)


def ceiling(highest: int) -> int:
    """A round even number at or above `highest`, so that half of it is whole too; at least 2."""
    if highest <= 2:
        return 2
    step: int = 10 ** int(math.log10(highest))
    return next(n * step for n in (1, 2, 4, 6, 8, 10, 20) if n * step >= highest and n * step % 2 == 0)


def _papers(top: int, count: int, *, columns: bool = False) -> tuple[Paper, Paper]:
    return Paper("wide", 720, 230, top, count, columns), Paper("narrow", 350, 210, top, count, columns)


def _frame(paper: Paper, labels: Sequence[str], summary: str, shapes: Sequence[Markup]) -> Markup:
    every = max(1, round(paper.count / (6 if paper.name == "wide" else 3)))
    places = (_PLACE.format(paper.x(n), paper.x(n), TOP, paper.height - BOTTOM) for n in range(paper.count))
    body = Markup("").join((*_grid(paper), *_names(paper, labels, every), *shapes, *places))
    return _FRAME.format(paper.name, paper.width, paper.height, summary, body)


def _grid(paper: Paper) -> list[Markup]:
    parts = []
    for value in (0, paper.top // 2, paper.top):
        y = paper.y(value)
        parts.append(_RULE.format(LEFT, paper.width - RIGHT, y, y))
        parts.append(_TEXT.format(LEFT - 8, y + 4, "end", f"{value:,}"))
    return parts


def _names(paper: Paper, labels: Sequence[str], every: int) -> list[Markup]:
    last = paper.count - 1
    # The newest place always has its name; one too near to it has none.
    shown = [n for n in range(0, paper.count, every) if last - n >= every / 2] + [last]
    return [
        _TEXT.format(paper.x(n), paper.height - 6, "middle" if paper.columns else _anchor(n, last), labels[n])
        for n in shown
    ]


def _anchor(n: int, last: int) -> str:
    return "start" if n == 0 else "end" if n == last else "middle"


def _columns(paper: Paper, series: Sequence[Series]) -> list[Markup]:
    width = min(36.0, (paper.width - LEFT - RIGHT) / max(paper.count, 1) * 0.62)
    parts, heights = [], [0] * paper.count
    for colour, each in enumerate(series):
        for n, value in enumerate(each.values):
            foot, heights[n] = paper.y(heights[n]), heights[n] + value
            if value:
                left = paper.x(n) - width / 2
                parts.append(
                    _BAR.format(colour % COLOURS, left, paper.y(heights[n]), width, foot - paper.y(heights[n]))
                )
    return parts


def _curve(paper: Paper, values: Sequence[int], colour: int) -> Markup:
    points = [(paper.x(n), paper.y(value)) for n, value in enumerate(values)]
    line, foot = _smooth(points), f"{paper.y(0):.1f}"
    closed = f"{line}L{points[-1][0]:.1f},{foot}L{points[0][0]:.1f},{foot}Z"
    return _SHAPE.format(colour, closed, line)


def _smooth(points: Sequence[tuple[float, float]]) -> str:
    """A curve through all points that never swings past them: control points stay at each point's height."""
    steps = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        steps.append(f"C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}")
    return "".join(steps)
