"""Orders: the list, and the page that answers why somebody did or did not hear of something."""

from __future__ import annotations

from urllib.parse import urlencode

from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import language
from orderbell.web.panel import face, people, steps, told
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import orders as queries
from orderbell.web.panel.queries.orders import OrderWish

HOME = "/panel/orders"


@get("/orders")
async def listing(
    request: AnyRequest,
    house: House,
    staff: StaffSeat,
    *,
    q: FromQuery[str] = "",
    status: FromQuery[str] = "",
    owed: FromQuery[bool] = False,
) -> Template:
    """The orders of the shop; the address keeps every filter."""
    before = request.query_params.get("before", "")
    wish = OrderWish(q=q[:120], status=status, owed=owed, before=before)
    seen = await face.look(house, staff, lambda tx: queries.find(tx, staff.shop_id, wish))
    part = face.part_for(request) == "results"
    page = face.page(
        request, staff, seen, "orders_part" if part else "orders", active="orders", found=seen.facts, wish=wish,
        statuses=queries.STATUSES, title_of=people.title, link=_link,
    )  # fmt: skip
    if part:
        page.headers["hx-push-url"] = _link(q=wish.q, status=wish.status, owed="1" if owed else "")
    return page


def _link(**asked: str) -> str:
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{HOME}?{query}" if query else HOME


@get("/orders/{number:str}")
async def one(request: AnyRequest, house: House, staff: StaffSeat, number: FromPath[str]) -> Template:
    """One order with its whole time line: events, rules that matched or not, messages, tries, reveals."""
    seen = await face.look(house, staff, lambda tx: queries.story(tx, staff.shop_id, number))
    say, titles = language.words(request), face.channel_titles()
    told_of = {each.event.id: told.of_event(each.event.story or [], titles, say) for each in seen.facts.chapters}
    return face.page(
        request, staff, seen, "order", active="orders", story=seen.facts, to=people.recipient, took=steps.took,
        title_of=people.title, told=told_of,
    )  # fmt: skip


ROUTES = [listing, one]
