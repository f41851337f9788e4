"""The condition builder: a form of questions and answers, taken apart and drawn anew after every press. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from orderbell.base.errors import BadInput, OrderBellError
from orderbell.domain import clauses, conditions
from orderbell.domain.clauses import FACTS, MOST_CLAUSES, OPS, Clause, Draft, Fact
from orderbell.web.panel import asking_words, face

TEXT, LIST = "text", "list"
_PLACE = re.compile(r"p(\d{1,2})-(\d{1,2})")
_COMMAS = re.compile(r"[,，、;；\n]+")


class Asked(Protocol):
    """What was filled in: a form, or an address' query."""

    def keys(self) -> Sequence[str]:
        """Every name."""
        ...

    def getall(self, key: str, default: list[str] | None = None) -> list[str]:
        """Every value of a name."""
        ...


@dataclass(frozen=True, kw_only=True)
class Builder:
    """A condition while somebody works on it; `wrong` is the place that was refused and the sentence."""

    mode: str
    event_type: str
    groups: tuple[tuple[Clause, ...], ...] = ()
    text: str = ""
    wrong: dict[str, str] | None = None

    @property
    def facts(self) -> list[Fact]:
        """What may be asked of this event."""
        return clauses.facts_for(self.event_type)

    @property
    def ready(self) -> list[tuple[str, str]]:
        """The ready-made questions that fit this event, as (name, words)."""
        paths = {fact.path for fact in self.facts}
        return [(name, word) for name, (word, clause) in asking_words.READY.items() if clause.path in paths]

    @property
    def drawable(self) -> bool:
        """Whether the text can be drawn as a list."""
        return clauses.read(self.text) is not None

    def condition(self) -> str:
        """What is kept of it.

        Raises:
            BadInput: something is missing, or the text cannot be asked.
        """
        text = self.text.strip() if self.mode == TEXT else clauses.write(Draft(self.groups))
        conditions.check(text)
        return text


def of_rule(condition: str, event_type: str) -> Builder:
    """The builder of a stored condition: as a list, or as text when a list cannot draw it."""
    draft = clauses.read(condition)
    if draft is None:
        return Builder(mode=TEXT, event_type=event_type, text=condition)
    return Builder(mode=LIST, event_type=event_type, groups=draft.groups, text=condition)


def of_form(form: Asked, event_type: str) -> Builder:
    """The builder as somebody filled it in, after the press it names in `do`."""
    text = "".join(form.getall("condition", []))[: conditions.MAX_CHARS + 1]
    mode = TEXT if form.getall("mode", [LIST])[0] == TEXT else LIST
    builder = Builder(mode=mode, event_type=event_type, groups=_groups(form, event_type), text=text)
    return _pressed(builder, "".join(form.getall("do", [])))


def refused(builder: Builder, error: OrderBellError) -> Builder:
    """The same, with what was wrong at its place."""
    return replace(builder, wrong=face.wrong(error))


def _groups(form: Asked, event_type: str) -> tuple[tuple[Clause, ...], ...]:
    known = {fact.path for fact in clauses.facts_for(event_type)}
    places = sorted((int(m[1]), int(m[2])) for key in set(form.keys()) if (m := _PLACE.fullmatch(key)))
    groups: dict[int, list[Clause]] = {}
    for g, c in places[:MOST_CLAUSES]:
        path = form.getall(f"p{g}-{c}")[0]
        if path in known:
            groups.setdefault(g, []).append(_clause(form, path, f"{g}-{c}"))
    return tuple(tuple(group) for group in groups.values())


def _clause(form: Asked, path: str, place: str) -> Clause:
    ops = OPS[FACTS[path].kind]
    op = "".join(form.getall(f"o{place}", [])[:1])
    typed = [part for text in form.getall(f"t{place}", []) for part in _COMMAS.split(text)]
    values = [each.strip() for each in (*form.getall(f"v{place}", []), *typed) if each.strip()]
    # Another fact was chosen: what stood beside the old one means nothing to it.
    same = form.getall(f"w{place}", [path])[0] == path
    return Clause(path=path, op=op if op in ops else ops[0], values=tuple(values) if same else ())


def _pressed(builder: Builder, do: str) -> Builder:
    deed, _, place = do.partition("-")
    if deed == "text":
        return _to_text(builder)
    if deed == "list":
        draft = clauses.read(builder.text)
        return replace(builder, mode=LIST, groups=draft.groups) if draft else builder
    if sum(map(len, builder.groups)) >= MOST_CLAUSES and deed in ("add", "group", "ready"):
        return builder
    return replace(builder, groups=_changed(builder, deed, place))


def _changed(builder: Builder, deed: str, place: str) -> tuple[tuple[Clause, ...], ...]:
    groups = [list(group) for group in builder.groups]
    fresh = Clause(path=builder.facts[0].path, op=OPS[builder.facts[0].kind][0])
    if deed == "group" or (deed == "add" and not groups):
        groups.append([fresh])
    elif deed == "add" and place.isdigit() and int(place) < len(groups):
        groups[int(place)].append(fresh)
    elif deed == "ready" and place in dict(builder.ready):
        groups = [[*(groups[0] if groups else []), asking_words.READY[place][1]], *groups[1:]]
    elif deed == "drop":
        groups = [
            [each for c, each in enumerate(group) if f"{g}-{c}" != place] for g, group in enumerate(builder.groups)
        ]
    return tuple(tuple(group) for group in groups if group)


def _to_text(builder: Builder) -> Builder:
    try:
        text = clauses.write(Draft(builder.groups))
    except BadInput as error:
        return refused(builder, error)
    return replace(builder, mode=TEXT, text=text)
