"""After a restore: one page with the difference and the button that goes on; and the cards that were set aside."""

from __future__ import annotations

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy import Connection, func, select

from orderbell.base.errors import NotAllowed
from orderbell.domain import restored
from orderbell.domain.staff import StaffSeat
from orderbell.runtime import confirm
from orderbell.runtime.house import House
from orderbell.store.schema import Shop
from orderbell.web import guards
from orderbell.web.panel import face
from orderbell.web.panel.face import AnyRequest

HOME = "/panel/restored"
SETTINGS = [guards.deed("settings")]
GOODS = [guards.deed("goods")]


@get("/restored")
async def listing(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The page."""
    seen = await face.look(house, staff, lambda tx: restored.difference(tx, staff.shop_id))
    return face.page(
        request, staff, seen, "restored", active="restored",
        may_go_on=staff.may("settings") and seen.facts.shops == 1, may_sort=staff.may("goods"),
    )  # fmt: skip


@post("/restored/go-on", guards=SETTINGS)
async def go_on(house: House, staff: StaffSeat) -> Redirect:
    """The button *go on*."""
    await house.store.read(_refuse_for_many)
    await confirm.go_on(house, by=staff.staff_id)
    return face.go(HOME, "going_on")


@post("/restored/set-aside", guards=SETTINGS)
async def set_aside(house: House, staff: StaffSeat) -> Redirect:
    """The button for a lost journal: every unsold card is set aside."""
    by, now = staff.staff_id, house.clock.now()
    await house.store.write(lambda tx: restored.set_free_aside(tx, staff.shop_id, by=by, now=now))
    return face.go(HOME, "set_aside")


@post("/restored/products/{product_id:str}/return", guards=GOODS)
async def put_back(house: House, staff: StaffSeat, product_id: FromPath[str]) -> Redirect:
    """Cards that were set aside go back to the stock."""
    by, now = staff.staff_id, house.clock.now()
    await house.store.write(lambda tx: restored.put_back(tx, staff.shop_id, product_id, by=by, now=now))
    return face.go(HOME, "put_back")


@post("/restored/products/{product_id:str}/write-off", guards=GOODS)
async def write_off(house: House, staff: StaffSeat, product_id: FromPath[str]) -> Redirect:
    """Cards that were set aside are void."""
    by, now = staff.staff_id, house.clock.now()
    await house.store.write(lambda tx: restored.write_off(tx, staff.shop_id, product_id, by=by, now=now))
    return face.go(HOME, "written_off")


def _refuse_for_many(tx: Connection) -> None:
    # The whole database was restored: with several shops in it, going on is not one owner's to say.
    if tx.execute(select(func.count()).select_from(Shop)).scalar_one() > 1:
        raise NotAllowed("Several shops share this database; its operator goes on.", code="operator_only")


ROUTES = [listing, go_on, set_aside, put_back, write_off]
