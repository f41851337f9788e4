"""Automations: which event tells whom by which channel, as a matrix of switches; every change can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from sqlalchemy import Connection

from orderbell.base.errors import BadInput, OrderBellError
from orderbell.channels.directory import CHANNELS
from orderbell.domain import quiet as hours
from orderbell.domain import rule_changes
from orderbell.domain.quiet import Quiet
from orderbell.domain.rule_changes import By
from orderbell.domain.rules import AUDIENCES
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import guards, language
from orderbell.web.panel import face, notices, undo, words
from orderbell.web.panel.asking_words import in_words
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import automations as queries
from orderbell.web.panel.queries.automations import AnyRow, Matrix
from orderbell.web.panel.undo import Undo

HOME = "/panel/automations"
UNDO = f"{HOME}/undo"
CHANGE = [guards.deed("rules")]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One channel of the matrix: how it stands, what it costs, whom it reaches."""

    kind: str
    state: str
    cost_minor: int
    people: int
    """Of the staff's columns: how many people or accounts hear it."""


@get("/automations")
async def listing(request: AnyRequest, house: House, staff: StaffSeat, audience: FromQuery[str] = "buyer") -> Template:
    """The matrix of one audience."""
    who = audience if audience in AUDIENCES else "buyer"
    seen = await face.look(house, staff, lambda tx: queries.matrix(tx, staff.shop_id))
    return face.page(
        request, staff, seen, "automations/matrix", active="automations", audience=who, groups=_groups(seen.facts, who),
        chosen=_chosen_set(seen.facts), sets=notices.SETS, zones=notices.ZONES,
        **drawn(request, staff, seen.facts, who),
    )  # fmt: skip


def drawn(request: AnyRequest, staff: StaffSeat, matrix: Matrix, audience: str) -> dict[str, Any]:
    """What a row needs to be drawn, on the page and alone."""
    say = language.words(request)
    return {
        "columns": columns(matrix, audience), "own": matrix.own, "may_change": staff.may("rules"), "notices": notices,
        "quiet": matrix.quiet, "clock_of": hours.to_clock, "asked": lambda rule: in_words(rule.condition, say),
        "own_texts": staff.may("see_texts"), "label": label,
    }  # fmt: skip


def label(rule: AnyRow) -> str:
    """What a row is called: an event by its name, a rule of one's own by its own."""
    return words.event_word(rule.trigger) if rule.preset and rule.audience == "staff" else rule.name


def columns(matrix: Matrix, audience: str) -> list[Column]:
    """The channels that can reach an audience, in a fixed order."""
    found = []
    for kind in notices.COLUMNS:
        if kind in CHANNELS and queries.speaks(kind, audience):
            wire = matrix.wires[kind]
            people = matrix.mailed if kind == "email" else wire.accounts
            cost = CHANNELS[kind].traits.cost_minor
            found.append(Column(kind=kind, state=wire.state, cost_minor=cost, people=people))
    return found


def _groups(matrix: Matrix, audience: str) -> list[tuple[str, Sequence[AnyRow]]]:
    place = notices.event_order()
    mine = sorted(
        (row for row in matrix.rules if row.audience == audience),
        key=lambda row: (place.get(row.trigger, len(place)), row.preset is None, row.id),
    )
    groups = [(name, [row for row in mine if row.trigger in events]) for name, events in notices.GROUPS.items()]
    return [(name, rows) for name, rows in groups if rows]


def _chosen_set(matrix: Matrix) -> str:
    fits = (name for name in rule_changes.SETS if rule_changes.is_set(matrix.rules, name, matrix.reach))
    return next(fits, "")


