"""Orders: the list, and the page that answers why somebody did or did not hear of something."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy import Connection

from orderbell.base.errors import NotFound, OrderBellError
from orderbell.delivery import outbox
from orderbell.domain import goods
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import guards, language
from orderbell.web.panel import face, lists, meaning, people, steps, told
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import orders as queries
from orderbell.web.panel.queries.sought import Wish

HOME = "/panel/orders"


@get("/orders")
async def listing(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The orders of the shop. `q` holds filters and words; the address keeps every one of them."""
    box, now = lists.read_box(request, "orders"), house.clock.now()
    before = request.query_params.get("before", "")

    def read(tx: Connection) -> Any:
        book = house.books.one(tx, staff.shop_id)
        wish = Wish(asked=box.asked, before=before, now=now, zone=book.timezone, currency=book.currency)
        return wish, queries.find(tx, staff.shop_id, wish), lists.kept(tx, staff, "orders")

    seen = await face.look(house, staff, read)
    wish, found, kept = seen.facts
    return lists.draw(
        request, staff, seen, box, found=found, wish=wish, statuses=queries.STATUSES, most=queries.MOST_COUNTED,
        title_of=people.title, kept=kept,
    )  # fmt: skip


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
        moments=moments(story), meaning=meaning.of_try, receipt=steps.receipt,
        may_replace=staff.may("replace"), wrong=face.wrong(error) if error else None,
    )  # fmt: skip


def moments(story: queries.OrderStory) -> list[tuple[str, Any]]:
    """The chapters of a story and the looks at its goods on one line of time."""
    found: list[tuple[datetime, str, Any]] = [(each.event.occurred_at, "chapter", each) for each in story.chapters]
    found += [(each.at, "reveal", each) for each in story.reveals]
    return [(kind, each) for _, kind, each in sorted(found, key=lambda one: one[0])]


ROUTES = [listing, one, replace]
