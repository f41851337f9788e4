"""Rules (who hears of what, when, by which channels) and templates (in which words)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection, select

from orderbell.base.errors import BadInput, NotFound
from orderbell.channels.directory import CHANNELS
from orderbell.domain import rule_changes, rules
from orderbell.domain.access import ApiSeat
from orderbell.domain.audit import note
from orderbell.domain.rule_changes import By
from orderbell.messages import templates
from orderbell.messages.templates import TemplateName
from orderbell.runtime.house import House
from orderbell.store.schema import Rule, Template
from orderbell.web import guards
from orderbell.web.api.once import once

SETTINGS = [guards.scope("settings:write")]


class RuleOut(msgspec.Struct, frozen=True, kw_only=True):
    """A rule. `preset` names the stock rule it is; null is the merchant's own. `condition` is CEL, empty is always.

    `muted`: channels somebody switched off. `quiet`: shop (waits as the shop does), own (from `quiet_from` until
    `quiet_until`, in minutes after midnight) or never; urgent rules never wait.
    """

    id: str
    preset: str | None
    name: str
    trigger: str
    condition: str
    audience: str
    channels: list[str]
    lane: int
    enabled: bool
    muted: list[str]
    quiet: str
    quiet_from: int | None
    quiet_until: int | None
    changed_at: datetime


class RuleList(msgspec.Struct, frozen=True):
    """All rules of a shop."""

    items: list[RuleOut]


class NewRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule to add. `audience`: buyer or staff; `lane`: 0 urgent, 1 order news, 2 bulk."""

    name: str
    trigger: str
    audience: str
    channels: list[str]
    condition: str = ""
    lane: int = 1


class RuleChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; a field left out stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    condition: str | msgspec.UnsetType = msgspec.UNSET
    channels: list[str] | msgspec.UnsetType = msgspec.UNSET
    lane: int | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    quiet: str | msgspec.UnsetType = msgspec.UNSET
    quiet_from: int | msgspec.UnsetType | None = msgspec.UNSET
    quiet_until: int | msgspec.UnsetType | None = msgspec.UNSET


class TemplateOut(msgspec.Struct, frozen=True, kw_only=True):
    """The merchant's own wording of one event; `version` null means the stock text counts."""

    event_type: str
    audience: str
    channel: str
    locale: str
    version: str | None
    parts: dict[str, str]


class TemplateList(msgspec.Struct, frozen=True):
    """All wordings a merchant has written."""

    items: list[TemplateOut]


class Parts(msgspec.Struct, frozen=True):
    """The parts of a wording: subject, heading, body, button … as the channel has them."""

    parts: dict[str, str]


@get("/rules", guards=SETTINGS, summary="List rules", tags=["Rules"])
async def list_rules(house: House, seat: ApiSeat) -> RuleList:
    """All rules, stock ones and the merchant's own."""
    query = select(Rule.__table__).where(Rule.shop_id == seat.shop_id).order_by(Rule.id)
    rows = await house.store.read(lambda tx: tx.execute(query).all())
    return RuleList([_rule_out(row) for row in rows])


@get("/rules/{rule_id:str}", guards=SETTINGS, summary="One rule", tags=["Rules"])
async def get_rule(house: House, seat: ApiSeat, rule_id: FromPath[str]) -> RuleOut:
    """A rule by its id."""
    return await house.store.read(lambda tx: _rule(tx, seat.shop_id, rule_id))


@post("/rules", guards=SETTINGS, summary="Add a rule", tags=["Rules"])
async def add_rule(
    request: Request[Any, Any, Any], house: House, seat: ApiSeat, data: JSONBody[NewRule]
) -> Response[RuleOut]:
    """Add a rule of the merchant's own."""
    _check_channels(data.channels)
    now = house.clock.now()

    def deed(tx: Connection) -> RuleOut:
        rule_id = rules.add_rule(tx, seat.shop_id, rules.RuleDraft(**msgspec.to_builtins(data)), now=now)
        note(tx, seat.shop_id, actor=seat.key_id, action="rule.added", object=rule_id, now=now)
        return _rule(tx, seat.shop_id, rule_id)

    return await once(request, house, seat, deed)


@put("/rules/{rule_id:str}", guards=SETTINGS, summary="Change a rule", tags=["Rules"])
async def change_rule(house: House, seat: ApiSeat, rule_id: FromPath[str], data: JSONBody[RuleChange]) -> RuleOut:
    """Change a rule, or switch it on or off."""
    new: dict[str, Any] = msgspec.to_builtins(data)
    if "enabled" in new:
        new["enabled"] = int(new["enabled"])
    _check_channels(new.get("channels", []))

    def deed(tx: Connection) -> RuleOut:
        rule_changes.change(tx, By(shop_id=seat.shop_id, actor=seat.key_id, now=house.clock.now()), rule_id, new)
        return _rule(tx, seat.shop_id, rule_id)

    return await house.store.write(deed)


