"""Merchants' own wordings: saved as versions, chosen with fallback, compiled once per snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from orderbell import events
from orderbell.base.errors import BadInput, NotFound
from orderbell.base.ids import new_id
from orderbell.messages import stock, tokens
from orderbell.messages.i18n import written
from orderbell.messages.liquid import Compiled, as_it_stands, check, compile_text
from orderbell.messages.samples import sample_facts, sample_links
from orderbell.messages.say import Told
from orderbell.messages.wording import OwnText, Wording, make, speaks, stock_wording
from orderbell.store.tables.messages import Template, TemplateVersion
from orderbell.store.tables.shops import Shop

Place = tuple[str, str, str, str]
"""Event type, audience, channel, locale."""


@dataclass(frozen=True, kw_only=True)
class TemplateName:
    """Which wording: one event for one audience on one channel in one language."""

    event_type: str
    audience: str
    channel: str
    locale: str

    @property
    def place(self) -> Place:
        """The same as a tuple."""
        return (self.event_type, self.audience, self.channel, self.locale)


@dataclass(frozen=True, kw_only=True)
class VersionInfo:
    """One saved version, as the panel lists it."""

    id: str
    n: int
    parts: Mapping[str, str]
    by: str
    created_at: datetime
    current: bool


@dataclass(frozen=True, kw_only=True)
class Counting:
    """The text that counts; `version_id` None and `n` 0 mean stock."""

    version_id: str | None
    n: int
    parts: Mapping[str, str]


class Wordings:
    """A shop's words at one moment; compile work is done at the first use and kept."""

    def __init__(self, own: Mapping[Place, OwnText], default_locale: str) -> None:
        self._own = own
        self._default = default_locale
        self._chosen: dict[Place, Wording] = {}

    def choose(self, event_type: str, audience: str, channel: str, locale: str) -> Wording:
        """Own words in the language, else stock in it, else own in the shop's language, else English stock.

        Traditional Chinese tries Simplified before it leaves Chinese.

        Raises:
            NotFound: `no_wording`: this event says nothing to this audience, and nobody wrote anything.
        """
        place = (event_type, audience, channel, locale)
        found = self._chosen.get(place)
        if found is None:
            found = self._chosen[place] = self._find(event_type, audience, channel, locale)
        return found

    def _find(self, event_type: str, audience: str, channel: str, locale: str) -> Wording:
        key = (event_type, audience, channel)
        chinese = "zh-CN" if written(locale) == "zh-TW" else locale
        found = (
            self._own_wording(key, locale)
            or stock_wording(*key, locale)
            or self._own_wording(key, chinese)
            or stock_wording(*key, chinese)
            or self._own_wording(key, self._default)
            or stock_wording(*key, self._default if self._default.startswith("en") else "en")
        )
        if found is None:
            raise NotFound(f"There is no text about {event_type} for {audience}.", code="no_wording")
        return found

    def _own_wording(self, key: tuple[str, str, str], locale: str) -> Wording | None:
        places = [place for place in self._own if place[:3] == key and speaks(place[3], locale)]
        if not places:
            return None
        # Two dialects of one language may both be written; the exact one wins, else always the same one.
        exact = (*key, locale)
        place = exact if exact in places else min(places)
        own = self._own[place]
        return _own(key, own.parts, locale=place[3], version_id=own.version_id)


STOCK_ONLY = Wordings({}, "en")
"""The words of a shop that has written none of its own."""


def load(tx: Connection, shop_id: str) -> Wordings:
    """The shop's words now; reload when `shop.settings_gen` has risen."""
    rows = tx.execute(
        select(Template, TemplateVersion.parts)
        .join(TemplateVersion, TemplateVersion.id == Template.current)
        .with_only_columns(
            Template.event_type, Template.audience, Template.channel, Template.locale, Template.current,
            TemplateVersion.parts,
        )
        .where(Template.shop_id == shop_id, TemplateVersion.shop_id == shop_id)
    )  # fmt: skip
    own = {
        (row.event_type, row.audience, row.channel, row.locale): OwnText(version_id=row.current, parts=row.parts)
        for row in rows
    }
    locale = tx.execute(select(Shop.locale).where(Shop.id == shop_id)).scalar()
    return Wordings(own, str(locale or "en"))


