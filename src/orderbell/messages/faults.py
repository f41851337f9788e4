"""What is wrong with a draft, all of it at once, each with its part and line: the marks beside an author's text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orderbell.base.errors import BadInput
from orderbell.messages import stock, templates, tokens
from orderbell.messages.i18n import written
from orderbell.messages.liquid import unknown_words
from orderbell.messages.templates import TemplateName


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that keeps a text from being published; `line` counts from 1, `position` in characters from 0."""

    part: str
    code: str
    sentence: str
    line: int = 1
    position: int = 0
    word: str = ""
    """The variable meant, without its braces; empty when it is none."""
    nearest: str = ""
    """The known variable that looks most like it."""


def find(name: TemplateName, parts: Mapping[str, str]) -> list[Fault]:
    """Every fault of a draft, in the order of its parts; an empty list may be published."""
    allowed = stock.PARTS.get(stock.own_family(name.channel), {})
    found: list[Fault] = []
    for part in allowed:
        found += _of_part(name, part, parts.get(part, ""))
    for part in ("body", "text"):
        if part in allowed and not parts.get(part, "").strip():
            found.append(Fault(part=part, code="empty_text", sentence="The text is empty."))
    return found


def _of_part(name: TemplateName, part: str, text: str) -> list[Fault]:
    words = unknown_words(text, event_type=name.event_type, audience=name.audience)
    if words:
        return [_fault(name, part, text, error) for error in words]
    try:
        templates.check_part(name, part, text)
    except BadInput as error:
        return [_fault(name, part, text, error)]
    return []


def _fault(name: TemplateName, part: str, text: str, error: BadInput) -> Fault:
    at = error.extra.get("position")
    position = at if isinstance(at, int) else 0
    meant = tokens.find(str(error.extra.get("nearest", "")))
    near = meant.word(written(name.locale)) if meant else ""
    return Fault(
        part=part, code=error.code, sentence=error.sentence, line=text.count("\n", 0, position) + 1,
        position=position, word=str(error.extra.get("variable", "")), nearest=near,
    )  # fmt: skip
