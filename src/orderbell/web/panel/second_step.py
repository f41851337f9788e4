"""The second step at the door: the code of an app, or a recovery code; wrong ones are counted."""

from __future__ import annotations

from litestar import get, post
from litestar.response import Redirect, Template

from orderbell.base.errors import OrderBellError
from orderbell.domain import factor
from orderbell.runtime.house import House
from orderbell.web import address, limits
from orderbell.web.panel import entering, face
from orderbell.web.panel.entering import HalfIn
from orderbell.web.panel.face import AnyRequest


@get("/second-step")
async def page(request: AnyRequest, house: House) -> Template:
    """The form for the code."""
    half = await entering.half_in(request, house, house.clock.now())
    return face.bare(request, "second_step", email=half.seat.email)


@post("/second-step")
async def check(request: AnyRequest, house: House) -> Redirect | Template:
    """Let in whoever shows a code that was not used before."""
    form, now = await request.form(), house.clock.now()
    half, given = await entering.half_in(request, house, now), str(form.get("code") or "")[:100]
    try:
        await _judge(request, house, half, given)
    except OrderBellError as error:
        facts = {"email": half.seat.email, "wrong": face.wrong(error)}
        return face.bare(request, "second_step", status=error.status, **facts)
    await entering.open_session(request, house, half.seat, way=half.way)
    known = await house.store.read(lambda tx: factor.find(tx, half.seat))
    return face.go("/panel/account", "codes_low") if known and known.codes_left <= 2 else face.go("/panel")


async def _judge(request: AnyRequest, house: House, half: HalfIn, given: str) -> None:
    now, ip, vault = house.clock.now(), entering.ip_of(request, house), await house.vault(half.seat.shop_id)
    bounds = limits.second_step_limits(address.prefix(ip), half.seat.staff_id)

    await entering.judge(
        house, half.seat, bounds, lambda tx: factor.check(tx, vault, half.seat, given, now=now, ip=ip), ip=ip
    )


OPEN = [page, check]