def wording_of(tx: Connection, shop_id: str, version_id: str) -> Wording:
    """The words an older message was sent with.

    Raises:
        NotFound: no such version in this shop.
    """
    row = tx.execute(
        select(Template.event_type, Template.audience, Template.channel, Template.locale, TemplateVersion.parts)
        .join(TemplateVersion, TemplateVersion.template_id == Template.id)
        .where(TemplateVersion.shop_id == shop_id, TemplateVersion.id == version_id)
    ).first()
    if row is None:
        raise NotFound("There is no such template version.")
    key = (row.event_type, row.audience, row.channel)
    return _own(key, row.parts, locale=row.locale, version_id=version_id)


def save(tx: Connection, shop_id: str, name: TemplateName, parts: Mapping[str, str], *, by: str, now: datetime) -> str:
    """Check a wording, keep it as the newest version and let it count; returns the version's id.

    Raises:
        BadInput: with a code, the `part` and, where it can be told, the `position`.
    """
    good = check_parts(name, parts)
    template_id = _template_id(tx, shop_id, name)
    newest = tx.execute(
        select(func.max(TemplateVersion.n)).where(
            TemplateVersion.shop_id == shop_id, TemplateVersion.template_id == template_id
        )
    ).scalar()
    version_id = new_id("version")
    row: dict[str, Any] = {"id": version_id, "shop_id": shop_id, "template_id": template_id, "n": (newest or 0) + 1}
    tx.execute(insert(TemplateVersion).values(**row, parts=good, by=by, created_at=now))
    _let_count(tx, shop_id, template_id, version_id)
    return version_id


def revert(tx: Connection, shop_id: str, name: TemplateName, *, version_id: str | None = None) -> None:
    """Let an older version count again; None: the stock text.

    Raises:
        NotFound: this wording has no such version.
    """
    template_id = _find_id(tx, shop_id, name)
    if template_id is None:
        if version_id is None:
            return
        raise NotFound("This wording has no versions.")
    if version_id is not None and version_id not in {version.id for version in versions(tx, shop_id, name)}:
        raise NotFound("There is no such version of this wording.")
    _let_count(tx, shop_id, template_id, version_id)


def current_of(tx: Connection, shop_id: str, name: TemplateName) -> str | None:
    """The id of the version that counts; None: the stock text."""
    return tx.execute(select(Template.current).where(Template.shop_id == shop_id, *_is(name))).scalar()


def stock_parts(name: TemplateName) -> dict[str, str]:
    """The stock text in the form an author may write it in; what stock does not say is empty."""
    family, language = stock.own_family(name.channel), written(name.locale)
    found = stock.find(name.event_type, name.audience, name.channel, language)
    said = {part: each.source for part, each in found[1].items()} if found else {}
    return {part: said.get(part, "") for part in stock.PARTS[family]}


def counting_of(tx: Connection, shop_id: str, name: TemplateName) -> Counting:
    """The text that counts now, whole: own parts, and stock where nothing was written."""
    query = select(TemplateVersion.id, TemplateVersion.n, TemplateVersion.parts).join(
        Template, Template.current == TemplateVersion.id
    )
    own = tx.execute(query.where(Template.shop_id == shop_id, *_is(name))).one_or_none()
    if own is None:
        return Counting(version_id=None, n=0, parts=stock_parts(name))
    return Counting(version_id=own.id, n=own.n, parts={**stock_parts(name), **own.parts})


def tried(name: TemplateName, parts: Mapping[str, str]) -> Wording:
    """A draft as a wording: what works is compiled, what does not says itself."""
    compiled: dict[str, Compiled] = {}
    for part, text in parts.items():
        try:
            compiled[part] = compile_text(text, event_type=name.event_type, audience=name.audience)
        except BadInput:
            compiled[part] = as_it_stands(text)
    key = (name.event_type, name.audience, name.channel)
    said = {part: each for part, each in compiled.items() if each.source.strip()}
    return make(key, said, locale=name.locale, family=stock.own_family(name.channel))


