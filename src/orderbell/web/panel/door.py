"""The panel's door: a password, a one-time link that only a button spends, and the way out."""

from __future__ import annotations

import asyncio

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from orderbell.base.errors import BadInput, NotSignedIn, OrderBellError
from orderbell.domain import staff as domain
from orderbell.domain import team
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import address, guards, limits
from orderbell.web.panel import entering, face
from orderbell.web.panel.face import AnyRequest


@get("/sign-in")
async def sign_in_page(request: AnyRequest) -> Template:
    """The form."""
    return face.bare(request, "sign_in", email="")


@post("/sign-in")
async def sign_in(request: AnyRequest, house: House) -> Redirect | Template:
    """Sign in with a password; wrong ones are counted, per address and per neighbourhood."""
    form, now = await request.form(), house.clock.now()
    email, password = str(form.get("email") or "").strip()[:320], str(form.get("password") or "")
    near = address.prefix(entering.ip_of(request, house))
    bounds = limits.sign_in_limits(near, email.lower())
    try:
        await house.store.read(lambda tx: limits.check(tx, bounds, now=now))
        seat = await house.store.read(lambda tx: domain.sign_in(tx, email, password))
    except NotSignedIn as error:
        await house.store.write(lambda tx: limits.count(tx, bounds, now=now))
        return face.bare(request, "sign_in", status=401, email=email, wrong=face.wrong(error))
    except OrderBellError as error:
        return face.bare(request, "sign_in", status=error.status, email=email, wrong=face.wrong(error))
    return await entering.enter(request, house, seat, way="password")


@get("/enter/{token:str}")
async def link_page(request: AnyRequest, token: FromPath[str]) -> Template:
    """Where a one-time link lands. Looking spends nothing, so mail scanners do no harm."""
    return face.bare(request, "sign_in_link")


@post("/enter/{token:str}")
async def use_link(request: AnyRequest, house: House, token: FromPath[str]) -> Redirect | Template:
    """Spend the link; whoever has no password yet chooses one next, who runs the shop in the first run's first step."""
    now, ip = house.clock.now(), entering.ip_of(request, house)
    try:
        seat = await house.store.write(lambda tx: domain.use_sign_in_link(tx, token, now=now, ip=ip))
    except NotSignedIn as error:
        return face.bare(request, "sign_in_link", status=401, wrong=face.wrong(error))
    known = await house.store.read(lambda tx: domain.has_password(tx, seat.shop_id, seat.staff_id))
    first = "/panel/first-run/account" if seat.may("settings") else "/panel/password"
    return await entering.enter(request, house, seat, way="link", to="/panel" if known else first)


@get("/password")
async def password_page(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The form for a new password."""
    return await _password(request, house, staff)


@post("/password")
async def set_password(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect | Template:
    """Set the password; every other browser is signed out, this one stays."""
    form, now, ip = await request.form(), house.clock.now(), entering.ip_of(request, house)
    password, again = str(form.get("password") or ""), str(form.get("again") or "")
    try:
        await _knows_it(request, house, staff, str(form.get("current") or ""))
        if password != again:
            raise BadInput("The two passwords are not the same.", code="not_the_same", field="again")
        hashed = await asyncio.to_thread(domain.hash_password, password)
    except OrderBellError as error:
        return await _password(request, house, staff, error)
    await house.store.write(lambda tx: domain.set_password(tx, staff.shop_id, staff.staff_id, hashed, now=now, ip=ip))
    await entering.open_session(request, house, staff, way="password")
    return face.go("/panel", "password")


async def _knows_it(request: AnyRequest, house: House, staff: StaffSeat, current: str) -> None:
    """Let pass who knows the password there is; whoever came by a link just now need not."""
    if not await _asks_current(request, house, staff):
        return
    now, bounds = house.clock.now(), limits.sign_in_limits(address.prefix(entering.ip_of(request, house)), staff.email)
    await house.store.read(lambda tx: limits.check(tx, bounds, now=now))
    if not await house.store.read(lambda tx: domain.password_fits(tx, staff, current)):
        await house.store.write(lambda tx: limits.count(tx, bounds, now=now))
        raise BadInput("This is not your password.", code="wrong_current", field="current")


async def _asks_current(request: AnyRequest, house: House, staff: StaffSeat) -> bool:
    token, now = guards.cookie_value(request, guards.SESSION) or "", house.clock.now()
    by_link = await house.store.read(lambda tx: team.came_by_link(tx, staff, token, now=now))
    return not by_link and await house.store.read(lambda tx: domain.has_password(tx, staff.shop_id, staff.staff_id))


async def _password(
    request: AnyRequest, house: House, staff: StaffSeat, error: OrderBellError | None = None
) -> Template:  # fmt: skip
    facts = {"wrong": face.wrong(error)} if error else {}
    asks = await _asks_current(request, house, staff)
    return face.bare(request, "password", status=error.status if error else 200, staff=staff, asks=asks, **facts)


@post("/sign-out")
async def sign_out(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """End this browser's session."""
    token, now = guards.cookie_value(request, guards.SESSION) or "", house.clock.now()
    await house.store.write(lambda tx: domain.end_session(tx, staff, token, now=now))
    guards.leave_cookie(request, guards.SESSION, "", max_age_s=0)
    return face.go("/panel/sign-in")


OPEN = [sign_in_page, sign_in, link_page, use_link]
ROUTES = [password_page, set_password, sign_out]
