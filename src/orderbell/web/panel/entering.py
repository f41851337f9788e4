"""Letting somebody in: straight away, or after the second step when they have one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from litestar.response import Redirect

from orderbell.base.clock import from_micros, to_micros
from orderbell.base.errors import NotFound, NotSignedIn
from orderbell.domain import factor
from orderbell.domain import staff as domain
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.store.database import Tx
from orderbell.web import address, guards, limits
from orderbell.web.limits import Limit
from orderbell.web.panel import face
from orderbell.web.panel.face import AnyRequest

STEP, PURPOSE = "step", "second-step"
STEP_LASTS = timedelta(minutes=10)


@dataclass(frozen=True)
class HalfIn:
    """Somebody who proved one thing and owes the code; `way` as a session keeps it."""

    seat: StaffSeat
    way: str


def ip_of(request: AnyRequest, house: House) -> str:
    """Where a request comes from."""
    return address.client_ip(request, house.settings.trusted_proxy)


async def enter(request: AnyRequest, house: House, seat: StaffSeat, *, way: str, to: str = "/panel") -> Redirect:
    """Sign the browser in, or ask for the code first."""
    if await house.store.read(lambda tx: factor.find(tx, seat)):
        until = to_micros(house.clock.now() + STEP_LASTS)
        token = house.signer.sign(PURPOSE, seat.shop_id, seat.staff_id, str(until), way, secrets.token_hex(8))
        guards.leave_cookie(request, STEP, token, max_age_s=int(STEP_LASTS.total_seconds()))
        return face.go("/panel/second-step")
    await open_session(request, house, seat, way=way)
    return face.go(to)


async def open_session(request: AnyRequest, house: House, seat: StaffSeat, *, way: str) -> None:
    """Sign the browser in; nothing more is asked."""
    now, ip, agent = house.clock.now(), ip_of(request, house), request.headers.get("user-agent")
    token = await house.store.write(lambda tx: domain.open_session(tx, seat, now=now, ip=ip, agent=agent, way=way))
    guards.leave_cookie(request, guards.SESSION, token, max_age_s=guards.SESSION_S)
    guards.leave_cookie(request, STEP, "", max_age_s=0)


async def judge(
    house: House, seat: StaffSeat, bounds: Sequence[Limit], check: Callable[[Tx], None], *, ip: str
) -> None:
    """Run the check of a code within its limits; a wrong one is counted and written down.

    Raises:
        TooOften: too many wrong ones before.
        NotSignedIn: `wrong_code`.
    """
    now = house.clock.now()

    def refused(tx: Tx) -> None:
        limits.count(tx, bounds, now=now)
        factor.refuse(tx, seat, now=now, ip=ip)

    await house.store.read(lambda tx: limits.check(tx, bounds, now=now))
    try:
        await house.store.write(check)
    except NotSignedIn:
        await house.store.write(refused)
        raise


async def half_in(request: AnyRequest, house: House, now: datetime) -> HalfIn:
    """Who stands between the two steps in this browser.

    Raises:
        NotSignedIn: nobody, or for too long.
    """
    with suppress(NotFound, ValueError):
        shop_id, staff_id, until, way, _ = house.signer.read(PURPOSE, guards.cookie_value(request, STEP) or "")
        if from_micros(int(until)) > now:
            return HalfIn(await house.store.read(lambda tx: domain.seat_of(tx, shop_id, staff_id)), way)
    raise NotSignedIn("Please sign in again.", code="step_over")