def versions(tx: Connection, shop_id: str, name: TemplateName) -> list[VersionInfo]:
    """Every saved version of a wording, newest first."""
    template_id = _find_id(tx, shop_id, name)
    current = tx.execute(
        select(Template.current).where(Template.shop_id == shop_id, Template.id == template_id)
    ).scalar()
    rows = tx.execute(
        select(TemplateVersion.id, TemplateVersion.n, TemplateVersion.parts, TemplateVersion.by,
               TemplateVersion.created_at)
        .where(TemplateVersion.shop_id == shop_id, TemplateVersion.template_id == template_id)
        .order_by(TemplateVersion.n.desc())
    )  # fmt: skip
    return [VersionInfo(**row._mapping, current=row.id == current) for row in rows]


def check_parts(name: TemplateName, parts: Mapping[str, str]) -> dict[str, str]:
    """The parts of a wording that may be saved: known, not too long, each rendered once with samples.

    Raises:
        BadInput: with a code, the `part` and, where it can be told, the `position`.
    """
    if name.event_type not in events.BY_TYPE:
        raise BadInput(f"There is no event called {name.event_type[:40]}.", code="unknown_event")
    if name.audience not in tokens.BOTH:
        raise BadInput("The audience is buyer or staff.", code="unknown_audience")
    allowed = stock.PARTS.get(stock.own_family(name.channel), {})
    strangers = sorted(set(parts) - set(allowed))
    if strangers or not allowed:
        raise BadInput(f"{name.channel} has no such part.", code="unknown_part", part=", ".join(strangers))
    for part, text in parts.items():
        check_part(name, part, text)
    missing = [part for part in ("body", "text") if part in allowed and not parts.get(part, "").strip()]
    if missing:
        raise BadInput("The text is empty.", code="empty_text", part=missing[0])
    return dict(parts)


def check_part(name: TemplateName, part: str, text: str) -> None:
    """Let pass one part that may be saved.

    Raises:
        BadInput: with a code, the `part` and, where it can be told, the `position`.
    """
    max_chars = stock.PARTS[stock.own_family(name.channel)][part]
    if len(text) > max_chars:
        raise BadInput(f"{part} may be {max_chars} characters long.", code="text_too_long", part=part)
    # Samples have goods, a name and a reason, so every branch that asks for them is walked.
    facts = sample_facts(name.event_type, name.locale)
    try:
        compiled = compile_text(text, event_type=name.event_type, audience=name.audience)
        values = tokens.values_for(facts, sample_links(), locale=name.locale, names=compiled.needs)
        check(compiled, values, Told(facts, sample_links(), name.locale).goods())
    except BadInput as error:
        error.extra["part"] = part
        raise


def _own(key: tuple[str, str, str], parts: Mapping[str, str], *, locale: str, version_id: str) -> Wording:
    """A merchant's parts; what was never written comes from stock, what was emptied stays empty."""
    family = stock.own_family(key[2])
    found = stock.find(*key, written(locale))
    base: Mapping[str, Compiled] = found[1] if found and found[0] == family else {}
    own = {name: compile_text(text, event_type=key[0], audience=key[1]) for name, text in parts.items() if text.strip()}
    kept = {name: part for name, part in base.items() if name not in parts}
    return make(key, {**kept, **own}, locale=locale, family=family, version_id=version_id)


def _find_id(tx: Connection, shop_id: str, name: TemplateName) -> str | None:
    found = tx.execute(select(Template.id).where(Template.shop_id == shop_id, *_is(name))).scalar()
    return found and str(found)


def _is(name: TemplateName) -> list[Any]:
    columns = (Template.event_type, Template.audience, Template.channel, Template.locale)
    return [column == value for column, value in zip(columns, name.place, strict=True)]


def _template_id(tx: Connection, shop_id: str, name: TemplateName) -> str:
    found = _find_id(tx, shop_id, name)
    if found:
        return found
    template_id = new_id("template")
    tx.execute(
        insert(Template).values(
            id=template_id, shop_id=shop_id, event_type=name.event_type, audience=name.audience,
            channel=name.channel, locale=name.locale, current=None,
        )
    )  # fmt: skip
    return template_id


def _let_count(tx: Connection, shop_id: str, template_id: str, version_id: str | None) -> None:
    tx.execute(
        update(Template).where(Template.shop_id == shop_id, Template.id == template_id).values(current=version_id)
    )
    tx.execute(update(Shop).where(Shop.id == shop_id).values(settings_gen=Shop.settings_gen + 1))
