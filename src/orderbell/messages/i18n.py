"""One catalogue for panel, buyer pages and mails: English message ids, a .po file per language and room.

Every `locale/<language>/*.po` is read at the first use of a language and merged; English is its own catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path

from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "locale"
LANGUAGES = ("zh-CN", "en")
"""What the panel and the buyers' pages speak."""
WRITTEN = ("zh-CN", "zh-TW", "en")
"""What messages are written in."""
_TRADITIONAL = frozenset({"tw", "hk", "mo", "hant"})
Plural = tuple[str, ...]


class Catalogue:
    """The words of one language; a missing word is its message id."""

    def __init__(self, language: str, words: Mapping[str, str | Plural], plural: Callable[[int], int]) -> None:
        self.language = language
        self._words = words
        self._plural = plural

    def __call__(self, message_id: str, /, **values: object) -> str:
        """The sentence in this language, with `{name}` places filled from `values`."""
        word = self._words.get(message_id, message_id)
        text = word if isinstance(word, str) else word[0]
        return text.format(**values) if values else text

    def plural(self, one: str, many: str, n: int, /, **values: object) -> str:
        """The form for `n` of something; `{n}` is filled with it."""
        word = self._words.get(one)
        if isinstance(word, tuple):
            text = word[min(self._plural(n), len(word) - 1)]
        else:
            text = one if n == 1 else many
        return text.format(n=n, **values)

    def knows(self, message_id: str) -> bool:
        """Whether this language has a word of its own for it."""
        return self.language == "en" or message_id in self._words


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language; one that has none reads English."""
    folder = FOLDER / language.replace("-", "_")
    words: dict[str, str | Plural] = {}
    plural: Callable[[int], int] = _english
    for path in sorted(folder.glob("*.po")) if folder.is_dir() else []:
        with path.open("rb") as file:
            book = read_po(file, locale=language.replace("-", "_"))
        plural = _one_form if book.num_plurals == 1 else _english
        for entry in book:
            if entry.id and entry.string:
                key = entry.id if isinstance(entry.id, str) else entry.id[0]
                words[key] = entry.string if isinstance(entry.string, str) else tuple(entry.string)
    return Catalogue(language if words or language == "en" else "en", words, plural)


def _one_form(n: int) -> int:
    return 0


def _english(n: int) -> int:
    return 0 if n == 1 else 1


@lru_cache(maxsize=1024)
def nearest(wanted: str | None, *, default: str = "zh-CN") -> str:
    """The language of ours nearest to a locale: `zh-TW` reads zh-CN, `en-GB` reads en, None the default."""
    if not wanted:
        return default
    head = wanted.replace("_", "-").split("-")[0].lower()
    return "zh-CN" if head == "zh" else "en"


@lru_cache(maxsize=1024)
def written(wanted: str | None, *, default: str = "en") -> str:
    """The language of WRITTEN a message in that locale is worded in: `zh-HK` reads zh-TW, `ja` and `en-GB` read en."""
    parts = (wanted or default).replace("_", "-").lower().split("-")
    if parts[0] != "zh":
        return "en"
    return "zh-TW" if _TRADITIONAL & set(parts[1:]) and "hans" not in parts else "zh-CN"
