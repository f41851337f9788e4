"""How a value becomes harmless in the place it goes to; the place chooses, never the author."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from html import escape as _html
from urllib.parse import quote


class Escape(StrEnum):
    """The kinds of places a value can go to."""

    TEXT = "text"
    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"
    URL = "url"


# Chat clients disagree on backslash escapes (some print the backslash), so marks become full-width look-alikes.
_LOOK_ALIKE = str.maketrans("[]*`<>#|~\\", "［］＊｀＜＞＃｜～＼")
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ue000-\ue002\ufeff\ufff9-\ufffb\ud800-\udfff]+"
)


def clean(text: str, *, max_chars: int = 500) -> str:
    """`text` on one line: no control or direction-changing character, no fence of ours, at most `max_chars`."""
    if not text.isprintable():
        text = _INVISIBLE.sub(" ", text).strip()
    return text if len(text) <= max_chars else text[: max_chars - 1] + "…"


def to_markdown(value: str) -> str:
    """`value` so that a chat shows it as it is: no emphasis, heading, link or bare address comes of it."""
    if value.isalnum():
        return value
    return _EMPHASIS.sub("＿", value.translate(_LOOK_ALIKE)).replace("://", ":／／")


def web_address(url: str) -> str:
    """`url` when it is an http(s) address without blanks or quotes, else empty: no `javascript:` ever."""
    plain = url.startswith(("https://", "http://")) and not re.search(r"[\s\"'<>`\\]", url)
    return url if plain and url.isprintable() else ""


def _same(value: str) -> str:
    return value


def _json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _url(value: str) -> str:
    return quote(value, safe="")


WAYS: Mapping[Escape, Callable[[str], str]] = {
    Escape.TEXT: _same,
    Escape.HTML: _html,
    Escape.MARKDOWN: to_markdown,
    Escape.JSON: _json,
    Escape.URL: _url,
}
