"""Values inside an author's text are fenced by private characters, so that only the author's own marks count.

A fence holds either a token's name (filled later) or a value as hex (made while Liquid runs). Authors' texts and
values never hold these characters: both are cleaned first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Private-use characters: no keyboard types them, and `escapes.clean` takes them out of every value.
OPEN, CLOSE, BRACE = "\ue000", "\ue001", "\ue002"
NAMED = re.compile("\ue000([a-z_:]+)\ue001")
_VALUED = re.compile("\ue000([0-9a-f]*)\ue001")
_ANY = re.compile("[\ue000\ue001\ue002]")


def fence_name(name: str) -> str:
    """A place to fill later."""
    return f"{OPEN}{name}{CLOSE}"


def fence_value(value: str) -> str:
    """A value that is already known."""
    # Hex, so that no filter result, markup or escape on the way can read a mark in it.
    return f"{OPEN}{unfence(value).encode().hex()}{CLOSE}" if value else ""


def unfence(text: str) -> str:
    """The text with clear values."""
    return without(resolve(text, str).replace(BRACE, "{"))


def resolve(text: str, escape: Callable[[str], str]) -> str:
    """The text with every fenced value escaped into it."""
    return _VALUED.sub(lambda match: escape(bytes.fromhex(match[1]).decode()), text) if OPEN in text else text


def without(text: str) -> str:
    """The text without any fence character."""
    return _ANY.sub("", text)


@dataclass(frozen=True, eq=False)
class Form:
    """A text with named places, cut at them once; filling it costs one join."""

    pieces: tuple[str, ...]
    """Text, name, text, name, … text."""
    names: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Form:
        """Cut a text at its named fences."""
        pieces = NAMED.split(text)
        return cls(tuple(pieces), tuple(pieces[1::2]))

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with each place filled; the values are escaped already."""
        if not self.names:
            return self.pieces[0]
        pieces = list(self.pieces)
        # One slice assignment and one join: the whole cost of a text without logic.
        pieces[1::2] = [values[name] for name in self.names]
        return "".join(pieces)


EMPTY = Form(("",), ())
