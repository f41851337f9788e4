"""Automations as a list: when this happens, these people hear of it by those channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from sqlalchemy import Connection, select
from sqlalchemy import Row as SqlRow

from orderbell.domain import rules as domain
from orderbell.domain.audit import note
from orderbell.domain.staff import StaffSeat
from orderbell.events import BY_TYPE
from orderbell.runtime.house import House
from orderbell.store.schema import Rule
from orderbell.web import guards
from orderbell.web.panel import face
from orderbell.web.panel.face import AnyRequest

HOME = "/panel/rules"
AnyRow = SqlRow[*tuple[Any, ...]]
TEXTS = [guards.deed("rules")]


@get("/rules")
async def listing(request: AnyRequest, house: House, staff: StaffSeat, audience: FromQuery[str] = "buyer") -> Template:
    """The rules that speak to buyers, or to staff, in the order of an order's life."""
    who = audience if audience in domain.AUDIENCES else "buyer"
    seen = await face.look(house, staff, lambda tx: _read(tx, staff.shop_id, who))
    place = {type_: n for n, type_ in enumerate(BY_TYPE)}
    rules = sorted(seen.facts, key=lambda row: place.get(row.trigger, len(place)))
    return face.page(
        request, staff, seen, "rules", active="rules", rules=rules, audience=who,
        audiences=domain.AUDIENCES, may_change=staff.may("rules"),
    )  # fmt: skip


def _read(tx: Connection, shop_id: str, audience: str) -> Sequence[AnyRow]:
    query = select(Rule.__table__).where(Rule.shop_id == shop_id, Rule.audience == audience)
    return tx.execute(query.order_by(Rule.id)).all()


@post("/rules/{rule_id:str}/switch", guards=TEXTS)
async def switch(request: AnyRequest, house: House, staff: StaffSeat, rule_id: FromPath[str]) -> Redirect | Template:
    """Switch a rule on or off; htmx gets the rule drawn anew."""
    form, now = await request.form(), house.clock.now()
    on = int(bool(form.get("on")))

    def deed(tx: Connection) -> None:
        domain.change_rule(tx, staff.shop_id, rule_id, now=now, enabled=on)
        detail = {"enabled": on}
        note(tx, staff.shop_id, actor=staff.staff_id, action="rule.changed", object=rule_id, detail=detail, now=now)

    await house.store.write(deed)
    if not face.part_for(request):
        return face.go(HOME, "saved", audience=str(form.get("audience") or ""))
    seen = await face.look(house, staff, lambda tx: _one(tx, staff.shop_id, rule_id))
    return face.page(request, staff, seen, "rule_part", active="rules", rule=seen.facts, may_change=True)


def _one(tx: Connection, shop_id: str, rule_id: str) -> AnyRow:
    return tx.execute(select(Rule.__table__).where(Rule.shop_id == shop_id, Rule.id == rule_id)).one()


ROUTES = [listing, switch]
