"""Colours one can read: contrast by WCAG 2.2 and the nearest shade that has enough of it."""

from __future__ import annotations

import re
from functools import cache

# With this black even a middle grey leaves one of the two readable (at least 4.5).
WHITE, INK = "#ffffff", "#0b0c0f"
HEX = re.compile(r"#[0-9a-f]{6}")


def contrast(one: str, other: str) -> float:
    """The WCAG 2.2 contrast ratio of two `#rrggbb` colours, 1 to 21 (formula read 2026-11-22)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable_on(ground: str) -> str:
    """White or ink, whichever is easier to read on that ground."""
    return WHITE if contrast(WHITE, ground) >= contrast(INK, ground) else INK


@cache
def shade_for(colour: str, ground: str, least: float = 4.5) -> str:
    """The shade nearest to `colour` with at least that contrast on `ground`."""
    towards = WHITE if _luminance(ground) < 0.18 else "#000000"
    for step in range(21):
        shade = _mix(colour, towards, step / 20)
        if contrast(shade, ground) >= least:
            return shade
    return towards


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _mix(one: str, other: str, share: float) -> str:
    parts = (round(a + (b - a) * share) for a, b in zip(_parts(one), _parts(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
