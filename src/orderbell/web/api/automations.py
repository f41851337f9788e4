"""Automations as a whole: quiet hours, ready-made sets, and the dry-run of a past order."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import get, post, put
from litestar.params import FromQuery, JSONBody
from sqlalchemy import Connection, select

from orderbell.channels.directory import CHANNELS
from orderbell.delivery.book import ShopBook
from orderbell.domain import quiet, rule_changes
from orderbell.domain.access import ApiSeat
from orderbell.domain.quiet import Quiet
from orderbell.domain.rule_changes import By, Reach
from orderbell.domain.rules import AUDIENCES
from orderbell.runtime import dry_run
from orderbell.runtime.dry_run import Scene
from orderbell.runtime.house import House
from orderbell.store.schema import Shop
from orderbell.web import guards

SETTINGS = [guards.scope("settings:write")]


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """When messages wait: times of day as `22:00`, both null for never. `zone`: recipient or shop, whose clock."""

    begins: str | None = None
    ends: str | None = None
    zone: str = "recipient"


class SetChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A ready-made set of notices: minimal, recommended or everything."""

    set: str


class SetOut(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; `changed` false: the rules were like that already."""

    set: str
    changed: bool


class SaidOut(msgspec.Struct, frozen=True, kw_only=True):
    """One message that would go out. `until`: quiet hours hold it; `not_sent`: why it would not be sent after all."""

    channel: str
    address: str
    sandbox: bool
    until: datetime | None
    not_sent: str | None


class NobodyOut(msgspec.Struct, frozen=True, kw_only=True):
    """A channel of the rule that reaches nobody, and why."""

    channel: str
    why: str


class ToldOut(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule makes of the event; `why` it did not match."""

    rule_id: str
    name: str
    audience: str
    matched: bool
    why: str
    messages: list[SaidOut]
    nobody: list[NobodyOut]


class SceneOut(msgspec.Struct, frozen=True, kw_only=True):
    """One event heard once more; `no_effect` says why it changed nothing, `off` names rules switched off."""

    type: str
    at: datetime
    no_effect: str | None
    rules: list[ToldOut]
    off: list[str]


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """An order heard once more; nothing was written and nothing went out."""

    order: str
    events: list[SceneOut]


@get("/rules/quiet-hours", guards=SETTINGS, summary="The shop's quiet hours", tags=["Rules"])
async def get_quiet(house: House, seat: ApiSeat) -> QuietHours:
    """When the shop's messages wait; a rule may keep hours of its own, and urgent ones never wait."""
    return await house.store.read(lambda tx: _quiet(tx, seat.shop_id))


@put("/rules/quiet-hours", guards=SETTINGS, summary="Set the quiet hours", tags=["Rules"])
async def put_quiet(house: House, seat: ApiSeat, data: JSONBody[QuietHours]) -> QuietHours:
    """Set or, with both times null, end the shop's quiet hours."""
    kept = None
    if data.begins is not None or data.ends is not None:
        kept = Quiet(quiet.to_minutes(data.begins or ""), quiet.to_minutes(data.ends or ""), data.zone)
    by = By(shop_id=seat.shop_id, actor=seat.key_id, now=house.clock.now())

    def deed(tx: Connection) -> QuietHours:
        rule_changes.keep_quiet(tx, by, kept)
        return _quiet(tx, seat.shop_id)

    return await house.store.write(deed)


@post("/rules/set", guards=SETTINGS, status_code=200, summary="Choose a ready-made set", tags=["Rules"])
async def choose_set(house: House, seat: ApiSeat, data: JSONBody[SetChoice]) -> SetOut:
    """Put every stock rule as the set has it; own rules, conditions and lanes stay."""
    by = By(shop_id=seat.shop_id, actor=seat.key_id, now=house.clock.now())

    def deed(tx: Connection) -> SetOut:
        reach = _reach(house.books.one(tx, seat.shop_id))
        return SetOut(set=data.set, changed=bool(rule_changes.choose_set(tx, by, data.set, reach)))

    return await house.store.write(deed)


@get("/rules/dry-run", guards=SETTINGS, summary="Try the rules with a past order", tags=["Rules"])
async def try_rules(house: House, seat: ApiSeat, *, order: FromQuery[str], event: FromQuery[str] = "") -> DryRun:
    """Hear an order once more by the rules as they are now; with `event`, as if that happened to it now."""
    now = house.clock.now()

    def read(tx: Connection) -> list[Scene]:
        book = house.books.one(tx, seat.shop_id)
        if event:
            return [dry_run.what_if(tx, book, order, event, now=now)]
        return dry_run.replay(tx, book, order)

    return DryRun(order=order, events=[_scene(each) for each in await house.store.read(read)])


def _quiet(tx: Connection, shop_id: str) -> QuietHours:
    found = quiet.of_shop(tx.execute(select(Shop.settings).where(Shop.id == shop_id)).scalar_one())
    if found is None:
        return QuietHours()
    return QuietHours(begins=quiet.to_clock(found.begins), ends=quiet.to_clock(found.ends), zone=found.zone)


def _reach(book: ShopBook) -> Reach:
    ready = [kind for kind, each in CHANNELS.items() if each.traits.local or book.accounts.get(kind)]
    fit = {
        who: [
            kind
            for kind in ready
            if who in CHANNELS[kind].traits.audiences and not (who == "staff" and CHANNELS[kind].traits.local)
        ]
        for who in AUDIENCES
    }
    return Reach(known=list(CHANNELS), connected=fit, demo=book.demo)


def _scene(scene: Scene) -> SceneOut:
    told = [
        ToldOut(
            rule_id=each.rule_id, name=each.name, audience=each.audience, matched=each.matched, why=each.why,
            messages=[
                SaidOut(channel=one.channel, address=one.address, sandbox=one.sandbox, until=one.until,
                        not_sent=one.stale or None)
                for one in each.said
            ],
            nobody=[NobodyOut(channel=kind, why=why) for kind, why in each.nobody],
        )
        for each in scene.told
    ]  # fmt: skip
    return SceneOut(type=scene.type, at=scene.at, no_effect=scene.why or None, rules=told, off=list(scene.off))


ROUTES = [get_quiet, put_quiet, choose_set, try_rules]