@post("/automations/{rule_id:str}/channels/{kind:str}", guards=CHANGE)
async def switch(
    request: AnyRequest, house: House, staff: StaffSeat, *, rule_id: FromPath[str], kind: FromPath[str]
) -> Redirect | Template:
    """Let a rule speak by a channel or not; htmx gets its row drawn anew, and the way back."""
    on = bool((await request.form()).get("on"))

    def deed(tx: Connection, by: By) -> tuple[str, AnyRow]:
        row = rule_changes.get(tx, staff.shop_id, rule_id)
        if kind not in CHANNELS or not queries.speaks(kind, row.audience):
            raise BadInput("This channel cannot reach them.", code="unknown_channel", field="channels")
        return rule_changes.set_channel(tx, by, rule_id, channel=kind, on=on), row

    change, row = await write(house, staff, deed)
    if not face.part_for(request):
        return done(house, staff, "rule_saved", change, audience=row.audience)
    say = language.words(request)
    titled = {"channel": say(notices.SHORT.get(kind, kind)), "event": say(label(row))}
    told = say("“{event}” goes by {channel} now.", **titled) if on else say("“{event}”: {channel} is off.", **titled)
    return await row_part(request, house, staff, rule_id, told=told, change=change)


async def row_part(
    request: AnyRequest, house: House, staff: StaffSeat, rule_id: str, *, told: str, change: str
) -> Template:
    """One row of the matrix drawn anew, and a word of what was done with the way back."""
    seen = await face.look(house, staff, lambda tx: queries.matrix(tx, staff.shop_id))
    rule = next(row for row in seen.facts.rules if row.id == rule_id)
    page = face.page(
        request, staff, seen, "automations/row", rule=rule, audience=rule.audience,
        **drawn(request, staff, seen.facts, rule.audience),
    )  # fmt: skip
    back = Undo(UNDO, {"change": change, "audience": rule.audience}) if change else None
    page.headers.update(undo.toast(told, back))
    return page


@post("/automations/set", guards=CHANGE)
async def choose_set(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Put a ready-made set in place."""
    form = await request.form()
    name, audience = str(form.get("set") or ""), str(form.get("audience") or "")

    def deed(tx: Connection, by: By) -> str:
        return rule_changes.choose_set(tx, by, name, queries.matrix(tx, staff.shop_id).reach)

    return done(house, staff, "set_chosen", await write(house, staff, deed), audience=audience)


@post("/automations/quiet", guards=CHANGE)
async def set_quiet(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Set the shop's quiet hours, or none."""
    form = await request.form()
    kept = None
    if form.get("on"):
        begins, ends = (hours.to_minutes(str(form.get(name) or "")) for name in ("quiet_from", "quiet_until"))
        kept = Quiet(begins, ends, str(form.get("zone") or "recipient"))
    change = await write(house, staff, lambda tx, by: rule_changes.keep_quiet(tx, by, kept))
    return done(house, staff, "quiet_saved", change, audience=str(form.get("audience") or ""))


@post("/automations/undo", guards=CHANGE)
async def take_back(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Take a change back, if nobody changed the same since then."""
    form = await request.form()
    change, audience = str(form.get("change") or ""), str(form.get("audience") or "")
    try:
        await write(house, staff, lambda tx, by: rule_changes.undo(tx, by, change))
    except OrderBellError as error:
        if error.code not in words.DONE:
            raise
        return face.go(HOME, error.code, audience=audience)
    return face.go(HOME, "change_undone", audience=audience)


async def write(house: House, staff: StaffSeat, deed: Callable[[Connection, By], Any]) -> Any:
    """Do a deed in one transaction in the name of whoever is signed in."""
    by = By(shop_id=staff.shop_id, actor=staff.staff_id, now=house.clock.now())
    return await house.store.write(lambda tx: deed(tx, by))


def done(house: House, staff: StaffSeat, word: str, change: str, *, audience: str) -> Redirect:
    """Back to the matrix, with the way back from what was done."""
    mark = undo.offer(house, staff, UNDO, change=change, audience=audience) if change else ""
    return face.go(HOME, word, undo=mark, audience=audience)


@get("/rules")
async def moved(audience: FromQuery[str] = "") -> Redirect:
    """Where the rules were before."""
    return face.go(HOME, audience=audience)


ROUTES = [listing, switch, choose_set, set_quiet, take_back, moved]
