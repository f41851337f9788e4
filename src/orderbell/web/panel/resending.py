"""One message sent again, as it went or by another channel, with a few seconds to think better of it."""

from __future__ import annotations

from datetime import timedelta

from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy import Connection

from orderbell.base.errors import BadInput
from orderbell.delivery import outbox
from orderbell.delivery.route import Recipient
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import guards
from orderbell.web.panel import face, messages, undo
from orderbell.web.panel.face import AnyRequest

LEAVES_AFTER = timedelta(seconds=5)
SEND = [guards.deed("send")]


@post("/messages/{message_id:str}/resend", guards=SEND)
async def resend(request: AnyRequest, house: House, staff: StaffSeat, message_id: FromPath[str]) -> Redirect | Template:
    """Send it once more; the fresh copy is what follows, and can be called off while it waits."""
    way, now = str((await request.form()).get("way") or ""), house.clock.now()

    def deed(tx: Connection) -> str:
        to = _way(messages.opened(tx, house, staff, message_id), way) if way else None
        return outbox.resend(
            tx, staff.shop_id, message_id, by=staff.staff_id, now=now, after=LEAVES_AFTER, to=to
        )  # fmt: skip

    fresh = await house.store.write(deed)
    house.wake()
    if face.part_for(request) == "drawer":
        return await messages.draw(request, house, staff, fresh)
    back = undo.offer(house, staff, f"{messages.HOME}/{fresh}/call-off")
    return face.go(f"{messages.HOME}/{fresh}", "resent", undo=back)


def _way(opened: messages.Opened, name: str) -> Recipient:
    for each in opened.others:
        if each.name == name:
            return each.recipient
    raise BadInput("This way is no longer open. Load the page again.", code="way_gone")


@post("/messages/{message_id:str}/call-off", guards=SEND)
async def call_off(
    request: AnyRequest, house: House, staff: StaffSeat, message_id: FromPath[str]
) -> Redirect | Template:
    """Take back a copy that has not left yet."""
    by, now = staff.staff_id, house.clock.now()
    await house.store.write(lambda tx: outbox.call_off(tx, staff.shop_id, message_id, by=by, now=now))
    if face.part_for(request) == "drawer":
        return await messages.draw(request, house, staff, message_id)
    return face.go(f"{messages.HOME}/{message_id}", "recalled")


ROUTES = [resend, call_off]
