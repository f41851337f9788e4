"""Merchants' texts, compiled: friendly tokens and Liquid in, a thing that renders plain values out.

A text without Liquid logic never meets the Liquid engine: it is cut at its tokens and joined (a few µs).
With logic, python-liquid runs it inside `guards.Sandbox`; this module first lexes the source itself, so the
engine sees well-formed tags of bounded size only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from liquid import BoundTemplate
from liquid.exceptions import LiquidError

from orderbell.base.errors import BadInput, OrderBellError
from orderbell.messages import fences, tokens
from orderbell.messages.escapes import WAYS, Escape
from orderbell.messages.fences import BRACE, EMPTY, Form, fence_name, without
from orderbell.messages.guards import check_ranges, sandbox, strict_sandbox

MAX_SOURCE_BYTES = 65_536
MAX_TAGS = 200
MAX_TAG_CHARS = 1_000
# Loop rounds times characters of logic: what a render may walk through at most, about 0.1 s.
_WORK = 300_000
_OPENING = re.compile(r"\{\{|\{%|\{\w{1,40}\}")
_RAW = re.compile(r"\{%-?\s{0,9}endraw\s{0,9}-?%\}")
# The engine lets errors of the operations it calls through; all of them mean: this text does not work.
_ENGINE_ERRORS = (
    LiquidError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, AssertionError, RecursionError,
    RuntimeError, MemoryError,
)  # fmt: skip

Goods = Sequence[Mapping[str, str | int]]


class RenderFailed(OrderBellError):
    """A text that passed when it was saved cannot be rendered with these facts."""

    code = "render_failed"


@dataclass(frozen=True)
class Piece:
    """A run of a source. `kind`: text, word (a friendly token), output or tag; `body` is without its braces."""

    kind: str
    body: str
    at: int
    marks: tuple[str, str] = ("", "")
    """`-` where Liquid is to eat the white space before or after."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """A text ready to render. `needs` are the tokens it uses; `marked` holds it with named fences when simple."""

    source: str
    needs: frozenset[str]
    wants_goods: bool = False
    marked: str = ""
    template: BoundTemplate | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    form: Form = EMPTY

    @property
    def simple(self) -> bool:
        """Whether the engine is not needed."""
        return self.template is None

    def render(self, values: Mapping[str, str], escape: Escape, goods: Goods = ()) -> str:
        """The text with its values, escaped for that place.

        Raises:
            RenderFailed: a limit was reached with these facts.
        """
        if self.template is None:
            return self.form.fill({name: _escaped(name, values[name], escape) for name in self.form.names})
        return fences.resolve(self.fenced(values, goods), WAYS[escape])

    def fenced(self, values: Mapping[str, str], goods: Goods = ()) -> str:
        """The text with every value between fences, so that markup can tell the author's marks from data.

        Raises:
            RenderFailed: a limit was reached with these facts.
        """
        if self.template is None:
            return self.marked
        return _run(self.template, self.aliases, values, goods)


def compile_text(source: str, *, event_type: str, audience: str) -> Compiled:
    """Compile an author's text for one event and audience; nothing is rendered yet.

    Raises:
        BadInput: too long, an unknown variable (with `nearest`), or Liquid that cannot be understood;
            `position` counts characters from 0.
    """
    if len(source) > MAX_SOURCE_BYTES or len(source.encode(errors="replace")) > MAX_SOURCE_BYTES:
        raise BadInput(f"A text may be {MAX_SOURCE_BYTES // 1024} kB long.", code="template_too_long")
    pieces = list(_cut(without(source)))
    for piece in pieces:
        if piece.kind == "word":
            _known(piece.body, event_type, audience, piece.at)
    if all(piece.kind in ("text", "word") or _plain_output(piece) for piece in pieces):
        return _simple(source, pieces, event_type, audience)
    return _with_logic(source, pieces, event_type, audience)


def unknown_words(source: str, *, event_type: str, audience: str) -> list[BadInput]:
    """What `compile_text` would say of each friendly variable it does not take, in the order they stand."""
    found: list[BadInput] = []
    for piece in _cut(without(source[:MAX_SOURCE_BYTES])):
        if piece.kind == "word":
            try:
                _known(piece.body, event_type, audience, piece.at)
            except BadInput as error:
                found.append(error)
    return found


def as_it_stands(source: str) -> Compiled:
    """A text that says itself, braces and all: how a draft that does not work yet is shown."""
    plain = without(source)
    return Compiled(source, frozenset(), marked=plain, form=Form.of(plain))


def check(compiled: Compiled, values: Mapping[str, str], goods: Goods) -> None:
    """Render once with sample values, strictly, as saving does.

    Raises:
        BadInput: the text does not end well.
    """
    if compiled.template is None:
        return
    strict = strict_sandbox(compiled.template.env.loop_iteration_limit or 16)
    try:
        _run(strict.from_string(str(compiled.template.name)), compiled.aliases, values, goods)
    except RenderFailed as failed:
        raise BadInput(failed.sentence, code="bad_template") from failed


def _simple(source: str, pieces: list[Piece], event_type: str, audience: str) -> Compiled:
    parts: list[str] = []
    for piece in pieces:
        known = piece.kind != "text" and _known(piece.body, event_type, audience, piece.at)
        parts.append(fence_name(known) if known else piece.body)
    marked = "".join(parts)
    form = Form.of(marked)
    return Compiled(source, frozenset(form.names), marked=marked, form=form)


def _with_logic(source: str, pieces: list[Piece], event_type: str, audience: str) -> Compiled:
    logic = [piece for piece in pieces if piece.kind in ("output", "tag")]
    if len(logic) > MAX_TAGS:
        at = logic[MAX_TAGS].at
        raise BadInput(f"A text may hold {MAX_TAGS} Liquid tags.", code="template_too_long", position=at)
    cost = sum(len(piece.body) + 4 if piece.kind != "text" else 4 + len(piece.body) // 50 for piece in pieces)
    # A power of two, so that a handful of sandboxes serves all texts.
    most_loops = max(16, min(10_000, 1 << (_WORK // cost).bit_length() - 1)) if cost < _WORK else 16
    text = "".join(_written(piece) for piece in pieces)
    try:
        template = sandbox(most_loops).from_string(text, name=text)
        check_ranges(template)
        found = template.analyze(include_partials=False)
    except _ENGINE_ERRORS as error:
        raise BadInput(f"Liquid: {_first_line(error)}", code="bad_template", position=logic[0].at) from error
    _refuse_strangers(template, set(found.filters), logic[0].at)
    aliases, wants_goods = {}, False
    for name, uses in found.globals.items():
        # The list of goods is Liquid's own; in braces the same word means the line of text.
        if name == "items":
            wants_goods = True
            continue
        aliases[name] = _known(name, event_type, audience, _at(source, name))
        if any(len(use.segments) > 1 for use in uses):
            raise BadInput(f"{name} holds no further fields.", code="unknown_variable", position=_at(source, name))
    needs = frozenset(aliases.values())
    return Compiled(source, needs, wants_goods, "", template, aliases)


def _at(source: str, name: str) -> int:
    """Where a variable is first written; the start when Liquid wrote it another way."""
    return max(0, source.find(name))


def _refuse_strangers(template: BoundTemplate, used: set[str], at: int) -> None:
    strange = used - set(template.env.filters)
    if strange:
        raise BadInput(f"There is no filter called {min(strange)}.", code="bad_template", position=at)


def _known(word: str, event_type: str, audience: str, at: int) -> str:
    token = tokens.find(word)
    if token is None:
        near = tokens.nearest_word(word)
        hint = f" Did you mean {{{near}}}?" if near else ""
        raise BadInput(
            f"There is no variable called {word[:40]}.{hint}", code="unknown_variable", variable=word, nearest=near,
            position=at,
        )  # fmt: skip
    if not token.stands_in(event_type, audience):
        raise BadInput(
            f"{{{word}}} says nothing in a message about {event_type} to {audience}.", code="variable_not_here",
            variable=word, position=at,
        )  # fmt: skip
    return token.name


def _run(template: BoundTemplate, aliases: Mapping[str, str], values: Mapping[str, str], goods: Goods) -> str:
    facts: dict[str, object] = {name: _typed(token, values[token]) for name, token in aliases.items()}
    facts["items"] = [{key: each[key] for key in tokens.ITEM_FIELDS} for each in goods]
    try:
        return template.render(facts).replace(BRACE, "{")
    except _ENGINE_ERRORS as error:
        raise RenderFailed(f"The text could not be rendered: {_first_line(error)}") from error


def _typed(token: str, text: str) -> object:
    """A number token is a number in Liquid, so that it can be compared."""
    if token not in tokens.NUMBER_NAMES:
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return 0
    return int(number) if number == number.to_integral_value() else float(number)


def _escaped(name: str, value: str, escape: Escape) -> str:
    # A link is an address of ours: a chat must get it as it is, or it cannot be pressed.
    if escape is Escape.MARKDOWN and name in tokens.LINK_NAMES:
        return value
    return WAYS[escape](value)


def _plain_output(piece: Piece) -> bool:
    return piece.kind == "output" and piece.marks == ("", "") and tokens.find(piece.body) is not None


def _written(piece: Piece) -> str:
    """A piece as the engine is to read it; stray braces of the text are hidden from it."""
    before, after = piece.marks
    if piece.kind == "text":
        return piece.body.replace("{", BRACE)
    if piece.kind == "tag":
        return f"{{%{before} {piece.body} {after}%}}"
    return f"{{{{{before} {piece.body} {after}}}}}"


def _cut(source: str) -> Iterator[Piece]:
    """The source as pieces, in one pass; what does not close is text."""
    at = 0
    while (match := _OPENING.search(source, at)) is not None:
        start = match.start()
        piece, end = _piece(source, start, match[0])
        if piece is None:
            yield Piece("text", source[at:end], at)
        else:
            if start > at:
                yield Piece("text", source[at:start], at)
            yield piece
        at = end
    if at < len(source):
        yield Piece("text", source[at:], at)


def _piece(source: str, start: int, opening: str) -> tuple[Piece | None, int]:
    """The piece that opens at `start` and where it ends; None when the braces are only text."""
    if opening not in ("{{", "{%"):
        return Piece("word", opening[1:-1], start), start + len(opening)
    closing = "}}" if opening == "{{" else "%}"
    # Bounded, so that a source of nothing but openings is read in linear time.
    end = source.find(closing, start + 2, start + MAX_TAG_CHARS)
    if end < 0:
        return None, start + 2
    inner = source[start + 2 : end]
    marks = ("-" if inner[:1] == "-" else "", "-" if len(inner) > 1 and inner[-1:] == "-" else "")
    body = inner[len(marks[0]) : len(inner) - len(marks[1])].strip()
    end += 2
    if opening == "{%" and body == "raw":
        close = _RAW.search(source, end)
        stop = close.start() if close else len(source)
        return Piece("text", source[end:stop], end), close.end() if close else len(source)
    return Piece("output" if opening == "{{" else "tag", body, start, marks), end


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
