"""What a drill hands back; apart from `drill.py`, so that a checker need not load a database server's package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """One line of the report: the promise's id (`A1`), whether it held, what was seen, and the figures as numbers."""

    promise: str
    ok: bool
    words: str
    figures: Mapping[str, Any] = field(default_factory=dict)
