"""Small and special drawings: a spark beside a number, an interval beside its rivals, a fan of what may come.

Like chart.py: SVG by classes, and each says its numbers in words as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

SPARK_W, SPARK_H = 96, 26
INTERVAL_W, INTERVAL_H = 240, 22
FAN_W, FAN_H, FAN_EDGE = 720, 220, 10
Place = Callable[[int, float], tuple[float, float]]
_SPARK = Markup('<svg class="spark {}" viewBox="0 0 {} {}" role="img" aria-label="{}"><path d="{}"/></svg>')
_INTERVAL = Markup(
    '<svg class="interval" viewBox="0 0 {} {}" role="img" aria-label="{}"><line class="grid" x1="{:.1f}" x2="{:.1f}" '
    'y1="2" y2="20"/><rect x="{:.1f}" y="7" width="{:.1f}" height="8" rx="4"/><circle cx="{:.1f}" cy="11" r="5"/></svg>'
)
_FAN = Markup('<svg class="chart fan" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
_BAND = Markup('<path class="band b{}" d="{}"/>')
_LINE = Markup('<path class="{}" d="{}"/>')
_LEVEL = Markup('<line class="level" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>')


@dataclass(frozen=True, kw_only=True)
class Band:
    """Where so much of what may come lies, for each coming place: `low` and `high` of the same length."""

    low: Sequence[float]
    high: Sequence[float]


def spark(values: Sequence[float], summary: str, tone: str = "") -> Markup:
    """A line without axes, as tall as it needs; fewer than two values draw nothing."""
    if len(values) < 2:
        return Markup("")
    low, high = min(values), max(values)
    points = [
        (2 + (SPARK_W - 4) * n / (len(values) - 1), 3 + (SPARK_H - 6) * (1 - _share(value, low, high)))
        for n, value in enumerate(values)
    ]
    return _SPARK.format(tone, SPARK_W, SPARK_H, summary, _through(points))


def interval(low: float, middle: float, high: float, *, least: float, most: float, mark: float, summary: str) -> Markup:
    """A span with its best guess on a scale from `least` to `most`; `mark` is the line it is held against."""
    left, centre, right, held = (
        6 + (INTERVAL_W - 12) * min(max(_share(each, least, most), 0.0), 1.0) for each in (low, middle, high, mark)
    )
    return _INTERVAL.format(INTERVAL_W, INTERVAL_H, summary, held, held, left, max(right - left, 1.0), centre)


def fan(past: Sequence[float], middle: Sequence[float], bands: Sequence[Band], *, level: float, summary: str) -> Markup:
    """What was, and what may come: the widest band first, the likeliest line through it, and a level to stay above.

    The coming places follow the last past one; all bands and `middle` are equally long.
    """
    top = max([*past, *middle, *(value for band in bands for value in band.high), level, 1.0])
    count = max(len(past) + len(middle), 2)

    def at(n: int, value: float) -> tuple[float, float]:
        x = FAN_EDGE + (FAN_W - 2 * FAN_EDGE) * n / (count - 1)
        return x, FAN_EDGE + (FAN_H - 2 * FAN_EDGE) * (1 - max(value, 0.0) / top)

    start, now = len(past) - 1, past[-1] if past else 0.0
    parts = [_BAND.format(n, _ring(at, max(start, 0), now, band)) for n, band in enumerate(bands)]
    parts.append(_LINE.format("past", _through([at(n, value) for n, value in enumerate(past)])))
    coming = [at(max(start, 0) + n, value) for n, value in enumerate([now, *middle])]
    parts.append(_LINE.format("coming", _through(coming)))
    height = at(0, level)[1]
    return _FAN.format(
        FAN_W, FAN_H, summary,
        Markup("").join([*parts, _LEVEL.format(FAN_EDGE, FAN_W - FAN_EDGE, height, height)]),
    )  # fmt: skip


def _share(value: float, low: float, high: float) -> float:
    return 0.5 if high == low else (value - low) / (high - low)


def _ring(at: Place, start: int, now: float, band: Band) -> str:
    upper = [at(start + n, value) for n, value in enumerate([now, *band.high])]
    lower = [at(start + n, value) for n, value in enumerate([now, *band.low])]
    return _through([*upper, *reversed(lower)]) + "Z"


def _through(points: Sequence[tuple[float, float]]) -> str:
    """A path of straight lines; empty without points."""
    if not points:
        return ""
    steps = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
    steps += [f"L{x:.1f},{y:.1f}" for _, (x, y) in pairwise(points)]
    return "".join(steps)
