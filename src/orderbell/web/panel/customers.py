"""Customers: found by name or address, and a page that shows all that was bought and told on one line of time."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy import Connection

from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web.panel import face, lists, people
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import customers as queries
from orderbell.web.panel.queries import messages
from orderbell.web.panel.queries.sought import Wish


@get("/customers")
async def listing(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The buyers of the shop. `q` holds filters and words; the address keeps every one of them."""
    box, now = lists.read_box(request, "customers"), house.clock.now()
    before = request.query_params.get("before", "")

    def read(tx: Connection) -> Any:
        zone = house.books.one(tx, staff.shop_id).timezone
        wish = Wish(asked=box.asked, before=before, now=now, zone=zone)
        return wish, queries.find(tx, staff.shop_id, wish), lists.kept(tx, staff, "customers")

    seen = await face.look(house, staff, read)
    wish, found, kept = seen.facts
    return lists.draw(
        request, staff, seen, box, found=found, wish=wish, kept=kept, name_of=people.customer_name,
        contact=people.contact_for(staff),
    )  # fmt: skip


@get("/customers/{customer_id:str}")
async def one(request: AnyRequest, house: House, staff: StaffSeat, customer_id: FromPath[str]) -> Template:
    """One buyer: what they bought and spent, how to reach them, and everything that happened, newest first."""

    def read(tx: Connection) -> Any:
        return queries.whole(tx, staff.shop_id, customer_id), messages.provider_names(tx, staff.shop_id)

    seen = await face.look(house, staff, read)
    buyer, providers = seen.facts
    return face.page(
        request, staff, seen, "customer", active="customers", buyer=buyer, providers=providers, to=people.recipient,
        name_of=people.customer_name, contact=people.contact_for(staff),
    )  # fmt: skip


ROUTES = [listing, one]