@delete("/rules/{rule_id:str}", guards=SETTINGS, summary="Remove a rule", tags=["Rules"])
async def remove_rule(house: House, seat: ApiSeat, rule_id: FromPath[str]) -> None:
    """Remove a rule of the merchant's own; a stock rule is switched off instead."""

    def deed(tx: Connection) -> None:
        rules.remove_rule(tx, seat.shop_id, rule_id)
        now = house.clock.now()
        note(tx, seat.shop_id, actor=seat.key_id, action="rule.removed", object=rule_id, now=now)

    await house.store.write(deed)


@get("/templates", guards=SETTINGS, summary="List own wordings", tags=["Templates"])
async def list_templates(house: House, seat: ApiSeat) -> TemplateList:
    """Every wording the merchant has written and not given up."""
    query = select(Template.__table__).where(Template.shop_id == seat.shop_id, Template.current.is_not(None))

    def read(tx: Connection) -> TemplateList:
        names = [
            TemplateName(event_type=row.event_type, audience=row.audience, channel=row.channel, locale=row.locale)
            for row in tx.execute(query.order_by(Template.id))
        ]
        return TemplateList([_template(tx, seat.shop_id, name) for name in names])

    return await house.store.read(read)


_WHICH = "/templates/{event_type:str}/{audience:str}/{channel:str}/{locale:str}"


@get(_WHICH, guards=SETTINGS, summary="One wording", tags=["Templates"])
async def get_template(
    house: House, seat: ApiSeat, *, event_type: FromPath[str], audience: FromPath[str], channel: FromPath[str],
    locale: FromPath[str],
) -> TemplateOut:  # fmt: skip
    """The merchant's own wording; `version` is null and `parts` empty while the stock text counts."""
    name = TemplateName(event_type=event_type, audience=audience, channel=channel, locale=locale)
    return await house.store.read(lambda tx: _template(tx, seat.shop_id, name))


@put(_WHICH, guards=SETTINGS, summary="Write a wording", tags=["Templates"])
async def put_template(
    house: House, seat: ApiSeat, data: JSONBody[Parts], *, event_type: FromPath[str], audience: FromPath[str],
    channel: FromPath[str], locale: FromPath[str],
) -> TemplateOut:  # fmt: skip
    """Save a new version and let it count; an unknown variable is refused here, never at sending."""
    name = TemplateName(event_type=event_type, audience=audience, channel=channel, locale=locale)
    _check_channels([channel])

    def deed(tx: Connection) -> TemplateOut:
        now = house.clock.now()
        version = templates.save(tx, seat.shop_id, name, data.parts, by=seat.key_id, now=now)
        note(tx, seat.shop_id, actor=seat.key_id, action="template.saved", object=version, now=now)
        return _template(tx, seat.shop_id, name)

    return await house.store.write(deed)


@delete(_WHICH, guards=SETTINGS, summary="Go back to the stock text", tags=["Templates"])
async def revert_template(
    house: House, seat: ApiSeat, *, event_type: FromPath[str], audience: FromPath[str], channel: FromPath[str],
    locale: FromPath[str],
) -> None:  # fmt: skip
    """Let the stock text count again; the saved versions are kept."""
    name = TemplateName(event_type=event_type, audience=audience, channel=channel, locale=locale)

    def deed(tx: Connection) -> None:
        templates.revert(tx, seat.shop_id, name)
        place = "/".join(name.place)
        now = house.clock.now()
        note(tx, seat.shop_id, actor=seat.key_id, action="template.reverted", object=place, now=now)

    await house.store.write(deed)


def _check_channels(channels: list[str]) -> None:
    unknown = [kind for kind in channels if kind not in CHANNELS]
    if unknown:
        raise BadInput(f"There is no channel {unknown[0][:40]!r}.", code="unknown_channel", field="channels")


def _rule(tx: Connection, shop_id: str, rule_id: str) -> RuleOut:
    row = tx.execute(select(Rule.__table__).where(Rule.shop_id == shop_id, Rule.id == rule_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such rule.")
    return _rule_out(row)


def _rule_out(row: Any) -> RuleOut:
    return RuleOut(
        id=row.id, preset=row.preset, name=row.name, trigger=row.trigger, condition=row.condition,
        audience=row.audience, channels=row.channels, lane=row.lane, enabled=bool(row.enabled), muted=row.muted,
        quiet=row.quiet, quiet_from=row.quiet_from, quiet_until=row.quiet_until,
        changed_at=row.changed_at,
    )  # fmt: skip


def _template(tx: Connection, shop_id: str, name: TemplateName) -> TemplateOut:
    current = next((each for each in templates.versions(tx, shop_id, name) if each.current), None)
    return TemplateOut(
        event_type=name.event_type, audience=name.audience, channel=name.channel, locale=name.locale,
        version=current.id if current else None, parts=dict(current.parts) if current else {},
    )  # fmt: skip


ROUTES = [
    list_rules, get_rule, add_rule, change_rule, remove_rule, list_templates, get_template, put_template,
    revert_template,
]  # fmt: skip
