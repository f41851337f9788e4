"""The message log: filtered by the address, explained in a drawer, sent again by a button."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from orderbell.delivery import outbox
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import guards, language
from orderbell.web.panel import face, people, preview, steps
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import messages as queries
from orderbell.web.panel.queries.messages import Whole, Wish

HOME = "/panel/messages"
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; sandbox; frame-ancestors 'self'"
)  # fmt: skip


@get("/messages")
async def listing(
    request: AnyRequest, house: House, staff: StaffSeat, *, q: FromQuery[str] = "", status: FromQuery[str] = "",
    channel: FromQuery[str] = "", order: FromQuery[str] = "",
) -> Template:  # fmt: skip
    """The log. `q` looks for a number, an address or a subject; the address keeps every filter."""
    before = request.query_params.get("before", "")
    wish = Wish(q=q[:120], status=status, channel=channel, order=order[:120], before=before)
    seen = await face.look(
        house, staff, lambda tx: (queries.find(tx, staff.shop_id, wish), queries.provider_names(tx, staff.shop_id))
    )
    found, providers = seen.facts
    part = face.part_for(request) == "results"
    page = face.page(
        request, staff, seen, "messages_part" if part else "messages", active="messages", chips=queries.CHIPS,
        most=queries.MOST_COUNTED, link=_link(wish), found=found, wish=wish, providers=providers,
        to=people.recipient,
    )  # fmt: skip
    if part:
        page.headers["hx-push-url"] = _link(wish)()
    return page


def _link(wish: Wish) -> Any:
    """Makes addresses of this list: the filters now on, changed where named, empty ones left out."""

    def link(**changed: str) -> str:
        asked = {"q": wish.q, "status": wish.status, "channel": wish.channel, "order": wish.order, **changed}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{HOME}?{query}" if query else HOME

    return link


@get("/messages/{message_id:str}")
async def one(request: AnyRequest, house: House, staff: StaffSeat, message_id: FromPath[str]) -> Template:
    """One message with its whole story: the inside of the drawer for htmx, a page for everybody else."""
    seen = await face.look(house, staff, lambda tx: _explained(tx, house, staff, message_id))
    whole, shown = seen.facts
    story = steps.of_message(whole, face.channel_titles(), language.words(request))
    part = face.part_for(request) == "drawer"
    return face.page(
        request, staff, seen, "message_part" if part else "message", active="messages", whole=whole, shown=shown,
        story=story, drawer=part, to=people.recipient, may_send=staff.may("send"), resendable=outbox.RESENDABLE,
    )  # fmt: skip


def _explained(tx: Any, house: House, staff: StaffSeat, message_id: str) -> tuple[Whole, preview.Shown | None]:
    whole = queries.whole(tx, staff.shop_id, message_id)
    return whole, preview.show(tx, house.books.one(tx, staff.shop_id), whole.row)


@get("/messages/{message_id:str}/mail")
async def mail(house: House, staff: StaffSeat, message_id: FromPath[str]) -> Response[str]:
    """The mail itself, for a sandboxed frame: no script, nothing fetched but pictures."""
    _, shown = await house.store.read(lambda tx: _explained(tx, house, staff, message_id))
    html = shown.letter.html if shown else ""
    return Response(html, media_type="text/html", headers={"content-security-policy": MAIL_POLICY})


@post("/messages/{message_id:str}/resend", guards=[guards.deed("send")])
async def resend(house: House, staff: StaffSeat, message_id: FromPath[str]) -> Redirect:
    """Send it once more; the fresh copy is the page that follows."""
    by, now = staff.staff_id, house.clock.now()
    fresh = await house.store.write(lambda tx: outbox.resend(tx, staff.shop_id, message_id, by=by, now=now))
    house.wake()
    return face.go(f"{HOME}/{fresh}", "resent")


ROUTES = [listing, one, mail, resend]
