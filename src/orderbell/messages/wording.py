"""One event's words for one audience, channel and language, ready to be filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orderbell.messages import stock
from orderbell.messages.i18n import written
from orderbell.messages.liquid import Compiled


@dataclass(frozen=True, eq=False, kw_only=True)
class Wording:
    """Compiled parts. `version_id` None means stock; `needs` are the tokens they use; no parts: data only."""

    event_type: str
    audience: str
    channel: str
    locale: str
    family: str
    parts: Mapping[str, Compiled] = field(default_factory=dict)
    version_id: str | None = None
    needs: frozenset[str] = frozenset()
    wants_goods: bool = False


@dataclass(frozen=True, kw_only=True)
class OwnText:
    """A merchant's own wording as stored."""

    version_id: str
    parts: Mapping[str, str]


def make(
    key: tuple[str, str, str],
    parts: Mapping[str, Compiled],
    *,
    locale: str,
    family: str,
    version_id: str | None = None,
) -> Wording:
    """A wording of compiled parts; `key` is event type, audience, channel."""
    event_type, audience, channel = key
    return Wording(
        event_type=event_type,
        audience=audience,
        channel=channel,
        locale=locale,
        family=family,
        parts=parts,
        version_id=version_id,
        needs=frozenset().union(*(part.needs for part in parts.values())),
        wants_goods=any(part.wants_goods for part in parts.values()),
    )


def stock_wording(event_type: str, audience: str, channel: str, locale: str) -> Wording | None:
    """The stock words in that very language, or None; a channel of data always has its empty wording."""
    key = (event_type, audience, channel)
    # A webhook carries data: it has words in no language and needs none.
    if not stock.families(channel):
        return make(key, {}, locale=locale, family="")
    language = written(locale)
    if not speaks(language, locale):
        return None
    found = stock.find(event_type, audience, channel, language)
    return found and make(key, found[1], locale=locale, family=found[0])


def speaks(language: str, locale: str) -> bool:
    """Whether a text in that language serves a locale: zh-TW serves zh-HK, en serves en-GB, neither serves ja."""
    return _tongue(language) == _tongue(locale)


def _tongue(locale: str) -> str:
    """What tells readers apart: the language, and for Chinese the script."""
    head = locale.replace("_", "-").split("-")[0].lower()
    return written(locale) if head == "zh" else head
