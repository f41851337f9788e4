"""Lists taken along as tables: streamed, in the shop's time, safe in spreadsheets, and noted in the trail."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import post
from litestar.response import Stream
from sqlalchemy import Connection

from orderbell.base import money
from orderbell.domain import audit
from orderbell.domain.customers import addresses
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.store.schema import Message, Order
from orderbell.web import guards, language
from orderbell.web.panel import face, lists, people, words
from orderbell.web.panel.asked import Asked
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import customers, messages, orders
from orderbell.web.panel.queries.sought import Wish
from orderbell.web.panel.trail import safe_cell

EXPORT = [guards.deed("export")]
AT_ONCE = 1000
BOM = "\ufeff"
"""Excel takes a file without it for the machine's old encoding."""
Say = Callable[..., str]
Rows = tuple[list[Sequence[str]], str]


@dataclass(frozen=True, kw_only=True)
class Taker:
    """Who takes what along, and how they read it."""

    house: House
    staff: StaffSeat
    asked: Asked
    say: Say
    now: datetime
    zone: str
    currency: str

    @property
    def when(self) -> Callable[[datetime | None], str]:
        """Writes moments as the shop's clock shows them; empty for one that has not come."""
        write = face.clock_for(self.zone)
        return lambda at: write(at, "%Y-%m-%d %H:%M:%S") if at else ""


@post("/messages/export", guards=EXPORT)
async def of_messages(request: AnyRequest, house: House, staff: StaffSeat) -> Stream:
    """The filtered messages as CSV."""
    heads = ("Id", "Time", "Sent", "Message", "Status", "Reason", "Channel", "To", "Subject", "Order", "For")
    return await _take(request, house, staff, "messages", heads=heads, page=_messages)


@post("/orders/export", guards=EXPORT)
async def of_orders(request: AnyRequest, house: House, staff: StaffSeat) -> Stream:
    """The filtered orders as CSV."""
    heads = (
        "Order", "Placed", "Status", "Buyer", "How to reach them", "Goods", "Pieces", "Amount", "Currency", "Paid",
        "Handed out", "What is special about it",
    )  # fmt: skip
    return await _take(request, house, staff, "orders", heads=heads, page=_orders)


@post("/customers/export", guards=EXPORT)
async def of_customers(request: AnyRequest, house: House, staff: StaffSeat) -> Stream:
    """The filtered customers as CSV."""
    heads = ("Id", "Customer", "How to reach them", "Language", "Known since", "Orders", "Last order")
    more = ("Spent",) if staff.may("see_money") else ()
    return await _take(request, house, staff, "customers", heads=(*heads, *more), page=_customers)


async def _take(
    request: AnyRequest, house: House, staff: StaffSeat, page_name: str, *, heads: Sequence[str],
    page: Callable[[Connection, Taker, str], Rows],
) -> Stream:  # fmt: skip
    box, now = lists.read_box_of(await request.form(), page_name, request), house.clock.now()
    detail, by = {"query": box.asked.text}, staff.staff_id

    def note(tx: Connection) -> Any:
        audit.note(tx, staff.shop_id, actor=by, action=f"{page_name}.exported", object=page_name, now=now,
                   detail=detail)  # fmt: skip
        return house.books.one(tx, staff.shop_id)

    book = await house.store.write(note)
    taker = Taker(
        house=house, staff=staff, asked=box.asked, say=language.words(request), now=now, zone=book.timezone,
        currency=book.currency,
    )  # fmt: skip
    name = f"orderbell-{page_name}-{now:%Y%m%d}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"', "x-accel-buffering": "no"}
    lines = _lines(taker, [taker.say(head) for head in heads], page)
    return Stream(lines, media_type="text/csv; charset=utf-8", headers=headers, status_code=200)


async def _lines(
    taker: Taker, heads: Sequence[str], page: Callable[[Connection, Taker, str], Rows]
) -> AsyncIterator[str]:
    # A read for each piece: a long table must not hold one view of the database while somebody downloads it.
    yield BOM + sheet([heads])
    before = ""
    while True:
        rows, before = await taker.house.store.read(lambda tx, at=before: page(tx, taker, at))  # type: ignore[misc]
        yield sheet(rows)
        if not before:
            return


