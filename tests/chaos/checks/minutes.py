"""Judges a ledger of moments: the fullest minute in it.

Run: python -m tests.chaos.checks.minutes LEDGER. Prints how many lines there are and how many the fullest 59 seconds
hold; a second is left for the time between a claim and its line.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from pathlib import Path

SPAN_S = 59.0


def fullest(moments: list[float]) -> int:
    """The most moments in any span of that length."""
    moments = sorted(moments)
    return max((bisect_left(moments, at + SPAN_S) - n for n, at in enumerate(moments)), default=0)


if __name__ == "__main__":
    lines = [float(line) for line in Path(sys.argv[1]).read_text().split()]
    print(len(lines), fullest(lines))
