"""WeChat's typed fields: what each part of a template message is, and how much it holds.

A value that does not fit is refused with 47003, never cut, so ours are cut before they go out. Types and bounds:
WeChat's page on template messages (read 2026-11-22).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

KINDS: Mapping[str, str] = {
    "number": "character_string", "goods": "thing", "amount": "amount", "status": "phrase", "time": "time",
}  # fmt: skip
"""The parts of our message, in the order of the card."""
CHARS: Mapping[str, int] = {"character_string": 32, "thing": 20, "phrase": 5, "amount": 16, "time": 32}
_HAN = re.compile("[\u4e00-\u9fff]+")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A filled field. `name` as the provider calls it; `value` fits, `wanted` is what the text said."""

    part: str
    name: str
    value: str
    wanted: str
    most: int

    @property
    def cut(self) -> bool:
        """Whether it was shortened to fit."""
        return self.value != self.wanted


def fill(part: str, wanted: str) -> Field:
    """One part as the provider takes it."""
    kind = KINDS[part]
    # A phrase is Chinese only; another language's word goes into a field that takes any.
    if kind == "phrase" and wanted and not _HAN.fullmatch(wanted):
        kind = "thing"
    most = CHARS[kind]
    # An ellipsis is no letter of a number, and five characters have no room for one.
    end = "…" if kind == "thing" else ""
    value = wanted if len(wanted) <= most else wanted[: most - len(end)] + end
    return Field(part=part, name=f"{kind}{list(KINDS).index(part) + 1}", value=value, wanted=wanted, most=most)