def sheet(rows: Sequence[Sequence[str]]) -> str:
    """Rows as CSV; no cell is ever taken for a formula, and none breaks its line."""
    text = io.StringIO()
    csv.writer(text).writerows([safe_cell(_flat(cell)) for cell in row] for row in rows)
    return text.getvalue()


def _flat(cell: str) -> str:
    return " ".join(cell.split()) if any(mark in cell for mark in "\r\n\t\v\f\u2028\u2029") else cell


def _messages(tx: Connection, taker: Taker, before: str) -> Rows:
    shop_id, say = taker.staff.shop_id, taker.say
    wish = Wish(asked=taker.asked, now=taker.now, zone=taker.zone)
    query = messages.line().where(*messages.wanted(tx, shop_id, wish))
    rows = tx.execute(_next(query, Message.id, before)).all()
    contact, titles, when = people.contact_for(taker.staff), face.channel_titles(), taker.when
    return [
        (
            row.id, when(row.created_at), when(row.sent_at), say(words.event_word(row.event_type)),
            say(words.message_sign(row.status, row.tries, row.reason).word), say(words.reason_word(row.reason)),
            say(titles.get(row.channel, row.channel)), contact(row.address) if row.channel != "inbox" else "",
            row.subject or "", row.number or "", say(words.AUDIENCES.get(row.audience, row.audience)),
        )
        for row in rows
    ], _more(rows)  # fmt: skip


def _orders(tx: Connection, taker: Taker, before: str) -> Rows:
    shop_id, say, when = taker.staff.shop_id, taker.say, taker.when
    wish = Wish(asked=taker.asked, now=taker.now, zone=taker.zone, currency=taker.currency)
    query = orders.line().where(*orders.wanted(tx, shop_id, wish))
    rows = tx.execute(_next(query, Order.id, before)).all()
    goods, contact = orders.lines_of(tx, shop_id, [row.id for row in rows]), people.contact_for(taker.staff)
    return [
        (
            row.number, when(row.created_at), say(words.order_sign(row.status).word), str(row.buyer.get("name") or ""),
            ", ".join(contact(value) for _, value in addresses(row.buyer)),
            ", ".join(f"{line.title or line.sku} × {line.quantity}" for line in goods.get(row.id, ())),
            str(sum(line.quantity for line in goods.get(row.id, ()))), money.to_text(row.amount_minor, row.currency),
            row.currency, when(row.paid_at), when(row.delivered_at),
            ", ".join(say(sign.word) for flag, sign in words.FLAGS.items() if getattr(row, flag)),
        )
        for row in rows
    ], _more(rows)  # fmt: skip


def _customers(tx: Connection, taker: Taker, before: str) -> Rows:
    wish = Wish(asked=taker.asked, before=before, now=taker.now, zone=taker.zone)
    found = customers.find(tx, taker.staff.shop_id, wish, most=AT_ONCE)
    contact, sees_money = people.contact_for(taker.staff), taker.staff.may("see_money")
    rows: list[Sequence[str]] = []
    for row in found.rows:
        ways, total = found.addresses.get(row.id, ()), found.totals.get(row.id, customers.Totals())
        paid = [f"{money.to_text(minor, currency)} {currency}" for currency, minor in (total.paid or {}).items()]
        cells = (
            row.id, people.customer_name(row, ways), ", ".join(contact(way.value) for way in ways), row.locale or "",
            taker.when(row.created_at), str(total.orders), taker.when(total.last_at),
        )  # fmt: skip
        rows.append((*cells, ", ".join(paid)) if sees_money else cells)
    return rows, found.older


def _next(query: Any, column: Any, before: str) -> Any:
    return (query.where(column < before) if before else query).order_by(column.desc()).limit(AT_ONCE)


def _more(rows: Sequence[Any]) -> str:
    return str(rows[-1].id) if len(rows) == AT_ONCE else ""


ROUTES = [of_messages, of_orders, of_customers]
