"""The sandbox mailbox: what would have been sent, as the reader would have seen it, and the request behind it."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.params import FromQuery
from litestar.response import Template
from sqlalchemy import Connection

from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web.panel import face, people, preview
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import channels as queries


@get("/sandbox")
async def mailbox(
    request: AnyRequest, house: House, staff: StaffSeat, *, channel: FromQuery[str] = "", before: FromQuery[str] = ""
) -> Template:  # fmt: skip
    """Messages of channels without an account; `open` in the address names the one that is shown."""
    wanted = request.query_params.get("open", "")

    def read(tx: Connection) -> tuple[queries.Mailbox, Any]:
        box = queries.mailbox(tx, staff.shop_id, channel=channel, before=before, open_id=wanted)
        book = house.books.one(tx, staff.shop_id)
        return box, preview.show(tx, book, box.chosen) if box.chosen else None

    seen = await face.look(house, staff, read)
    box, shown = seen.facts
    part = face.part_for(request) == "box"
    return face.page(
        request, staff, seen, "sandbox_part" if part else "sandbox", active="sandbox", box=box, shown=shown,
        row=box.chosen, channel=channel, to=people.recipient,
    )  # fmt: skip


ROUTES = [mailbox]
