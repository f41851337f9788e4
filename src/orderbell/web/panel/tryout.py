"""The dry-run: a past order is heard once more, and the page shows who would be told what, and who not and why."""

from __future__ import annotations

from datetime import datetime

from litestar import get
from litestar.params import FromQuery
from litestar.response import Template
from sqlalchemy import Connection

from orderbell.base.errors import NotFound
from orderbell.domain.staff import StaffSeat
from orderbell.events import BY_TYPE
from orderbell.runtime import dry_run
from orderbell.runtime.dry_run import Scene
from orderbell.runtime.house import House
from orderbell.web import language
from orderbell.web.panel import face, notices, told
from orderbell.web.panel.asking_words import in_words
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import automations as queries
from orderbell.web.panel.queries.automations import PastOrder


@get("/automations/try")
async def page(
    request: AnyRequest, house: House, staff: StaffSeat, *, order: FromQuery[str] = "", event: FromQuery[str] = ""
) -> Template:  # fmt: skip
    """Rehearse an order: the newest one unless another is named; `event` asks what would be if that happened now."""
    now, chosen = house.clock.now(), event if event in BY_TYPE else ""

    def read(tx: Connection) -> tuple[list[PastOrder], str, list[Scene] | None]:
        latest = queries.latest_orders(tx, staff.shop_id)
        number = order.strip()[:120] or (latest[0].number if latest else "")
        return latest, number, _scenes(tx, house, staff, (number, chosen), now=now) if number else None

    seen = await face.look(house, staff, read)
    latest, number, scenes = seen.facts
    say = language.words(request)
    part = face.part_for(request) == "rehearsal"
    return face.page(
        request, staff, seen, "automations/scenes" if part else "automations/try", active="automations", latest=latest,
        number=number, scenes=scenes, event=chosen, triggers=BY_TYPE, groups=notices.GROUPS, notices=notices,
        why=lambda reason: told.why(reason, say), asked=lambda condition: in_words(condition, say),
    )  # fmt: skip


def _scenes(
    tx: Connection, house: House, staff: StaffSeat, wish: tuple[str, str], *, now: datetime
) -> list[Scene] | None:
    """The scenes of (order number, event type or empty); None when there is no such order."""
    number, event = wish
    book = house.books.one(tx, staff.shop_id)
    try:
        if event:
            return [dry_run.what_if(tx, book, number, event, now=now)]
        return dry_run.replay(tx, book, number)
    except NotFound:
        return None


ROUTES = [page]
