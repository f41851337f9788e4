"""Many messages sent again: first what that would mean, then how far it is, with a way to stop at any moment."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy import Connection

from orderbell.delivery import again
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import guards
from orderbell.web.panel import face, lists, undo
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.lists import Box
from orderbell.web.panel.queries import again as queries
from orderbell.web.panel.queries.sought import Wish

HOME = "/panel/messages/again"
SEND = [guards.deed("send")]


@get("/messages/again", guards=SEND)
async def preview(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """How many messages a query means, by channel and reason, before anything is sent."""
    box = lists.read_box(request, "messages")
    seen = await face.look(house, staff, lambda tx: _choose(tx, house, staff, box))
    return face.page(
        request, staff, seen, "again", active="messages", box=box, asked=box.asked, chosen=seen.facts,
        most=again.MOST, pause_s=int(again.BEGINS_AFTER.total_seconds()),
    )  # fmt: skip


def _choose(tx: Connection, house: House, staff: StaffSeat, box: Box, *, until: str = "") -> queries.Chosen:
    zone = house.books.one(tx, staff.shop_id).timezone
    wish = Wish(asked=box.asked, now=house.clock.now(), zone=zone)
    return queries.choose(tx, staff.shop_id, wish, until=until)


@post("/messages/again", guards=SEND)
async def begin(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Start; what failed after the preview was drawn is left out."""
    form, now = await request.form(), house.clock.now()
    box = lists.read_box_of(form, "messages", request)
    until = str(form.get("until") or "")

    def deed(tx: Connection) -> str:
        chosen = _choose(tx, house, staff, box, until=until)
        ids = [row.id for row in chosen.rows[: again.MOST]]
        return again.begin(tx, staff.shop_id, ids, query=box.asked.text, by=staff.staff_id, now=now)

    job_id = await house.store.write(deed)
    back = undo.offer(house, staff, f"{HOME}/{job_id}/stop")
    return face.go(f"{HOME}/{job_id}", "begun", undo=back)


@get("/messages/again/{job_id:str}", guards=SEND)
async def one(request: AnyRequest, house: House, staff: StaffSeat, job_id: FromPath[str]) -> Template:
    """How far a job is; the page asks again by itself while it runs."""

    def read(tx: Connection) -> tuple[Any, Any]:
        job = again.find(tx, staff.shop_id, job_id)
        return job, queries.outcomes(tx, staff.shop_id, job_id)

    seen = await face.look(house, staff, read)
    job, outcomes = seen.facts
    part = face.part_for(request) == "job"
    return face.page(
        request, staff, seen, "again_part" if part else "again_job", active="messages", job=job, outcomes=outcomes,
        box=lists.from_text(job.query, "messages", str),
    )  # fmt: skip


@post("/messages/again/{job_id:str}/stop", guards=SEND)
async def stop(house: House, staff: StaffSeat, job_id: FromPath[str]) -> Redirect:
    """Stop a job; what has not left stays unsent."""
    by, now = staff.staff_id, house.clock.now()
    await house.store.write(lambda tx: again.call_off(tx, staff.shop_id, job_id, by=by, now=now))
    return face.go(f"{HOME}/{job_id}", "stopped")


ROUTES = [preview, begin, one, stop]
