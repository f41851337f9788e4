"""Orders: the list, and the page that answers why somebody did or did not hear of something."""

from __future__ import annotations

from urllib.parse import urlencode

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from sqlalchemy import Connection

from orderbell.base.errors import NotFound, OrderBellError
from orderbell.delivery import outbox
from orderbell.domain import goods
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import guards, language
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
    return await _draw(request, house, staff, number)


@post("/orders/{number:str}/replace", guards=[guards.deed("replace")])
async def replace(request: AnyRequest, house: House, staff: StaffSeat, number: FromPath[str]) -> Redirect | Template:
    """Give a piece another card because the first did not work, and tell the buyer to look again."""
    form, now, by = await request.form(), house.clock.now(), staff.staff_id
    slot, reason = str(form.get("slot") or ""), str(form.get("reason") or "").strip()[:300]
    vault = await house.vault(staff.shop_id)

    def deed(tx: Connection) -> None:
        order = queries.story(tx, staff.shop_id, number).row
        if slot not in {piece.slot_id for piece in goods.list_pieces(tx, staff.shop_id, order.id)}:
            raise NotFound("There is no such piece.")
        goods.reissue(tx, vault, slot, by=by, reason=reason, now=now)
        outbox.tell_again(tx, staff.shop_id, order.id, "order.delivered", by=by, now=now)

    try:
        await house.store.write(deed)
    except OrderBellError as error:
        return await _draw(request, house, staff, number, error=error)
    house.wake()
    return face.go(f"{HOME}/{number}", "replaced")


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, number: str, *, error: OrderBellError | None = None
) -> Template:
    def read(tx: Connection) -> tuple[queries.OrderStory, list[goods.Piece]]:
        story = queries.story(tx, staff.shop_id, number)
        return story, goods.list_pieces(tx, staff.shop_id, story.row.id)

    seen = await face.look(house, staff, read)
    story, pieces = seen.facts
    say, titles = language.words(request), face.channel_titles()
    told_of = {each.event.id: told.of_event(each.event.story or [], titles, say) for each in story.chapters}
    return face.page(
        request, staff, seen, "order", status=error.status if error else 200, active="orders", story=story,
        pieces=pieces, to=people.recipient, took=steps.took, title_of=people.title, told=told_of,
        may_replace=staff.may("replace"), wrong=face.wrong(error) if error else None,
    )  # fmt: skip


ROUTES = [listing, one, replace]
