"""Connected shops: the address to copy, the secret shown once, pause and go on."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy import Connection, select

from orderbell.base.errors import NotFound, OrderBellError
from orderbell.domain import sources as domain
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.sources.base import SourceField
from orderbell.sources.directory import SOURCES
from orderbell.store.schema import SourceRow
from orderbell.web import guards
from orderbell.web.panel import face
from orderbell.web.panel.face import AnyRequest, Form

HOME = "/panel/sources"
SETTINGS = [guards.deed("settings")]


@get("/sources")
async def listing(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The connected shops, and the form for another one of the kind the address names."""
    return await _draw(request, house, staff, kind=request.query_params.get("kind", ""))


@post("/sources", guards=SETTINGS)
async def add(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """Connect a shop; address and secret are on the page that answers, and nowhere again."""
    form, now = await request.form(), house.clock.now()
    kind, vault = str(form.get("kind") or ""), await house.vault(staff.shop_id)
    name = str(form.get("name") or "")
    try:
        opened = await house.store.write(
            lambda tx: domain.add_source(
                tx, vault, kind=kind, name=name, values=_values(kind, form), by=staff.staff_id, now=now
            )
        )
    except OrderBellError as error:
        return await _draw(request, house, staff, kind=kind, form=form, error=error)
    return await _draw(request, house, staff, opened=opened)


@post("/sources/{source_id:str}/pause", guards=SETTINGS)
async def pause(request: AnyRequest, house: House, staff: StaffSeat, source_id: FromPath[str]) -> Redirect:
    """Pause a shop (it is asked to try again later), or go on."""
    form, now = await request.form(), house.clock.now()
    resume = bool(form.get("resume"))
    await house.store.write(
        lambda tx: domain.pause_source(
            tx, staff.shop_id, source_id, until_resumed=not resume, by=staff.staff_id, now=now
        )
    )
    return face.go(HOME, "resumed" if resume else "paused")


@post("/sources/{source_id:str}/remove", guards=SETTINGS)
async def remove(house: House, staff: StaffSeat, source_id: FromPath[str]) -> Redirect:
    """Disconnect a shop for good."""
    now = house.clock.now()
    await house.store.write(lambda tx: domain.remove_source(tx, staff.shop_id, source_id, by=staff.staff_id, now=now))
    return face.go(HOME, "removed")


def _values(kind: str, form: Form) -> dict[str, str]:
    if kind not in SOURCES:
        raise NotFound("There is no such shop system.")
    return {field.name: str(form.get(field.name) or "") for field in SOURCES[kind].fields}


def _choices(field: SourceField) -> list[tuple[str, str]]:
    return [(each, each) for each in field.choices]


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, *, kind: str = "", form: Form | None = None,
    error: OrderBellError | None = None, opened: domain.OpenedSource | None = None,
) -> Template:  # fmt: skip
    vault, may = await house.vault(staff.shop_id), staff.may("settings")

    def read(tx: Connection) -> list[tuple[Any, str]]:
        query = select(SourceRow.__table__).where(SourceRow.shop_id == staff.shop_id).order_by(SourceRow.id)
        base = f"{house.settings.base_url}/in"
        return [(row, f"{base}/{row.kind}/{domain.open_token(vault, row)}" if may else "") for row in tx.execute(query)]

    seen = await face.look(house, staff, read)
    return face.page(
        request, staff, seen, "sources", status=error.status if error else 200, active="sources", rows=seen.facts,
        systems=SOURCES, kind=kind if kind in SOURCES else "", opened=opened, may_change=may,
        wrong=face.wrong(error) if error else None, values=form or {}, api=f"{house.settings.base_url}/v1/events",
        choices_of=_choices,
    )  # fmt: skip


ROUTES = [listing, add, pause, remove]
