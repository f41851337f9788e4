"""What somebody typed into a query box, as filters: `status:failed to:139 "two words"`. Pure; knows no table.

A mistake never empties the list: the rest of the text counts, and the mistake names its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

MOST_CHARS = 300
Say = Callable[[str], str]
_TOKEN = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_KEYED = re.compile(r"([^\W\d]\w*)[:：](?!//)(.*)", re.DOTALL)
_DAYS_BACK = re.compile(r"(\d{1,4})d")
_NAMED_DAYS: Mapping[str, int] = {"today": 0, "今天": 0, "yesterday": 1, "昨天": 1}


@dataclass(frozen=True, kw_only=True)
class Key:
    """One thing to filter by. `kind`: text, choice (one of `values`, code to word), day or amount."""

    name: str
    hint: str
    kind: str = "text"
    values: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    """Other names of it, such as the Chinese one."""
    open: bool = False
    """A choice that takes other values too."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """A piece of the text: a filter with its values, or a plain word (no key)."""

    at: int
    end: int
    key: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A mistake: where it stands, what is wrong (a message id), and what may have been meant."""

    at: int
    end: int
    sentence: str
    piece: str
    near: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A whole text, read. `filters` holds only what is right."""

    text: str
    typed: str
    """Places count from its first character; `text` is the same without space around it."""
    words: str
    filters: Mapping[str, tuple[str, ...]]
    terms: tuple[Term, ...]
    wrong: tuple[Wrong, ...]

    def text_of(self, term: Term) -> str:
        """A piece as it was typed."""
        return self.typed[term.at : term.end]

    def one(self, key: str) -> str:
        """The only or first value of a key; empty when it was not asked for."""
        return self.filters.get(key, ("",))[0]


def as_words(text: str) -> Asked:
    """A text in which nothing is a filter."""
    clean = text.strip()[:MOST_CHARS]
    return Asked(text=clean, typed=clean, words=clean, filters={}, terms=(), wrong=())


def read(text: str, keys: Sequence[Key], say: Say = str) -> Asked:
    """Read a text by the keys a page knows; `say` lets people write values in the words of their language."""
    text = text[:MOST_CHARS]
    terms: list[Term] = []
    wrong: list[Wrong] = []
    by_name = {name: key for key in keys for name in (key.name, *key.also)}
    for found in _TOKEN.finditer(text):
        term = _read_one(found, by_name, say)
        if isinstance(term, Term):
            terms.append(term)
        elif term.sentence != NO_VALUE or text[term.end :].strip():
            # A colon at the very end is somebody who still types.
            wrong.append(term)
    filters: dict[str, tuple[str, ...]] = {}
    for term in terms:
        if term.key:
            filters[term.key] = filters.get(term.key, ()) + term.values
    words = " ".join(term.values[0] for term in terms if not term.key and term.values)
    return Asked(text=text.strip(), typed=text, words=words, filters=filters, terms=tuple(terms), wrong=tuple(wrong))


def _read_one(found: re.Match[str], by_name: Mapping[str, Key], say: Say) -> Term | Wrong:
    piece, at, end = found[0], found.start(), found.end()
    keyed = None if piece.startswith('"') else _KEYED.fullmatch(piece)
    if keyed is None:
        return Term(at=at, end=end, values=(_bare(piece),) if _bare(piece) else ())
    name, raw = keyed[1].lower(), keyed[2]
    key = by_name.get(name)
    if key is None:
        near = get_close_matches(name, by_name, n=1)
        return Wrong(at=at, end=end, piece=piece, sentence=UNKNOWN_KEY, near=f"{near[0]}:{raw}" if near else "")
    values = (_bare(raw),) if raw.startswith('"') or key.kind != "choice" else tuple(re.split("[,，]", raw))
    values = tuple(value for value in values if value)
    if not values:
        return Wrong(at=at, end=end, piece=piece, sentence=NO_VALUE)
    return _checked(Term(at=at, end=end, key=key.name, values=values), key, piece, say)


def _bare(piece: str) -> str:
    return piece.replace('"', "").strip()


def _checked(term: Term, key: Key, piece: str, say: Say) -> Term | Wrong:
    sentence, near = "", ""
    if key.kind == "choice":
        codes = tuple(_code(value, key, say) for value in term.values)
        if None not in codes or key.open:
            meant = tuple(code or value for code, value in zip(codes, term.values, strict=True))
            return Term(at=term.at, end=term.end, key=term.key, values=meant)
        close = get_close_matches(term.values[codes.index(None)], key.values, n=1, cutoff=0.5)
        sentence, near = UNKNOWN_VALUE, f"{key.name}:{close[0]}" if close else ""
    elif key.kind == "day" and not is_day(term.values[0]):
        sentence = BAD_DAY
    elif key.kind == "amount" and not re.fullmatch(r"[<>]?=?\d{1,12}(\.\d{1,3})?", term.values[0]):
        sentence = BAD_AMOUNT
    return Wrong(at=term.at, end=term.end, piece=piece, sentence=sentence, near=near) if sentence else term


def _code(value: str, key: Key, say: Say) -> str | None:
    wanted = value.casefold()
    for code, word in key.values.items():
        if wanted in (code.casefold(), word.casefold(), say(word).casefold()):
            return code
    return None


def put(asked: Asked, key: str, value: str = "") -> str:
    """The text with one key set to one value, or without that key; everything else stays as it was typed."""
    kept = [asked.text_of(term) for term in asked.terms if term.key != key]
    return " ".join([*kept, *([f"{key}:{quoted(value)}"] if value else [])])


def quoted(value: str) -> str:
    """A value as it can be typed."""
    clean = value.replace('"', "")
    return f'"{clean}"' if re.search(r"\s", clean) else clean


def is_day(text: str) -> bool:
    """Whether `text` names a day: `2026-11-01`, `today`, `yesterday`, or `7d` for seven days back."""
    if text.lower() in _NAMED_DAYS or _DAYS_BACK.fullmatch(text.lower()):
        return True
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def day_begins(text: str, now: datetime, zone: str) -> datetime:
    """When a day that `is_day` named begins in the shop's time zone."""
    place, word = ZoneInfo(zone), text.lower()
    back = _DAYS_BACK.fullmatch(word)
    if word in _NAMED_DAYS or back:
        days = int(back[1]) if back else _NAMED_DAYS[word]
        day = now.astimezone(place).date() - timedelta(days=days)
    else:
        day = date.fromisoformat(text)
    return datetime.combine(day, time(), place)


UNKNOWN_KEY = "There is no such filter. Put it in quotation marks to look for it as words."
NO_VALUE = "Something is missing behind the colon."
UNKNOWN_VALUE = "This filter has no such value."
BAD_DAY = "A day is written as 2026-11-01, today, yesterday, or 7d for the last seven days."
BAD_AMOUNT = "An amount is written as 99, >100 or <=20."
SENTENCES = (UNKNOWN_KEY, NO_VALUE, UNKNOWN_VALUE, BAD_DAY, BAD_AMOUNT)
