"""The texts a shop starts with: for every event, audience, language and family of channels.

A family is a form of text; a channel names the families it can take, best first, so that a new channel
needs few texts or none. The texts are data files beside this module: `stock/<language>/<family>.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from orderbell.messages.i18n import WRITTEN
from orderbell.messages.liquid import Compiled, compile_text

FOLDER = Path(__file__).parent / "stock"
LANGUAGES = WRITTEN
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "inbox": ("inbox",),
    "push": ("inbox",),
    "sms": ("sms", "short"),
    "wechat": ("wechat", "short"),
    "dingtalk": ("dingtalk", "chat", "inbox"),
    "webhook": (),
}
OTHER_CHANNELS = ("chat", "inbox")
"""For every channel not named above: a chat if there is one for this event, else the inbox's words."""
PARTS: Mapping[str, Mapping[str, int]] = {
    "email": {"subject": 200, "preheader": 200, "heading": 200, "body": 20_000, "button": 40},
    "inbox": {"title": 120, "body": 2_000, "button": 40},
    "chat": {"title": 120, "body": 10_000, "button": 40},
    "dingtalk": {"title": 120, "body": 10_000, "button": 40},
    "short": {"text": 500},
    "sms": {"text": 500},
    "wechat": {"title": 40, "number": 200, "goods": 200, "amount": 200, "status": 200, "time": 200},
}
"""The parts of each family and how many characters an author may write in each."""

Key = tuple[str, str, str]


def families(channel: str) -> tuple[str, ...]:
    """The families a channel takes, best first; empty when it carries data, not words."""
    return FAMILIES.get(channel, OTHER_CHANNELS)


def own_family(channel: str) -> str:
    """The family a merchant's own text for that channel is written in; empty when there is none."""
    return next(iter(families(channel)), "")


@cache
def texts(language: str) -> Mapping[Key, Mapping[str, str]]:
    """Every stock text of a language, by event type, audience and family."""
    found: dict[Key, Mapping[str, str]] = {}
    for path in sorted((FOLDER / language.replace("-", "_")).glob("*.toml")):
        book = tomllib.loads(path.read_text(encoding="utf-8"))
        for event_type, audiences in book.items():
            for audience, parts in audiences.items():
                found[event_type, audience, path.stem] = {name: text.strip() for name, text in parts.items()}
    return found


@cache
def compiled(language: str, key: Key) -> Mapping[str, Compiled]:
    """One stock text, compiled once for the whole process."""
    event_type, audience, _ = key
    return {
        name: compile_text(text, event_type=event_type, audience=audience)
        for name, text in texts(language)[key].items()
    }


def find(event_type: str, audience: str, channel: str, language: str) -> tuple[str, Mapping[str, Compiled]] | None:
    """The family and parts for a channel, or None when there is no text for this audience."""
    # A robot posts to staff; what it says to buyers, if anybody asks, is the inbox's.
    book = texts(language)
    for family in families(channel):
        if (event_type, audience, family) in book:
            return family, compiled(language, (event_type, audience, family))
    return None
