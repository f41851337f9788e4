"""The details of a deed in the reader's words: what it was before, what it is now, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orderbell.web.panel import words

Say = Callable[..., str]
FIELDS: Mapping[str, str] = {
    "accent": "Colour", "away": "Put aside", "cards": "Cards", "channels": "Channels", "condition": "Condition",
    "count": "How many", "currency": "Currency", "days": "Days", "due_at": "Due", "enabled": "Switched on",
    "ended": "Browsers signed out", "fields": "Fields", "footer": "Footer", "from": "Before", "how": "How",
    "ids": "Which", "import": "Import", "keys": "Cards", "kind": "Kind", "lane": "Urgency", "locale": "Language",
    "logo_url": "Logo", "messages": "Messages", "moved_s": "Moved by (seconds)", "muted": "Not wanted", "name": "Name",
    "new": "New", "new_key": "New key", "of": "Of", "old": "Old",
    "order_expiry_minutes": "Unpaid orders wait (minutes)",
    "orders": "Orders", "query": "Search", "quiet": "Quiet hours", "quiet_from": "Quiet from",
    "quiet_until": "Quiet until", "reason": "Reason", "resent": "Sent again", "role": "Role", "rules": "Automations",
    "scopes": "Rights", "second_factor": "Everyone needs a second step", "secret": "Secret", "sender_name": "Sender",
    "set": "Set", "sms_signature": "SMS signature", "sku": "SKU", "support_contact": "Help contact",
    "texts_kept_days": "Texts are kept (days)", "timezone": "Time zone", "title": "Title", "to": "After",
    "unpaid": "Unpaid orders", "until": "Until", "version": "Version", "words": "Told by the provider",
}  # fmt: skip
VALUES: Mapping[str, str] = {**words.ROLES, **words.EVENTS, **words.KINDS, "changed": "changed", "kept": "kept"}
LONGEST = 160


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field. `before` None: it is no change but a fact, which stands in `after`."""

    word: str
    before: str | None
    after: str


def tell(detail: Mapping[str, Any], say: Say) -> list[Difference]:
    """A row's details; what is empty on both sides is left out."""
    return [
        Difference(word=say(FIELDS.get(name, name)), before=before, after=after)
        for name, before, after in _pairs(detail, say)
        if after or before
    ]


def line(detail: Mapping[str, Any], say: Say) -> str:
    """The same on one line, for a table."""
    return " · ".join(f"{each.word}: {_beside(each)}" for each in tell(detail, say))


def _beside(each: Difference) -> str:
    return each.after if each.before is None else f"{each.before or '–'} → {each.after or '–'}"


def _pairs(detail: Mapping[str, Any], say: Say) -> Iterator[tuple[str, str | None, str]]:
    before, after = detail.get("before"), detail.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            yield name, _plain(before.get(name), say), _plain(after.get(name), say)
    for name, value in detail.items():
        if isinstance(value, dict) and value.keys() == {"before", "after"}:
            yield name, _plain(value["before"], say), _plain(value["after"], say)
        elif not (name in ("before", "after") and isinstance(value, dict)):
            yield name, None, _plain(value, say)


def _plain(value: object, say: Say) -> str:
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if isinstance(value, list):
        return ", ".join(_plain(each, say) for each in value)[:LONGEST]
    text = "" if value is None else str(value)
    return say(VALUES[text]) if text in VALUES else text[:LONGEST]
