"""One automation: its channels, its condition, how urgent it is and when it keeps quiet; and a new one of one's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from sqlalchemy import Connection

from orderbell.base.errors import BadInput, OrderBellError
from orderbell.domain import conditions, rule_changes
from orderbell.domain import quiet as hours
from orderbell.domain.clauses import OPS
from orderbell.domain.rule_changes import By
from orderbell.domain.rules import AUDIENCES, RuleDraft
from orderbell.domain.staff import StaffSeat
from orderbell.events import BY_TYPE
from orderbell.runtime import dry_run
from orderbell.runtime.house import House
from orderbell.web import language
from orderbell.web.panel import asking_words, automations, builder, face, notices, undo
from orderbell.web.panel.automations import CHANGE, HOME
from orderbell.web.panel.builder import Builder
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import automations as queries
from orderbell.web.panel.queries.automations import AnyRow, Matrix


@dataclass(frozen=True, kw_only=True)
class RuleDesk:
    """What a rule's settings are drawn from; `last` is the newest order's number, empty when there is none."""

    rule: AnyRow
    matrix: Matrix
    products: list[tuple[str, str]]
    last: str


@get("/automations/new", guards=CHANGE)
async def blank(request: AnyRequest, house: House, staff: StaffSeat, audience: FromQuery[str] = "buyer") -> Template:
    """The form of an automation of one's own."""
    return await _draw_new(request, house, staff, {"audience": audience})


