"""The inbox on the shop's own pages: which pages may show it, the lines to paste, and a live look at one."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.response import Redirect, Template
from sqlalchemy import Connection, select

from orderbell.base.errors import NotFound, OrderBellError
from orderbell.domain import inboxes as domain
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.store.schema import Message, Order
from orderbell.web import guards, inboxes
from orderbell.web.panel import face
from orderbell.web.panel.face import AnyRequest

HOME = "/panel/sources/inbox"
LOOK_LASTS_S = 1800
_LONGEST_NUMBER = 64


@get("/sources/inbox")
async def show(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The page; `order` in the address chooses whose inbox is looked at."""
    return await _draw(request, house, staff)


@post("/sources/inbox", guards=[guards.deed("settings")])
async def save(request: AnyRequest, house: House, staff: StaffSeat) -> Template | Redirect:
    """Keep the pages that may show the inbox, one a line."""
    given, now = str((await request.form()).get("origins") or ""), house.clock.now()
    try:
        await house.store.write(
            lambda tx: domain.set_origins(tx, staff.shop_id, given.splitlines(), by=staff.staff_id, now=now)
        )
    except OrderBellError as error:
        return await _draw(request, house, staff, given=given, error=error)
    return face.go(HOME, "saved")


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, *, given: str | None = None,
    error: OrderBellError | None = None,
) -> Template:  # fmt: skip
    asked, may_see = request.query_params.get("order", "").strip()[:_LONGEST_NUMBER], staff.may("see_messages")

    def read(tx: Connection) -> tuple[tuple[str, ...], str, str]:
        origins = domain.origins_of(house.books.one(tx, staff.shop_id).settings)
        number = asked or _newest(tx, staff.shop_id) if may_see else ""
        return origins, number, _token(tx, house, staff.shop_id, number)

    seen = await face.look(house, staff, read)
    origins, number, token = seen.facts
    facts: dict[str, Any] = {"wrong": face.wrong(error)} if error else {}
    return face.page(
        request, staff, seen, "inbox_on_pages", status=error.status if error else 200, active="sources",
        origins="\n".join(origins) if given is None else given, number=number, token=token,
        home=house.settings.base_url, may_change=staff.may("settings"), may_see=may_see, **facts,
    )  # fmt: skip


def _newest(tx: Connection, shop_id: str) -> str:
    """The number of the order that was told of last."""
    last = (
        select(Message.order_id)
        .where(Message.shop_id == shop_id, Message.channel == "inbox", Message.order_id.is_not(None))
        .order_by(Message.id.desc())
        .limit(1)
    )
    query = select(Order.number).where(Order.shop_id == shop_id, Order.id == last.scalar_subquery())
    return tx.execute(query).scalar() or ""


def _token(tx: Connection, house: House, shop_id: str, number: str) -> str:
    now = house.clock.now()
    try:
        made = inboxes.for_order(
            tx, house.signer, shop_id, number, now=now, lasts_s=LOOK_LASTS_S, scope=inboxes.PEEK
        )  # fmt: skip
    except NotFound:
        return ""
    return made.token


ROUTES = [show, save]
