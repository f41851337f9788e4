"""Drawing a page of the panel: one read for its frame and its facts, one template, one set of words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Request
from litestar.response import Redirect, Template
from sqlalchemy import Connection, func, select

from orderbell.base.errors import OrderBellError
from orderbell.channels.directory import CHANNELS
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.store import marker
from orderbell.store.schema import Shop, Task
from orderbell.web import guards, packing
from orderbell.web.panel import nav, rights, undo, words

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]
Form = Mapping[str, Any]
MOST_COUNTED = 99
SECRET_PAGES = frozenset({"channel", "factor", "first_run_step", "keys", "recovery", "sources"})
"""Pages that show what opens a door; they are not packed (web/packing.py says why)."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What stands around every page: whose shop it is, its clock and money, and how much waits for a person."""

    shop_name: str
    zone: str
    locale: str
    currency: str
    demo: bool
    open_tasks: int
    paused: bool
    """A backup was restored, and nobody has let the house go on."""


@dataclass(frozen=True)
class Look(Generic[T]):
    """One page's read: the frame and the page's own facts, of the same moment."""

    frame: Frame
    facts: T


def frame(tx: Connection, shop_id: str) -> Frame:
    """The frame of a shop's pages."""
    shop = tx.execute(
        select(Shop.name, Shop.timezone, Shop.locale, Shop.currency, Shop.demo).where(Shop.id == shop_id)
    ).one()
    waiting = select(Task.id).where(Task.shop_id == shop_id, Task.closed_at.is_(None)).limit(MOST_COUNTED + 1)
    return Frame(
        shop_name=shop.name, zone=shop.timezone, locale=shop.locale, currency=shop.currency, demo=bool(shop.demo),
        open_tasks=tx.execute(select(func.count()).select_from(waiting.subquery())).scalar_one(),
        paused=marker.is_paused(tx),
    )  # fmt: skip


async def look(house: House, staff: StaffSeat, read: Callable[[Connection], T]) -> Look[T]:
    """Read the frame and `read(tx)` in one go."""
    return await house.store.read(lambda tx: Look(frame(tx, staff.shop_id), read(tx)))


def page(
    request: AnyRequest, staff: StaffSeat, seen: Look[Any], name: str, *, status: int = 200, **facts: object
) -> Template:
    """The template `panel/<name>.html`; it knows the facts as `it`, the frame as `frame`, and what `facts` adds."""
    if name not in SECRET_PAGES:
        packing.allow(request)
    done = words.DONE.get(request.query_params.get("done", ""), "")
    back = undo.read(guards.house_of(request), staff, request.query_params.get("undo", "")) if done else None
    context = {
        "it": seen.facts, "frame": seen.frame, "staff": staff, "words": words, "zone": seen.frame.zone, "done": done,
        "clock": clock_for(seen.frame.zone), "titles": channel_titles(), "theme": theme(request), "wrong": None,
        "values": {}, "undo": back, "nav": nav, "sees": partial(rights.sees, staff), **facts,
    }  # fmt: skip
    return Template(f"panel/{name}.html", context=context, status_code=status)


def bare(request: AnyRequest, name: str, *, status: int = 200, **facts: object) -> Template:
    """A page for people who are not signed in: no frame."""
    packing.allow(request)
    context = {"theme": theme(request), "wrong": None, "words": words, **facts}
    return Template(f"panel/{name}.html", context=context, status_code=status)


def theme(request: AnyRequest) -> str:
    """`light`, `dark`, or empty when the reader's system decides."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in ("light", "dark") else ""


def part_for(request: AnyRequest) -> str:
    """Which part of the page htmx wants to put its answer into; empty for a whole page."""
    return request.headers.get("hx-target", "") if request.headers.get("hx-request") else ""


def go(path: str, done: str = "", **query: str) -> Redirect:
    """Back to a page after a deed, by GET, so that loading it again repeats nothing."""
    asked = {name: value for name, value in {**query, "done": done}.items() if value}
    return Redirect(f"{path}?{urlencode(asked)}" if asked else path, status_code=303)


def wrong(error: OrderBellError) -> dict[str, str]:
    """A refusal for a form: which field, and the sentence as the catalogue knows it."""
    field = error.extra.get("field")
    return {"field": field if isinstance(field, str) else "", "sentence": words.WRONG.get(error.code, error.sentence)}


def channel_titles() -> dict[str, str]:
    """Every channel kind's title, as a message id."""
    return {kind: channel.title for kind, channel in CHANNELS.items()}


def clock_for(zone: str) -> Callable[..., str]:
    """A quick way to write moments as digits in the shop's zone; `form` is a strftime pattern."""
    place = ZoneInfo(zone)

    def write(at: datetime | None, form: str = "%m-%d %H:%M:%S") -> str:
        return "–" if at is None else at.astimezone(place).strftime(form)

    return write