@post("/automations/new", guards=CHANGE)
async def add(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect | Template:
    """Add an automation of one's own; its settings, where a condition can be set, are next."""
    form = await request.form()
    given: dict[str, Any] = {name: str(form.get(name) or "") for name in ("name", "trigger", "audience")}
    draft = RuleDraft(**given, channels=[str(kind) for kind in form.getall("channels", [])])
    try:
        _check_channels(draft.channels, draft.audience)
        rule_id, change = await automations.write(house, staff, lambda tx, by: rule_changes.add(tx, by, draft))
    except OrderBellError as error:
        return await _draw_new(request, house, staff, {**given, "channels": draft.channels}, error=error)
    mark = undo.offer(house, staff, automations.UNDO, change=change, audience=draft.audience)
    return face.go(f"{HOME}/{rule_id}", "rule_added", undo=mark)


async def _draw_new(
    request: AnyRequest,
    house: House,
    staff: StaffSeat,
    given: Mapping[str, Any],
    *,
    error: OrderBellError | None = None,
) -> Template:
    seen = await face.look(house, staff, lambda tx: queries.matrix(tx, staff.shop_id))
    who = given["audience"] if given["audience"] in AUDIENCES else "buyer"
    drawer = face.part_for(request) == "drawer"
    return face.page(
        request, staff, seen, "automations/new_part" if drawer else "automations/new", drawer=drawer,
        status=error.status if error else 200, active="automations", audience=who, values=given,
        columns=automations.columns(seen.facts, who), notices=notices, wrong=face.wrong(error) if error else None,
    )  # fmt: skip


@get("/automations/{rule_id:str}")
async def one(request: AnyRequest, house: House, staff: StaffSeat, rule_id: FromPath[str]) -> Template:
    """A rule's settings; with `do` in the address the builder is drawn after that press, and nothing is kept."""
    return await _draw(request, house, staff, rule_id, form=request.query_params)


@post("/automations/{rule_id:str}", guards=CHANGE)
async def change(request: AnyRequest, house: House, staff: StaffSeat, rule_id: FromPath[str]) -> Redirect | Template:
    """Save a rule's settings; they count at once."""
    form = await request.form()

    def deed(tx: Connection, by: By) -> tuple[str, AnyRow]:
        row = rule_changes.get(tx, staff.shop_id, rule_id)
        return rule_changes.change(tx, by, rule_id, _filled(form, row)), row

    try:
        done, row = await automations.write(house, staff, deed)
    except OrderBellError as error:
        return await _draw(request, house, staff, rule_id, form=form, error=error)
    if not face.part_for(request):
        return automations.done(house, staff, "rule_saved", done, audience=row.audience)
    told = language.words(request)("Saved. It counts from now on.")
    page = await automations.row_part(request, house, staff, rule_id, told=told, change=done)
    said = json.loads(page.headers[undo.HEADER]) | {"saved-rule": True}
    page.headers.update({undo.HEADER: json.dumps(said), "HX-Retarget": f"#{rule_id}", "HX-Reswap": "morph:outerHTML"})
    return page


@post("/automations/{rule_id:str}/remove", guards=CHANGE)
async def remove(house: House, staff: StaffSeat, rule_id: FromPath[str]) -> Redirect:
    """Remove an automation of one's own; it can be brought back."""

    def deed(tx: Connection, by: By) -> tuple[str, str]:
        audience = rule_changes.get(tx, staff.shop_id, rule_id).audience
        return rule_changes.remove(tx, by, rule_id), audience

    done, audience = await automations.write(house, staff, deed)
    return automations.done(house, staff, "rule_removed", done, audience=audience)


def _filled(form: Any, row: AnyRow) -> dict[str, Any]:
    channels = [str(kind) for kind in form.getall("channels", [])]
    _check_channels(channels, row.audience)
    quiet = str(form.get("quiet") or row.quiet)
    lane = str(form.get("lane") or "")
    new: dict[str, Any] = {
        "enabled": int(bool(form.get("enabled"))), "channels": _in_place(row.channels, channels),
        "muted": [kind for kind in dict.fromkeys([*row.muted, *row.channels]) if kind not in channels],
        "condition": builder.of_form(form, row.trigger).condition(), "lane": int(lane) if lane.isdigit() else row.lane,
        "quiet": quiet,
    }  # fmt: skip
    if quiet == "own":
        new |= {name: hours.to_minutes(str(form.get(name) or "")) for name in ("quiet_from", "quiet_until")}
    if row.preset is None:
        new["name"] = str(form.get("name") or "").strip()
    return new


def _in_place(before: list[str], after: list[str]) -> list[str]:
    """The channels in the order they had, new ones behind: what is the same is not written down as a change."""
    return [*(kind for kind in before if kind in after), *(kind for kind in after if kind not in before)]


def _check_channels(channels: Any, audience: str) -> None:
    unknown = [kind for kind in channels if kind not in notices.SHORT or not queries.speaks(kind, audience)]
    if unknown:
        raise BadInput("This channel cannot reach them.", code="unknown_channel", field="channels")


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, rule_id: str, *, form: Any,
    error: OrderBellError | None = None,
) -> Template:  # fmt: skip
    seen = await face.look(house, staff, lambda tx: _desk(tx, staff.shop_id, rule_id))
    desk = seen.facts
    touched = error is not None or "do" in form
    made = (
        builder.of_form(form, desk.rule.trigger) if touched else builder.of_rule(desk.rule.condition, desk.rule.trigger)
    )
    if error is not None:
        made = builder.refused(made, error)
    part = face.part_for(request)
    name = {"condition": "automations/builder", "drawer": "automations/rule_part"}.get(part, "automations/rule")
    return face.page(
        request, staff, seen, name, status=error.status if error and not part else 200, active="automations",
        drawer=part == "drawer", made=made, verdict=await _verdict(house, staff, desk, made), rule=desk.rule,
        words_of=asking_words, products=desk.products, filled=form if touched else None, ops=OPS,
        wrong=face.wrong(error) if error else None, triggers=BY_TYPE, audience=desk.rule.audience,
        **automations.drawn(request, staff, desk.matrix, desk.rule.audience),
    )  # fmt: skip


def _desk(tx: Connection, shop_id: str, rule_id: str) -> RuleDesk:
    latest = queries.latest_orders(tx, shop_id)
    return RuleDesk(
        rule=rule_changes.get(tx, shop_id, rule_id), matrix=queries.matrix(tx, shop_id),
        products=queries.products(tx, shop_id), last=latest[0].number if latest else "",
    )  # fmt: skip


async def _verdict(house: House, staff: StaffSeat, desk: RuleDesk, made: Builder) -> bool | None:
    """Whether the newest order fits the condition as it stands in the form; None when that cannot be told yet."""
    if not desk.last:
        return None
    try:
        condition = made.condition()
    except BadInput:
        return None
    now = house.clock.now()

    def read(tx: Connection) -> Mapping[str, Any]:
        return dry_run.facts_for(tx, house.books.one(tx, staff.shop_id), desk.last, desk.rule.trigger, now=now)

    return conditions.holds(condition, await house.store.read(read))[0]


ROUTES = [blank, add, one, change, remove]
