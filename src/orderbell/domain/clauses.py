"""Conditions as lists of plain questions: what the panel's builder draws, written to CEL and read back from it.

A draft is groups joined by "or", each a list of clauses joined by "and". What `read` cannot take apart is a text of
somebody's own: it is kept as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orderbell.base.errors import BadInput


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something a condition may ask. `kind`: number, text, choice, list, words or yes; `about`: order or stock."""

    path: str
    kind: str
    about: str = "order"
    choices: tuple[str, ...] = ()


STATUSES = ("pending", "paid", "delivered", "completed", "cancelled", "expired", "refunded")
FACTS: Mapping[str, Fact] = {
    each.path: each
    for each in (
        Fact(path="order.amount", kind="number"),
        Fact(path="order.status", kind="choice", choices=STATUSES),
        Fact(path="order.skus", kind="list"),
        Fact(path="order.titles", kind="words"),
        Fact(path="order.quantity", kind="number"),
        Fact(path="order.first", kind="yes"),
        Fact(path="order.country", kind="choice"),
        Fact(path="order.currency", kind="choice"),
        Fact(path="buyer.locale", kind="text"),
        Fact(path="buyer.email", kind="text"),
        Fact(path="buyer.phone", kind="text"),
        Fact(path="buyer.name", kind="text"),
        Fact(path="order.number", kind="text"),
        Fact(path="order.refund_requested", kind="yes"),
        Fact(path="order.disputed", kind="yes"),
        Fact(path="order.held", kind="yes"),
        Fact(path="order.owed", kind="yes"),
        Fact(path="event.reason", kind="text"),
        Fact(path="product.sku", kind="choice", about="stock"),
        Fact(path="product.title", kind="text", about="stock"),
        Fact(path="product.left", kind="number", about="stock"),
        Fact(path="event.hour", kind="number", about="both"),
        Fact(path="event.weekday", kind="choice", about="both", choices=("1", "2", "3", "4", "5", "6", "7")),
    )
}
OPS: Mapping[str, tuple[str, ...]] = {
    "number": (">=", "<=", ">", "<", "==", "!="),
    "text": ("contains", "starts", "ends", "==", "!=", "empty", "filled"),
    "choice": ("in", "out"),
    "list": ("in", "out"),
    "words": ("contains", "lacks"),
    "yes": ("is", "not"),
}
BARE = frozenset({"empty", "filled", "is", "not"})
"""What asks for no value."""
NUMBERS = frozenset({"event.weekday"})
MOST_CLAUSES = 30
_CALLS = {"contains": "contains", "starts": "startsWith", "ends": "endsWith"}
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,4})?")


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One question: a fact's path, an op of its kind, and the values it is compared with."""

    path: str
    op: str
    values: tuple[str, ...] = ()


Group = tuple[Clause, ...]


@dataclass(frozen=True)
class Draft:
    """A condition taken apart; no group at all always holds."""

    groups: tuple[Group, ...] = ()


def facts_for(event_type: str) -> list[Fact]:
    """What a condition about that event may ask."""
    wanted = "stock" if event_type.startswith("stock.") else "order"
    return [each for each in FACTS.values() if each.about in (wanted, "both")]


def write(draft: Draft) -> str:
    """The draft as CEL; empty when it asks nothing.

    Raises:
        BadInput: `bad_clause`, with the `field` (`group-clause`) whose value is missing or no number.
    """
    groups = [
        " && ".join(_write_one(clause, f"{g}-{c}") for c, clause in enumerate(group))
        for g, group in enumerate(draft.groups)
        if group
    ]
    return groups[0] if len(groups) == 1 else " || ".join(f"({each})" for each in groups)


def _write_one(clause: Clause, place: str) -> str:
    fact = FACTS.get(clause.path)
    if fact is None or clause.op not in OPS[fact.kind]:
        raise BadInput("This question is not one we know.", code="bad_clause", field=place)
    values = tuple(dict.fromkeys(each.strip() for each in clause.values if each.strip()))
    if not values and clause.op not in BARE:
        raise BadInput("Please fill this in.", code="required", field=place)
    if fact.kind == "number" and not _NUMBER.fullmatch(values[0]):
        raise BadInput("This is not a number.", code="bad_number", field=place)
    return _WRITERS[fact.kind](fact.path, clause.op, values)


def _number(path: str, op: str, values: tuple[str, ...]) -> str:
    return f"{path} {op} {values[0]}"


def _text(path: str, op: str, values: tuple[str, ...]) -> str:
    if op in ("empty", "filled"):
        return f'{path} {"==" if op == "empty" else "!="} ""'
    return f"{path}.{_CALLS[op]}({_quoted(values[0])})" if op in _CALLS else f"{path} {op} {_quoted(values[0])}"


def _choice(path: str, op: str, values: tuple[str, ...]) -> str:
    known = [each if path in NUMBERS else _quoted(each) for each in values]
    asked = f"{path} in [{', '.join(known)}]"
    return asked if op == "in" else f"!({asked})"


def _list(path: str, op: str, values: tuple[str, ...]) -> str:
    asked = f"{path}.exists(x, x in [{', '.join(map(_quoted, values))}])"
    return asked if op == "in" else f"!{asked}"


def _words(path: str, op: str, values: tuple[str, ...]) -> str:
    asked = f"{path}.exists(x, x.contains({_quoted(values[0])}))"
    return asked if op == "contains" else f"!{asked}"


