"""One box for everything: an order's number, a buyer's contact, a message's subject."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect, Template
from sqlalchemy import Connection, select

from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.store.schema import Order
from orderbell.web.panel import face, people
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import messages, orders
from orderbell.web.panel.queries.sought import Wish

SHOWN = 8


@get("/search")
async def search(request: AnyRequest, house: House, staff: StaffSeat, q: FromQuery[str] = "") -> Template | Redirect:
    """Orders and messages that fit; an exact order number leads straight to its page."""
    text = q.strip()[:120]
    if not text:
        return face.go("/panel/messages")
    seen = await face.look(house, staff, lambda tx: _read(tx, staff.shop_id, text))
    exact, found_orders, found_messages, providers = seen.facts
    if exact:
        return face.go(f"/panel/orders/{exact}")
    return face.page(
        request, staff, seen, "search", active="", seek=text, orders=found_orders, messages=found_messages,
        providers=providers, to=people.recipient, title_of=people.title, shown=SHOWN,
    )  # fmt: skip


def _read(tx: Connection, shop_id: str, text: str) -> tuple[str | None, Any, Any, dict[str, str]]:
    exact = tx.execute(select(Order.number).where(Order.shop_id == shop_id, Order.number == text)).scalar()
    if exact:
        return exact, None, None, {}
    return (
        None,
        orders.find(tx, shop_id, Wish(q=text)),
        messages.find(tx, shop_id, Wish(q=text)),
        messages.provider_names(tx, shop_id),
    )


ROUTES = [search]
