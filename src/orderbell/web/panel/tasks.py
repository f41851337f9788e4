"""What waits for a person: closed by a person, or handed to the worker once more."""

from __future__ import annotations

from datetime import datetime, timedelta

from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import Connection, update

from orderbell.base.errors import Conflict, NotFound
from orderbell.domain import audit, shop_settings
from orderbell.domain.staff import StaffSeat
from orderbell.runtime import timers
from orderbell.runtime.house import House
from orderbell.store.schema import EventRow, State, Task
from orderbell.web import guards
from orderbell.web.panel import face

DECIDE = [guards.deed("decide")]
CLOSES_ITSELF = ("owed", "mass_cancel", "set_aside")
"""Kinds with no button *done*: an owed order stays until it has its goods or its money back, held orders and cards set
aside until somebody said what becomes of them."""


def close_task(tx: Connection, shop_id: str, task_id: str, *, by: str, now: datetime) -> None:
    """Close a task because a person saw to it.

    Raises:
        NotFound: no such open task in this shop, or one that closes itself.
    """
    mine = (Task.shop_id == shop_id, Task.id == task_id, Task.closed_at.is_(None), Task.kind.not_in(CLOSES_ITSELF))
    if tx.execute(update(Task).where(*mine).values(closed_at=now, closed_by=by)).rowcount == 0:
        raise NotFound("There is no such task to close.")
    audit.note(tx, shop_id, actor=by, action="task.closed", object=task_id, now=now)


def work_again(tx: Connection, shop_id: str, event_id: str, *, by: str, now: datetime) -> None:
    """Hand a stuck event to the worker once more, with all its tries.

    Raises:
        Conflict: `not_stuck`, somebody else did so, or it never was.
    """
    stuck = (EventRow.shop_id == shop_id, EventRow.id == event_id, EventRow.state == int(State.STUCK))
    fresh = {"state": int(State.READY), "tries": 0, "due_at": now, "error": None}
    if tx.execute(update(EventRow).where(*stuck).values(**fresh)).rowcount == 0:
        raise Conflict("This event is not stuck.", code="not_stuck")
    audit.note(tx, shop_id, actor=by, action="event.again", object=event_id, now=now)


def settle_mass(tx: Connection, shop_id: str, *, due_at: datetime, by: str, now: datetime) -> None:
    """Let the held orders expire at that moment, because a person looked at the clock.

    Raises:
        NotFound: nothing of this shop is held.
    """
    mine = (Task.shop_id == shop_id, Task.kind == "mass_cancel", Task.closed_at.is_(None))
    if tx.execute(update(Task).where(*mine).values(closed_at=now, closed_by=by)).rowcount == 0:
        raise NotFound("There is no such task to close.")
    orders = timers.let_go(tx, shop_id, due_at=due_at)
    detail = {"orders": orders, "due_at": due_at.isoformat()}
    audit.note(tx, shop_id, actor=by, action="orders.mass_expiry", object=shop_id, detail=detail, now=now)


@post("/tasks/{task_id:str}/close", guards=DECIDE)
async def close(house: House, staff: StaffSeat, task_id: FromPath[str]) -> Redirect:
    """The button *done* of a task."""
    by, now = staff.staff_id, house.clock.now()
    await house.store.write(lambda tx: close_task(tx, staff.shop_id, task_id, by=by, now=now))
    return face.go("/panel", "closed")


@post("/events/{event_id:str}/again", guards=DECIDE)
async def again(house: House, staff: StaffSeat, event_id: FromPath[str]) -> Redirect:
    """The button *try again* of a stuck event."""
    by, now = staff.staff_id, house.clock.now()
    await house.store.write(lambda tx: work_again(tx, staff.shop_id, event_id, by=by, now=now))
    house.wake()
    return face.go("/panel", "again")


@post("/held-orders/call-off", guards=DECIDE)
async def call_off(house: House, staff: StaffSeat) -> Redirect:
    """The button *call them off* of orders that were held because they were too many at once."""
    by, now = staff.staff_id, house.clock.now()
    await house.store.write(lambda tx: settle_mass(tx, staff.shop_id, due_at=now, by=by, now=now))
    return face.go("/panel", "called_off")


@post("/held-orders/spare", guards=DECIDE)
async def spare(house: House, staff: StaffSeat) -> Redirect:
    """The button *give them more time*: as much as a new order has."""
    by, now = staff.staff_id, house.clock.now()
    wanted = await house.store.read(lambda tx: shop_settings.load(tx, staff.shop_id))
    due_at = now + timedelta(minutes=wanted.order_expiry_minutes or house.settings.order_expiry_minutes)
    await house.store.write(lambda tx: settle_mass(tx, staff.shop_id, due_at=due_at, by=by, now=now))
    return face.go("/panel", "spared")


ROUTES = [close, again, call_off, spare]
