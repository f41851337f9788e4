"""The demo storefront: pick, leave a contact, play with the cashier, and watch what everybody is told."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect, ServerSentEvent, Template
from sqlalchemy import Connection, select

from orderbell.base.errors import NotFound, TooOften
from orderbell.domain import tryouts
from orderbell.runtime import demo
from orderbell.runtime.house import House
from orderbell.store.schema import Shop
from orderbell.web import address, cookies, guards, language, limits
from orderbell.web.limits import Limit
from orderbell.web.storefront import messenger, watching, window
from orderbell.web.storefront.window import DEEDS, WARES

COOKIE, LONGEST_CONTACT, LONGEST_NAME = "tried", 200, 200
LOOK_EVERY_S, SILENCE_LOOKS = 1.0, 15
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; sandbox; frame-ancestors 'self'"
AnyRequest = Request[Any, Any, Any]


async def only_in_demo(connection: cookies.Connection, _: BaseRouteHandler) -> None:
    """The guard of every page here: there is no such place outside the demo.

    Raises:
        NotFound: always, unless the house was started with `--demo` over a demo shop.
    """
    house = guards.house_of(connection)
    query = select(Shop.id).where(Shop.demo == 1).order_by(Shop.id).limit(1)
    shop_id = await house.store.read(lambda tx: tx.execute(query).scalar()) if house.settings.demo else None
    if shop_id is None:
        raise NotFound("There is nothing at this address.")
    connection.scope["state"]["orderbell.demo_shop"] = shop_id


def shop_of(connection: cookies.Connection) -> str:
    """The demo shop's id, as the guard found it."""
    shop_id: str = connection.scope["state"]["orderbell.demo_shop"]
    return shop_id


@get("/")
async def show(request: AnyRequest, house: House) -> Template:
    """The window, and this visitor's order if there is one."""
    watch = await _watch(request, house)
    facts = _facts(watch)
    return Template("demo/shop.html", context=facts)


@post("/orders", status_code=200)
async def order(request: AnyRequest, house: House) -> Response[Any]:
    """Place an order: the shop tells OrderBell by its signed door."""
    form = await request.form()
    contact, ware = str(form.get("contact") or "").strip(), WARES.get(str(form.get("sku") or ""))
    wrong = "no_contact" if not contact else "too_long" if len(contact) > LONGEST_CONTACT else ""
    if ware is None or wrong:
        return await _again(request, house, wrong or "no_ware", form)
    name = str(form.get("name") or "").strip()[:LONGEST_NAME]
    try:
        await _count(house, _order_limits(request, house, contact))
    except TooOften:
        return await _again(request, house, "too_often", form, status=429)
    shop_id, now = shop_of(request), house.clock.now()
    await demo.stock_up(house, shop_id, ware.sku)
    number, buyer = tryouts.new_number(now), _buyer(contact, name, language.of(request))
    told = window.order_json(number, ware, buyer, now=now)
    await messenger.tell(request.app, house, shop_id, {"id": number, "type": "order.created", "order": told})
    kept_s = int(tryouts.KEPT.total_seconds())
    guards.leave_cookie(request, COOKIE, house.signer.sign(COOKIE, number), max_age_s=kept_s)
    return Redirect("/demo#till", status_code=303)


@post("/deeds/{name:str}", status_code=200)
async def act(request: AnyRequest, house: House, name: FromPath[str]) -> Response[Any]:
    """Do what the cashier offers, if it offers it now; the order's story decides, not the button."""
    watch = await _watch(request, house)
    if watch is None or name not in window.open_deeds(watch.order, watch.sku):
        return Redirect("/demo#till", status_code=303)
    await _count(house, (Limit("demo.deed", watch.number, 40, limits.AN_HOUR),))
    reason = language.words(request)(DEEDS[name].reason) if DEEDS[name].reason else ""
    event = window.event_json(
        name, watch.number, nth=secrets.token_hex(3), reason=reason, now=house.clock.now()
    )  # fmt: skip
    await messenger.tell(request.app, house, shop_of(request), event)
    return Redirect("/demo#till", status_code=303)


