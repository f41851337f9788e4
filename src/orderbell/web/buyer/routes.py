"""The order page's doors. GET changes nothing but a cookie; goods are shown, and the showing logged, by POST."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import MediaType, Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template
from sqlalchemy import Connection

from orderbell.base.errors import OrderBellError, TooOften
from orderbell.runtime.house import House
from orderbell.web import address, guards, language, limits, packing
from orderbell.web.buyer import deeds, finding, inbox, views
from orderbell.web.buyer.views import OrderPage

AnyRequest = Request[Any, Any, Any]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
LOOKUP_TAKES_S = 0.35
"""Every answer to a lookup comes this late, so that its time does not tell whether the order exists (promise G5)."""


@get("/{token:str}")
async def follow_link(request: AnyRequest, house: House, token: FromPath[str]) -> Redirect:
    """The link from a message: leave its proof in a cookie and go to a clean address. Scanners change nothing."""
    _, order_id, link_gen = await house.store.read(lambda tx: finding.order_of_link(tx, house.signer, token))
    return _enter(request, house, order_id, link_gen)


@get("/")
async def show(request: AnyRequest, house: House) -> Template:
    """The order of this browser's cookie, or the form that finds one."""
    if request.query_params.get("find") is None:
        found = await my_order(request, house)
        if found:
            return await _draw(request, house, found)
    return _form(request)


@get("/state.json", media_type=MediaType.JSON)
async def state(request: AnyRequest, house: House) -> dict[str, object]:
    """The order's version, for the page that waits for news; null when this browser has no order."""
    found = await my_order(request, house)
    page = await house.store.read(lambda tx: views.load_page(tx, *found)) if found else None
    return {"mark": page.mark if page else None}


@get("/inbox.json")
async def inbox_list(request: AnyRequest, house: House) -> inbox.Inbox:
    """The order's own inbox: what the shop told its buyer, newest first; no account needed."""
    found = await my_order(request, house)
    if found is None:
        return inbox.Inbox(messages=[], unread=0)
    return await house.store.read(lambda tx: inbox.read_inbox(tx, house.books.one(tx, found[0]), order_id=found[1]))


@post("/find", status_code=200)
async def find(request: AnyRequest, house: House, data: Form) -> Response[Any]:
    """Find an order by number and contact; a wrong pair reads the same whatever is wrong."""
    number, contact = (data.get(name, "").strip() for name in ("number", "contact"))
    pause = asyncio.create_task(asyncio.sleep(LOOKUP_TAKES_S))
    try:
        found = await _look_up(request, house, number[: finding.LONGEST_NUMBER], contact[: finding.LONGEST_CONTACT])
    except TooOften as refusal:
        await pause
        return _form(request, wrong="too_often", values=data, refusal=refusal)
    await pause
    if found is None:
        return _form(request, wrong="no_match", values=data)
    return _enter(request, house, *found)


@post("/reveal", status_code=200)
async def reveal(request: AnyRequest, house: House) -> Response[Any]:
    """Show the goods, because the buyer pressed a button, and write down that they were shown."""
    found = await my_order(request, house)
    if found is None:
        return _form(request)
    agent, ip = request.headers.get("user-agent"), _ip(request, house)
    try:
        pieces = await house.store.write(lambda tx: deeds.reveal(tx, house, found, ip=ip, agent=agent))
    except OrderBellError as refusal:
        return await _draw(request, house, found, wrong=refusal.code, status=refusal.status)
    house.wake()
    return await _draw(request, house, found, revealed=pieces)


@post("/resend", status_code=200)
async def resend(request: AnyRequest, house: House) -> Response[Any]:
    """Send the buyer's last message once more."""
    found = await my_order(request, house)
    if found is None:
        return _form(request)
    try:
        await house.store.write(lambda tx: deeds.resend(tx, found, now=house.clock.now()))
    except OrderBellError as refusal:
        return await _draw(request, house, found, wrong=refusal.code, status=refusal.status)
    house.wake()
    return Redirect("/o?done=resent", status_code=303)


@post("/leave", status_code=200)
async def leave(request: AnyRequest) -> Redirect:
    """Forget the order on this device."""
    guards.leave_cookie(request, guards.ORDER, "", max_age_s=0)
    return Redirect("/o?find=1", status_code=303)


async def my_order(request: AnyRequest, house: House) -> tuple[str, str] | None:
    """Shop id and order id of the order this browser knows; None when it knows none."""
    value = guards.cookie_value(request, guards.ORDER)
    if not value:
        return None
    now = house.clock.now()
    return await house.store.read(lambda tx: finding.order_of_cookie(tx, house.signer, value, now=now))


async def _look_up(request: AnyRequest, house: House, number: str, contact: str) -> tuple[str, int] | None:
    now, wanted = house.clock.now(), limits.lookup_limits(address.prefix(_ip(request, house)), number)

    def ask(tx: Connection) -> tuple[str, int] | None:
        limits.check(tx, wanted, now=now)
        return finding.find_by_contact(tx, number, contact)

    found = await house.store.read(ask)
    if found is None:
        await house.store.write(lambda tx: limits.count(tx, wanted, now=now))
    return found


async def _draw(request: AnyRequest, house: House, found: tuple[str, str], **extra: Any) -> Template:
    page: OrderPage = await house.store.read(lambda tx: views.load_page(tx, *found))
    language.prefer(request, page.order.buyer.get("locale"))
    status = extra.pop("status", 200)
    facts = {"page": page, "revealed": None, "wrong": None, "done": request.query_params.get("done"), **extra}
    return Template("buyer/order.html", context=facts, status_code=status)


def _form(request: AnyRequest, *, wrong: str = "", values: Form | None = None, refusal: Any = None) -> Template:
    packing.allow(request)
    facts = {"wrong": wrong, "values": values or {}}
    headers = {"retry-after": str(refusal.retry_after_s)} if refusal else {}
    status = {"too_often": 429, "no_match": 422}.get(wrong, 200)
    return Template("buyer/find.html", context=facts, status_code=status, headers=headers)


def _enter(request: AnyRequest, house: House, order_id: str, link_gen: int) -> Redirect:
    value = finding.cookie_for(house.signer, order_id, link_gen, now=house.clock.now())
    guards.leave_cookie(request, guards.ORDER, value, max_age_s=int(finding.COOKIE_LASTS.total_seconds()))
    chosen = request.query_params.get("lang")
    return Redirect(f"/o?lang={chosen}" if chosen in ("zh-CN", "en") else "/o", status_code=303)


def _ip(request: AnyRequest, house: House) -> str:
    return address.client_ip(request, house.settings.trusted_proxy)


ROUTES = [follow_link, show, state, inbox_list, find, reveal, resend, leave]