def _yes(path: str, op: str, values: tuple[str, ...]) -> str:
    return path if op == "is" else f"!{path}"


_WRITERS = {"number": _number, "text": _text, "choice": _choice, "list": _list, "words": _words, "yes": _yes}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'[^'\\]*')|(?P<number>-?\d+(?:\.\d+)?)"""
    r"""|(?P<word>[A-Za-z_][\w.]*)|(?P<sign>\|\||&&|[<>=!]=|[<>!()\[\],]))"""
)


class _Strange(Exception):
    """A text the builder cannot draw."""


@dataclass
class _Reader:
    """Walks the tokens of a condition."""

    tokens: Sequence[tuple[str, str]]
    at: int = 0
    taken: list[Group] = field(default_factory=list)

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def take(self, *wanted: str) -> str:
        kind, text = self.peek()
        if text not in wanted and kind not in wanted:
            raise _Strange
        self.at += 1
        return text

    def skip(self, sign: str) -> bool:
        if self.peek() == ("sign", sign):
            self.at += 1
            return True
        return False


def read(text: str) -> Draft | None:
    """A condition taken apart; None when it asks more than the builder can draw."""
    if not text.strip():
        return Draft()
    try:
        reader = _Reader(_tokens(text))
        groups = _groups(reader)
        if reader.at != len(reader.tokens) or sum(map(len, groups)) > MOST_CLAUSES:
            return None
        return Draft(groups)
    except _Strange:
        return None


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _Strange
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _groups(reader: _Reader) -> tuple[Group, ...]:
    groups = [_group(reader)]
    while reader.skip("||"):
        groups.append(_group(reader))
    return tuple(groups)


def _group(reader: _Reader) -> Group:
    if reader.skip("("):
        group = _all_of(reader)
        reader.take(")")
        return group
    return _all_of(reader)


def _all_of(reader: _Reader) -> Group:
    clauses = [_clause(reader)]
    while reader.skip("&&"):
        clauses.append(_clause(reader))
    return tuple(clauses)


def _clause(reader: _Reader) -> Clause:
    negated = reader.skip("!")
    wrapped = negated and reader.skip("(")
    if reader.peek()[0] == "text":
        value = _unquoted(reader.take("text"))
        reader.take("in")
        clause = _known(reader.take("word"), "in", value, kind="list")
    else:
        clause = _about(reader, *_split(reader.take("word")))
    if wrapped:
        reader.take(")")
    return _turned(clause) if negated else clause


def _split(word: str) -> tuple[str, str]:
    """`order.skus.exists` as a fact's path and what is asked of it."""
    if word in FACTS:
        return word, ""
    path, _, call = word.rpartition(".")
    return path, call


def _about(reader: _Reader, path: str, call: str) -> Clause:
    if call == "exists":
        return _exists(reader, path)
    if call:
        reader.take("(")
        value = _unquoted(reader.take("text"))
        reader.take(")")
        return _known(path, {name: op for op, name in _CALLS.items()}.get(call, call), value, kind="text")
    if reader.peek() == ("word", "in"):
        reader.take("word")
        return _known(path, "in", *_listed(reader), kind="choice")
    if reader.peek()[1] in OPS["number"]:
        return _compared(reader, path)
    return _known(path, "is")


def _exists(reader: _Reader, path: str) -> Clause:
    reader.take("(")
    name = reader.take("word")
    reader.take(",")
    asked = reader.take("word")
    if asked == name:
        reader.take("in")
        clause = _known(path, "in", *_listed(reader), kind="list")
    elif asked == f"{name}.contains":
        reader.take("(")
        clause = _known(path, "contains", _unquoted(reader.take("text")), kind="words")
        reader.take(")")
    else:
        raise _Strange
    reader.take(")")
    return clause


def _compared(reader: _Reader, path: str) -> Clause:
    op = reader.take("sign")
    kind, text = reader.peek()
    reader.take("number", "text")
    value = _unquoted(text) if kind == "text" else text
    fact = FACTS.get(path)
    if fact is None or (fact.kind == "number") != (kind == "number"):
        raise _Strange
    if fact.kind == "choice" and op in ("==", "!="):
        return _known(path, "in" if op == "==" else "out", value)
    if not value and kind == "text":
        return _known(path, {"==": "empty", "!=": "filled"}.get(op, op))
    return _known(path, op, value)


def _listed(reader: _Reader) -> tuple[str, ...]:
    reader.take("[")
    values = []
    while True:
        kind, text = reader.peek()
        reader.take("text", "number")
        values.append(_unquoted(text) if kind == "text" else text)
        if not reader.skip(","):
            reader.take("]")
            return tuple(values)


def _known(path: str, op: str, *values: str, kind: str = "") -> Clause:
    fact = FACTS.get(path)
    if fact is None or op not in OPS[fact.kind] or kind not in ("", fact.kind):
        raise _Strange
    return Clause(path=path, op=op, values=values)


_OPPOSITE = {"in": "out", "is": "not", "contains": "lacks"}


def _turned(clause: Clause) -> Clause:
    op = _OPPOSITE.get(clause.op, "")
    return _known(clause.path, op, *clause.values)


def _unquoted(text: str) -> str:
    if text.startswith("'"):
        return text[1:-1]
    try:
        return str(json.loads(text))
    except ValueError:
        raise _Strange from None
