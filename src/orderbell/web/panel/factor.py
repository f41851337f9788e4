"""Setting up one's own second step: scan, show a first code, keep the recovery codes; and switching it off again."""

from __future__ import annotations

import io
from datetime import datetime

import segno
from litestar import get, post
from litestar.response import Redirect, Template
from markupsafe import Markup
from sqlalchemy import Connection

from orderbell.base import totp
from orderbell.base.errors import Conflict, OrderBellError
from orderbell.domain import factor as domain
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import address, limits
from orderbell.web.panel import entering, face
from orderbell.web.panel.face import AnyRequest

HOME = "/panel/account"
SET_UP = f"{HOME}/second-factor"


@get("/account/second-factor")
async def page(request: AnyRequest, house: House, staff: StaffSeat) -> Template | Redirect:
    """How it works, and the button that begins; or the picture to scan when it was begun."""
    if await house.store.read(lambda tx: domain.find(tx, staff)):
        return face.go(HOME)
    return await _draw(request, house, staff)


@post("/account/second-factor/begin")
async def begin(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Make a fresh secret."""
    vault, now = await house.vault(staff.shop_id), house.clock.now()
    await house.store.write(lambda tx: domain.begin(tx, vault, staff, now=now))
    return face.go(SET_UP)


@post("/account/second-factor/confirm")
async def confirm(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """Switch it on with the app's first code; the recovery codes are on the page that answers, and nowhere again."""
    vault, now, code = await house.vault(staff.shop_id), house.clock.now(), await _code(request)
    try:
        codes = await house.store.write(lambda tx: domain.confirm(tx, vault, staff, code, now=now))
    except OrderBellError as error:
        return await _draw(request, house, staff, error)
    return await _codes(request, house, staff, codes)


@post("/account/second-factor/codes")
async def renew(request: AnyRequest, house: House, staff: StaffSeat) -> Template | Redirect:
    """Fresh recovery codes, for whoever shows a code now."""
    try:
        await _prove(request, house, staff)
    except OrderBellError as error:
        return face.go(HOME, _told(error))
    now = house.clock.now()
    codes = await house.store.write(lambda tx: domain.renew_codes(tx, staff, now=now))
    return await _codes(request, house, staff, codes)


@post("/account/second-factor/off")
async def off(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Switch it off, for whoever shows a code now and is not bound to have it."""
    try:
        await _prove(request, house, staff)
        now = house.clock.now()
        await house.store.write(lambda tx: _switch_off(tx, staff, now=now))
    except OrderBellError as error:
        return face.go(HOME, _told(error))
    return face.go(HOME, "factor_off")


def picture(text: str) -> Markup:
    """A QR code as SVG for a page of strict policy: no style in it, drawn dark on light in both themes."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, nl=False, border=3, omitsize=True, svgclass="qr", lineclass=None
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - our own drawing; the text is in its squares only


def _switch_off(tx: Connection, staff: StaffSeat, *, now: datetime) -> None:
    if domain.is_needed(tx, staff.shop_id):
        raise Conflict("This shop wants a second step of everybody.", code="factor_is_needed")
    domain.switch_off(tx, staff, by=staff.staff_id, now=now)


async def _prove(request: AnyRequest, house: House, staff: StaffSeat) -> None:
    code, now, vault = await _code(request), house.clock.now(), await house.vault(staff.shop_id)
    ip = entering.ip_of(request, house)
    bounds = limits.second_step_limits(address.prefix(ip), staff.staff_id)
    await entering.judge(house, staff, bounds, lambda tx: domain.check(tx, vault, staff, code, now=now, ip=ip), ip=ip)


async def _code(request: AnyRequest) -> str:
    return str((await request.form()).get("code") or "")[:100]


def _told(error: OrderBellError) -> str:
    return error.code if error.code in ("wrong_code", "too_often", "factor_is_needed") else "wrong_code"


async def _codes(request: AnyRequest, house: House, staff: StaffSeat, codes: list[str]) -> Template:
    seen = await face.look(house, staff, lambda tx: None)
    return face.page(request, staff, seen, "recovery", active="account", codes=codes)


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, error: OrderBellError | None = None
) -> Template:  # fmt: skip
    vault = await house.vault(staff.shop_id)
    seen = await face.look(
        house, staff, lambda tx: (domain.waiting(tx, vault, staff), domain.is_needed(tx, staff.shop_id))
    )
    secret, needed = seen.facts
    issuer = f"OrderBell {seen.frame.shop_name}"[:60]
    drawn = picture(totp.address(secret, issuer=issuer, account=staff.email)) if secret else None
    return face.page(
        request, staff, seen, "factor", status=error.status if error else 200, active="account", picture=drawn,
        secret=totp.shown(secret) if secret else "", needed=needed, wrong=face.wrong(error) if error else None,
    )  # fmt: skip


ROUTES = [page, begin, confirm, renew, off]
