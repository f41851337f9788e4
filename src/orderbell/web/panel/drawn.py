"""A robot's markdown drawn as its card: headings, quotes, lists and bold; everything else is text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOLD = re.compile(r"\*\*(?=\S)([^*\n]{1,2000}?)(?<=\S)\*\*")
_KINDS = (("head", re.compile(r"#{1,6} ")), ("quote", re.compile(r"> ?")), ("item", re.compile(r"[-*•] ")))


@dataclass(frozen=True)
class Block:
    """One line of a card; every second run is bold."""

    kind: str
    runs: tuple[str, ...]


def blocks(markdown: str) -> list[Block]:
    """The lines of a card; blank ones only part them."""
    return [_block(line.strip()) for line in markdown.splitlines() if line.strip()]


def _block(line: str) -> Block:
    for kind, mark in _KINDS:
        found = mark.match(line)
        if found:
            return Block(kind, tuple(_BOLD.split(line[found.end() :])))
    return Block("line", tuple(_BOLD.split(line)))
