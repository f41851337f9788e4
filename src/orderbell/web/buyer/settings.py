"""Notification settings and the way out of offers: signed links, no account, no script needed.

`POST /u/…` takes no token of a form: mail programs send it on one click (RFC 8058, section 3.1, read 2026-11-22), and
the link itself is the proof. GET changes nothing, for scanners open every link.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy import Connection

from orderbell.channels.directory import CHANNELS
from orderbell.domain import customers, wishes
from orderbell.domain.wishes import GOODS, Said
from orderbell.runtime.house import House
from orderbell.web import address, language
from orderbell.web.buyer import reader
from orderbell.web.buyer.reader import Reader
from orderbell.web.buyer.routes import AnyRequest, Form, my_order

ONE_CLICK = "One-Click"


@get("/")
async def mine(request: AnyRequest, house: House) -> Response[Any]:
    """The settings of the buyer whose order this browser knows."""
    found = await my_order(request, house)
    if found is None:
        return Redirect("/o?find=1")
    return _draw(request, await house.store.read(lambda tx: reader.of_order(tx, house, found)))


@post("/", status_code=200)
async def save_mine(request: AnyRequest, house: House, data: Form) -> Response[Any]:
    """Keep what was chosen."""
    found, said = await my_order(request, house), _said(request, house, "page")
    if found is None:
        return Redirect("/o?find=1", status_code=303)
    done = await house.store.write(lambda tx: _save(tx, reader.of_order(tx, house, found), data, said))
    return Redirect(f"/p?done={done}", status_code=303)


@get("/{token:str}")
async def of_letter(request: AnyRequest, house: House, token: FromPath[str]) -> Template:
    """The settings of whoever got a message."""
    seen = await house.store.read(lambda tx: reader.of_letter(tx, house, token, f"/p/{token}"))
    return _draw(request, seen[0])


@post("/{token:str}", status_code=200)
async def save_of_letter(request: AnyRequest, house: House, token: FromPath[str], data: Form) -> Redirect:
    """Keep what was chosen."""
    said = _said(request, house, "page")

    def deed(tx: Connection) -> str:
        return _save(tx, reader.of_letter(tx, house, token, f"/p/{token}")[0], data, said)

    return Redirect(f"/p/{token}?done={await house.store.write(deed)}", status_code=303)


@get("/{token:str}")
async def ask(request: AnyRequest, house: House, token: FromPath[str]) -> Template:
    """One button that ends these mails; opening the page changes nothing."""
    return await _leaving(request, house, token, request.query_params.get("done", ""))


@post("/{token:str}", status_code=200)
async def leave(request: AnyRequest, house: House, token: FromPath[str]) -> Response[Any]:
    """End these mails: pressed on the page, or sent by a mail program without one. `undo` lets them come again."""
    form = await request.form()
    one_click, undo = form.get("List-Unsubscribe") == ONE_CLICK, bool(form.get("undo"))
    said = _said(request, house, "one_click" if one_click else "unsubscribe")

    def deed(tx: Connection) -> None:
        row = reader.letter(tx, house, token)
        wishes.choose(tx, row.shop_id, reader.way_of(row), {_topic(row): undo}, said=said)

    await house.store.write(deed)
    if one_click:
        return Response("", media_type="text/plain")
    return Redirect(f"/u/{token}?done={'back' if undo else 'out'}", status_code=303)


def _topic(row: Any) -> str:
    # Nobody gets out of hearing of what they paid for by this door: the settings page says what that means.
    found = wishes.topic_of(row.event_type, row.lane)
    return wishes.ORDERS if found == GOODS else found


async def _leaving(request: AnyRequest, house: House, token: str, done: str) -> Template:
    def read(tx: Connection) -> tuple[Any, str, bool]:
        row = reader.letter(tx, house, token)
        way = reader.way_of(row)
        off = wishes.off_for(tx, row.shop_id, [way]).get(way, frozenset())
        return row, house.books.one(tx, row.shop_id).name, _topic(row) in off

    row, shop_name, is_off = await house.store.read(read)
    language.prefer(request, row.locale)
    facts = {
        "token": token, "shop_name": shop_name, "is_off": is_off, "done": done, "topic": _topic(row),
        "title": CHANNELS[row.channel].title, "address": customers.mask(row.address) if row.address else "",
    }  # fmt: skip
    return Template("buyer/unsubscribe.html", context=facts)


def _save(tx: Connection, who: Reader, data: Form, said: Said) -> str:
    """Keep a form; `saved`, or `kept_goods` when the last way for goods had to stay open."""
    chosen = {
        each.way: {topic: f"{n}.{topic}" in data for topic in wishes.TOPICS} for n, each in enumerate(who.ways)
    }  # fmt: skip
    bringing = [each.way for each in who.ways if each.brings_goods]
    kept = bool(bringing) and not any(chosen[way][GOODS] for way in bringing)
    if kept:
        open_now = [each.way for each in who.ways if each.brings_goods and GOODS not in each.off]
        chosen[(open_now or bringing)[0]][GOODS] = True
    for way, allowed in chosen.items():
        wishes.choose(tx, who.shop_id, way, allowed, said=said)
    return "kept_goods" if kept else "saved"


def _draw(request: AnyRequest, who: Reader) -> Template:
    language.prefer(request, who.locale)
    titles = {kind: channel.title for kind, channel in CHANNELS.items()}
    facts = {"who": who, "done": request.query_params.get("done", ""), "titles": titles}
    return Template("buyer/settings.html", context=facts)


def _said(request: AnyRequest, house: House, how: str) -> Said:
    ip = address.client_ip(request, house.settings.trusted_proxy)
    return Said(how=how, at=house.clock.now(), ip=ip)


SETTINGS = [mine, save_mine, of_letter, save_of_letter]
WAY_OUT = [ask, leave]
