"""What a shop says where: which texts are its own, which are still being written, and in which languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from orderbell.channels.directory import CHANNELS
from orderbell.events import BY_TYPE
from orderbell.messages import drafts, stock
from orderbell.messages.i18n import WRITTEN
from orderbell.messages.templates import Place
from orderbell.store.schema import ApiKey, Staff, Template, TemplateVersion

AUDIENCES = ("buyer", "staff")
STANDINGS = ("own", "draft", "missing")
_FIRST = ("email", "sms", "wechat", "inbox", "push")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One event on one channel. `states` says of each language: own, draft, missing (others are own) or stock."""

    channel: str
    states: Mapping[str, str]

    @property
    def standings(self) -> set[str]:
        """Everything there is to say of it."""
        return set(self.states.values())

    @property
    def plain(self) -> bool:
        """Whether every language says the stock text."""
        return self.standings == {"stock"}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One event with its channels."""

    event_type: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a shop has written itself: the words of its own texts, and where drafts are."""

    own: Mapping[Place, str]
    drafts: frozenset[Place]


def written(tx: Connection, shop_id: str) -> Written:
    """Everything of it in two queries."""
    columns = (Template.event_type, Template.audience, Template.channel, Template.locale, TemplateVersion.parts)
    query = select(*columns).join(TemplateVersion, TemplateVersion.id == Template.current)
    rows = tx.execute(query.where(Template.shop_id == shop_id))
    own = {(row.event_type, row.audience, row.channel, row.locale): "\n".join(row.parts.values()) for row in rows}
    return Written(own=own, drafts=frozenset(drafts.places(tx, shop_id)))


def channels_for(audience: str) -> list[str]:
    """The channels that carry words to an audience, the commonest first."""
    kinds = [kind for kind, each in CHANNELS.items() if stock.own_family(kind) and audience in each.traits.audiences]
    return sorted(kinds, key=lambda kind: (_FIRST.index(kind) if kind in _FIRST else len(_FIRST), kind))


def events_for(audience: str) -> list[str]:
    """The events an audience hears of, in the order of an order's life."""
    told = {key[0] for key in stock.texts("en") if key[1] == audience}
    return [event_type for event_type in BY_TYPE if event_type in told]


def states_of(found: Written, event_type: str, audience: str, channel: str) -> dict[str, str]:
    """How each language of one text stands."""
    places = {locale: (event_type, audience, channel, locale) for locale in WRITTEN}
    any_own = any(place in found.own for place in places.values())
    return {locale: _state(found, place, any_own=any_own) for locale, place in places.items()}


def lines(found: Written, audience: str) -> list[Line]:
    """Every event of an audience with the state of each channel."""
    kinds = channels_for(audience)
    return [
        Line(
            event_type=event_type,
            cells=tuple(Cell(channel=kind, states=states_of(found, event_type, audience, kind)) for kind in kinds),
        )
        for event_type in events_for(audience)
    ]


def counts(all_lines: Iterable[Line]) -> dict[str, int]:
    """How many texts there are of each standing."""
    cells = [cell for line in all_lines for cell in line.cells]
    return {standing: sum(standing in cell.standings for cell in cells) for standing in STANDINGS}


def text_of(found: Written, event_type: str, audience: str, channel: str) -> str:
    """All that is said there, in every language, for the search."""
    own = [words for place, words in found.own.items() if place[:3] == (event_type, audience, channel)]
    said = [stock.find(event_type, audience, channel, language) for language in WRITTEN]
    return "\n".join(own + [part.source for each in said if each for part in each[1].values()]).lower()


def names(tx: Connection, shop_id: str, ids: Iterable[str]) -> dict[str, str]:
    """Who wrote: names of staff and of API keys by their ids."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    people = tx.execute(select(Staff.id, Staff.name).where(Staff.shop_id == shop_id, Staff.id.in_(wanted))).all()
    keys = tx.execute(select(ApiKey.id, ApiKey.name).where(ApiKey.shop_id == shop_id, ApiKey.id.in_(wanted))).all()
    return {row.id: row.name for row in [*people, *keys]}


def _state(found: Written, place: Place, *, any_own: bool) -> str:
    if place in found.drafts:
        return "draft"
    if place in found.own:
        return "own"
    return "missing" if any_own else "stock"
