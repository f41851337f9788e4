"""Where an invitation leads: whoever follows it chooses a name and a password, and works here from then on."""

from __future__ import annotations

import asyncio

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from orderbell.base.errors import BadInput, NotSignedIn, OrderBellError
from orderbell.domain import invitations
from orderbell.domain import staff as domain
from orderbell.domain.invitations import Offer
from orderbell.runtime.house import House
from orderbell.web.panel import entering, face
from orderbell.web.panel.face import AnyRequest


@get("/join/{invite_token:str}")
async def page(request: AnyRequest, house: House, invite_token: FromPath[str]) -> Template:
    """The offer and its form. Looking spends nothing, so mail scanners do no harm."""
    now = house.clock.now()
    try:
        offer = await house.store.read(lambda tx: invitations.offer(tx, invite_token, now=now))
    except NotSignedIn as error:
        return _draw(request, None, status=error.status, wrong=face.wrong(error))
    return _draw(request, offer)


@post("/join/{invite_token:str}")
async def join(request: AnyRequest, house: House, invite_token: FromPath[str]) -> Redirect | Template:
    """Spend the invitation and sign its person in."""
    form, now, ip = await request.form(), house.clock.now(), entering.ip_of(request, house)
    name = str(form.get("name") or "")
    offer: Offer | None = None
    try:
        offer = await house.store.read(lambda tx: invitations.offer(tx, invite_token, now=now))
        hashed = await _chosen(str(form.get("password") or ""), str(form.get("again") or ""))
        seat = await house.store.write(
            lambda tx: invitations.accept(tx, invite_token, name=name, hashed=hashed, now=now, ip=ip)
        )
    except OrderBellError as error:
        return _draw(request, offer, status=error.status, wrong=face.wrong(error), own_name=name)
    return await entering.enter(request, house, seat, way="invitation")


async def _chosen(password: str, again: str) -> str:
    if password != again:
        raise BadInput("The two passwords are not the same.", code="not_the_same", field="again")
    return await asyncio.to_thread(domain.hash_password, password)


def _draw(request: AnyRequest, offer: Offer | None, *, status: int = 200, **facts: object) -> Template:
    return face.bare(request, "join", status=status, offer=offer, **{"own_name": "", **facts})


OPEN = [page, join]