@post("/new", status_code=200)
async def start_anew(request: AnyRequest) -> Redirect:
    """Forget this visitor's order and show the window again."""
    guards.leave_cookie(request, COOKIE, "", max_age_s=0)
    return Redirect("/demo", status_code=303)


@get("/live", media_type="text/event-stream")
async def live(request: AnyRequest, house: House) -> ServerSentEvent:
    """Till and messages, drawn again whenever something changed."""
    return ServerSentEvent(_drawn(request, house, request.headers.get("last-event-id", "")))


@get("/letters/{message_id:str}")
async def letter(request: AnyRequest, house: House, message_id: FromPath[str]) -> Response[str]:
    """A mail of this visitor's order, for a sandboxed frame."""
    number, shop_id = _number(request, house), shop_of(request)
    html = await house.store.read(lambda tx: watching.mail_of(tx, house, shop_id, number, message_id=message_id))
    return Response(html, media_type="text/html", headers={"content-security-policy": MAIL_POLICY})


async def _drawn(request: AnyRequest, house: House, last: str) -> AsyncIterator[dict[str, Any]]:
    engine: Any = request.app.template_engine
    template, quiet = engine.get_template("demo/parts.html"), 0
    while (watch := await _watch(request, house)) is not None:
        if watch.mark != last:
            last, quiet = watch.mark, 0
            html = template.render(request=request, **_facts(watch))
            yield {"event": "parts", "data": msgspec.json.encode(html).decode()}
        elif quiet >= SILENCE_LOOKS:
            quiet = 0
            yield {"comment": "still here"}
        quiet += not await house.bus.wait(LOOK_EVERY_S)


def _facts(watch: watching.Watch | None, **more: Any) -> dict[str, Any]:
    deeds = [(name, DEEDS[name]) for name in window.open_deeds(watch.order, watch.sku)] if watch else []
    return {"watch": watch, "wares": WARES, "deeds": deeds, "wrong": "", "values": {}, **more}


async def _again(
    request: AnyRequest, house: House, wrong: str, values: Any, *, status: int = 422
) -> Template:  # fmt: skip
    facts = _facts(await _watch(request, house), wrong=wrong, values=values)
    return Template("demo/shop.html", context=facts, status_code=status)


async def _watch(request: AnyRequest, house: House) -> watching.Watch | None:
    number, shop_id = _number(request, house), shop_of(request)
    return await house.store.read(lambda tx: watching.read(tx, house, shop_id, number)) if number else None


def _number(request: AnyRequest, house: House) -> str:
    value = guards.cookie_value(request, COOKIE)
    try:
        return house.signer.read(COOKIE, value)[0] if value else ""
    except NotFound:
        return ""


def _buyer(contact: str, name: str, locale: str) -> dict[str, str]:
    kind = "email" if "@" in contact else "phone" if contact.lstrip("+").replace(" ", "").isdecimal() else "contact"
    return {kind: contact, "name": name, "locale": locale} if name else {kind: contact, "locale": locale}


def _order_limits(request: AnyRequest, house: House, contact: str) -> tuple[Limit, ...]:
    """So that nobody has a demo with a real mail account write to strangers."""
    near = address.prefix(address.client_ip(request, house.settings.trusted_proxy))
    return (
        Limit("demo.near", near, 12, limits.FEW_MINUTES), Limit("demo.contact", contact.lower(), 8, limits.AN_HOUR),
        Limit("demo.all", "", 300, limits.AN_HOUR), Limit("demo.day", contact.lower(), 20, timedelta(days=1)),
    )  # fmt: skip


async def _count(house: House, wanted: tuple[Limit, ...]) -> None:
    now = house.clock.now()

    def deed(tx: Connection) -> None:
        limits.check(tx, wanted, now=now)
        limits.count(tx, wanted, now=now)

    await house.store.write(deed)


ROUTES = [show, order, act, start_anew, live, letter]
