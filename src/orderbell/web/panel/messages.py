"""The message log: filtered by a query the address keeps, and each message explained in a drawer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy import Connection

from orderbell.delivery import again, outbox, ways
from orderbell.delivery.book import ShopBook
from orderbell.delivery.ways import Way
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import language
from orderbell.web.panel import face, lists, meaning, people, preview, steps, told
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import messages as queries
from orderbell.web.panel.queries.messages import Whole
from orderbell.web.panel.queries.sought import Wish

HOME = "/panel/messages"
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; sandbox; frame-ancestors 'self'"
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One message as its drawer needs it."""

    whole: Whole
    shown: preview.Shown | None
    others: list[Way]


@get("/messages")
async def listing(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The log. `q` holds filters and words; the address keeps every one of them."""
    box, now = lists.read_box(request, "messages"), house.clock.now()
    before = request.query_params.get("before", "")

    def read(tx: Connection) -> Any:
        zone = house.books.one(tx, staff.shop_id).timezone
        wish = Wish(asked=box.asked, before=before, now=now, zone=zone)
        found = queries.find(tx, staff.shop_id, wish)
        names = queries.provider_names(tx, staff.shop_id)
        return wish, found, names, lists.kept(tx, staff, "messages"), again.recent(tx, staff.shop_id, most=1)

    seen = await face.look(house, staff, read)
    wish, found, providers, kept, jobs = seen.facts
    return lists.draw(
        request, staff, seen, box, chips=queries.CHIPS, most=queries.MOST_COUNTED, found=found, wish=wish,
        providers=providers, to=people.recipient, kept=kept, may_send=staff.may("send"),
        running=[job for job in jobs if job.status == "running"],
    )  # fmt: skip


@get("/messages/{message_id:str}")
async def one(request: AnyRequest, house: House, staff: StaffSeat, message_id: FromPath[str]) -> Template:
    """One message with its whole story: the inside of the drawer for htmx, a page for everybody else."""
    return await draw(request, house, staff, message_id)


async def draw(request: AnyRequest, house: House, staff: StaffSeat, message_id: str) -> Template:
    """One message, as its drawer or as a page."""
    seen = await face.look(house, staff, lambda tx: opened(tx, house, staff, message_id))
    it: Opened = seen.facts
    say, titles = language.words(request), face.channel_titles()
    story = steps.of_message(it.whole, titles, say)
    part = face.part_for(request) == "drawer"
    why_not = told.of_siblings(it.whole, titles, say)
    return face.page(
        request, staff, seen, "message_part" if part else "message", active="messages", whole=it.whole,
        shown=it.shown, story=story, drawer=part, to=people.recipient, may_send=staff.may("send"),
        resendable=outbox.RESENDABLE, ways=it.others, why_not=why_not, moving=it.whole.row.status in steps.WAITS,
        waits=_may_call_off(it.whole.row), doubt=meaning.DOUBT, doubts=steps.doubt_of(it.whole.row),
    )  # fmt: skip


def _may_call_off(row: Any) -> bool:
    return row.status == "queued" and row.tries == 0 and row.resend_of is not None


def opened(tx: Connection, house: House, staff: StaffSeat, message_id: str) -> Opened:
    """Everything a message's drawer tells.

    Raises:
        NotFound: no such message in this shop.
    """
    whole, book = queries.whole(tx, staff.shop_id, message_id), house.books.one(tx, staff.shop_id)
    order = queries.order_of(tx, staff.shop_id, whole.row.order_id)
    others = ways.others(book, whole.row, order) if staff.may("send") else []
    return Opened(whole=whole, shown=_shown(tx, book, staff, whole.row), others=others)


def _shown(tx: Connection, book: ShopBook, staff: StaffSeat, row: Any) -> preview.Shown | None:
    shown = preview.show(tx, book, row)
    return shown if staff.may("see_contacts") else preview.masked(shown)


@get("/messages/{message_id:str}/mail")
async def mail(house: House, staff: StaffSeat, message_id: FromPath[str]) -> Response[str]:
    """The mail itself, for a sandboxed frame: no script, nothing fetched but pictures."""

    def read(tx: Connection) -> preview.Shown | None:
        row = queries.one(tx, staff.shop_id, message_id)
        return _shown(tx, house.books.one(tx, staff.shop_id), staff, row)

    shown = await house.store.read(read)
    html = shown.letter.html if shown else ""
    return Response(html, media_type="text/html", headers={"content-security-policy": MAIL_POLICY})


ROUTES = [listing, one, mail]
