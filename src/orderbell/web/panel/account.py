"""One's own account: name and language, alerts, the second step, and the browsers one is signed in with."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy import Connection

from orderbell.base.errors import NotFound, OrderBellError
from orderbell.base.secrets import token_hash
from orderbell.delivery.route import TOLD_BY_MAIL
from orderbell.domain import factor, team
from orderbell.domain import staff as people
from orderbell.domain.factor import Factor
from orderbell.domain.rules import PRESETS
from orderbell.domain.staff import StaffSeat
from orderbell.domain.team import Place
from orderbell.runtime.house import House
from orderbell.web import address, guards
from orderbell.web.panel import devices, face
from orderbell.web.panel.face import AnyRequest, Form

HOME = "/panel/account"
ALERTS = tuple(dict.fromkeys(each.trigger for each in PRESETS if each.audience == "staff"))


@dataclass(frozen=True, kw_only=True)
class Own:
    """What the page shows of the person who reads it."""

    factor: Factor | None
    factor_needed: bool
    has_password: bool
    muted: list[str]
    places: list[Place]


@get("/account")
async def page(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """Everything of one's own."""
    return await _draw(request, house, staff)


@post("/account")
async def change(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect | Template:
    """Keep name, language and alerts."""
    form, now = await request.form(), house.clock.now()
    name, locale = str(form.get("name") or ""), str(form.get("locale") or "") or None
    wanted = {str(each) for each in form.getall("alerts", [])}
    chosen = [each for each in ALERTS if each not in wanted] if staff.role in TOLD_BY_MAIL else None

    def deed(tx: Connection) -> None:
        muted = team.muted_of(tx, staff) if chosen is None else chosen
        team.change_own(tx, staff, name=name, locale=locale, muted=muted, now=now)

    try:
        await house.store.write(deed)
    except OrderBellError as error:
        return await _draw(request, house, staff, form=form, error=error)
    if locale and locale != staff.locale:
        # What somebody says of themselves is newer than what this browser once chose.
        return face.go(HOME, "saved", lang=locale)
    return face.go(HOME, "saved")


@post("/account/sessions/{session_id:str}/end")
async def end(request: AnyRequest, house: House, staff: StaffSeat, session_id: FromPath[str]) -> Redirect:
    """Sign one browser out; this one by its own button."""
    now = house.clock.now()
    if session_id == _here(request):
        raise NotFound("This browser is signed out with the button Sign out.")
    await house.store.write(lambda tx: team.end_place(tx, staff, session_id, now=now))
    return face.go(HOME, "session_ended")


@post("/account/sessions/end-others")
async def end_others(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Sign every other browser out."""
    now, here = house.clock.now(), _here(request)
    await house.store.write(lambda tx: team.end_other_places(tx, staff, here, now=now))
    return face.go(HOME, "sessions_ended")


def _here(request: AnyRequest) -> str:
    return token_hash(guards.cookie_value(request, guards.SESSION) or "")


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, *, form: Form | None = None,
    error: OrderBellError | None = None,
) -> Template:  # fmt: skip
    now = house.clock.now()

    def read(tx: Connection) -> Own:
        return Own(
            factor=factor.find(tx, staff), factor_needed=factor.is_needed(tx, staff.shop_id),
            has_password=people.has_password(tx, staff.shop_id, staff.staff_id), muted=team.muted_of(tx, staff),
            places=team.places(tx, staff, now=now),
        )  # fmt: skip

    seen = await face.look(house, staff, read)
    return face.page(
        request, staff, seen, "own", status=error.status if error else 200, active="account", values=form or {},
        wrong=face.wrong(error) if error else None, alerts=ALERTS, this=_here(request), device=devices.name,
        near=address.masked, gets_alerts=staff.role in TOLD_BY_MAIL,
    )  # fmt: skip


ROUTES = [page, change, end, end_others]
