"""Filters people keep for themselves, as chips beside the others."""

from __future__ import annotations

from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect

from orderbell.domain import filters
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web.panel import face, undo
from orderbell.web.panel.face import AnyRequest


@post([f"/{page}/filters" for page in filters.PAGES])
async def keep(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Keep a query under a name."""
    form, page, now = await request.form(), _page(request), house.clock.now()
    name, query = str(form.get("name") or ""), str(form.get("query") or "")
    await house.store.write(lambda tx: filters.keep(tx, staff, page, name=name, query=query, now=now))
    return face.go(f"/panel/{page}", "kept", q=query)


@post([f"/{page}/filters/{{filter_id:str}}/remove" for page in filters.PAGES])
async def drop(request: AnyRequest, house: House, staff: StaffSeat, filter_id: FromPath[str]) -> Redirect:
    """Forget a query; the way back keeps it again."""
    page = _page(request)
    gone = await house.store.write(lambda tx: filters.drop(tx, staff, page, filter_id))
    back = undo.offer(house, staff, f"/panel/{page}/filters", name=gone.name, query=gone.query)
    return face.go(f"/panel/{page}", "forgotten", undo=back)


def _page(request: AnyRequest) -> str:
    return request.url.path.split("/")[2]


ROUTES = [keep, drop]
