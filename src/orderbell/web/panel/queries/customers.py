"""Buyers as the panel lists them, and one buyer with all orders and messages on one line of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select
from sqlalchemy import Row as SqlRow

from orderbell.base.errors import NotFound
from orderbell.store.schema import AddressRow, Customer, Message, Order, Reveal
from orderbell.web.panel.queries import messages, orders, sought
from orderbell.web.panel.queries.sought import Wish

PAGE = 50
MOST_ORDERS = 100
MOST_MESSAGES = 1000
MOST_ALIKE = 20
SHOWN = 200
AnyRow = SqlRow[*tuple[Any, ...]]
_EARNED = case((Order.paid_at.is_not(None) & (Order.status != "refunded"), Order.amount_minor), else_=0)


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What somebody ordered: how often, when last, and what they paid by currency, refunds left out."""

    orders: int = 0
    last_at: datetime | None = None
    paid: Mapping[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class CustomerListing:
    """One page of customers with their addresses and totals by id."""

    rows: Sequence[AnyRow]
    older: str
    addresses: Mapping[str, Sequence[AnyRow]]
    totals: Mapping[str, Totals]


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One thing on a buyer's line of time. `kind`: order, paid, delivered, refunded, reveal or message."""

    at: datetime
    kind: str
    row: AnyRow


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How one channel does with a buyer."""

    channel: str
    arrived: int
    failed: int
    last_at: datetime
    last_status: str


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """One buyer. `alike` are other names of the same person: who shares an e-mail address or phone number."""

    row: AnyRow
    alike: Sequence[AnyRow]
    addresses: Sequence[AnyRow]
    totals: Totals
    orders: Sequence[AnyRow]
    goods: Mapping[str, Sequence[AnyRow]]
    moments: Sequence[Moment]
    reaches: Sequence[Reach]
    cut: bool
    """Older things are not on the line any more."""


def find(tx: Connection, shop_id: str, wish: Wish, most: int = PAGE) -> CustomerListing:
    """One page of what the reader wishes to see, the newest first."""
    query = select(Customer.__table__).where(*wanted(tx, shop_id, wish))
    if wish.before:
        query = query.where(Customer.id < wish.before)
    rows = tx.execute(query.order_by(Customer.id.desc()).limit(most + 1)).all()
    ids = [row.id for row in rows[:most]]
    older = rows[most - 1].id if len(rows) > most else ""
    return CustomerListing(
        rows=rows[:most], older=older, addresses=_addresses(tx, shop_id, ids), totals=_totals(tx, shop_id, ids)
    )


def wanted(tx: Connection, shop_id: str, wish: Wish) -> list[ColumnElement[bool]]:
    """The conditions of a wish; the page it starts at is not among them."""
    return sought.of_customers(tx, shop_id, wish.read, now=wish.now, zone=wish.zone)


def _addresses(tx: Connection, shop_id: str, ids: Sequence[str]) -> dict[str, list[AnyRow]]:
    found: dict[str, list[AnyRow]] = {}
    query = select(AddressRow.__table__).where(AddressRow.shop_id == shop_id, AddressRow.customer_id.in_(ids))
    for row in tx.execute(query.order_by(AddressRow.kind, AddressRow.value)):
        found.setdefault(row.customer_id, []).append(row)
    return found


def _totals(tx: Connection, shop_id: str, ids: Sequence[str]) -> dict[str, Totals]:
    query = (
        select(Order.customer_id, Order.currency, func.count(), func.max(Order.created_at), func.sum(_EARNED))
        .where(Order.shop_id == shop_id, Order.customer_id.in_(ids))
        .group_by(Order.customer_id, Order.currency)
    )
    found: dict[str, list[Any]] = {}
    for row in tx.execute(query):
        found.setdefault(row[0], []).append(row)
    return {id_: _total(rows) for id_, rows in found.items()}


def _total(rows: Iterable[Any]) -> Totals:
    known = list(rows)
    paid = {row[1]: int(row[4]) for row in known if row[4]}
    return Totals(orders=sum(row[2] for row in known), last_at=max((row[3] for row in known), default=None), paid=paid)


def whole(tx: Connection, shop_id: str, customer_id: str) -> Buyer:
    """One buyer with everything, newest first.

    Raises:
        NotFound: no such customer in this shop.
    """
    row = tx.execute(select(Customer.__table__).where(_is(shop_id, [customer_id]))).one_or_none()
    if row is None:
        raise NotFound("There is no such customer.")
    own = _addresses(tx, shop_id, [customer_id]).get(customer_id, [])
    alike = _alike(tx, shop_id, customer_id, own)
    people = [customer_id, *(each.id for each in alike)]
    mine = (Order.shop_id == shop_id, Order.customer_id.in_(people))
    bought = tx.execute(orders.line().where(*mine).limit(MOST_ORDERS * 5)).all()
    # Sorted here: an ORDER BY would lead the planner to walk all orders in order instead of these few.
    bought = sorted(bought, key=lambda each: each.id, reverse=True)[:MOST_ORDERS]
    sent = _messages(tx, shop_id, [each.id for each in bought])
    line = _moments(tx, shop_id, bought, sent)
    every = _addresses(tx, shop_id, people).values()
    return Buyer(
        row=row, alike=alike, addresses=_once(each for rows in every for each in rows),
        totals=_total(_sums(tx, mine)), orders=bought, goods=orders.lines_of(tx, shop_id, [each.id for each in bought]),
        moments=line[:SHOWN], reaches=_reaches(sent), cut=len(line) > SHOWN or len(bought) == MOST_ORDERS,
    )  # fmt: skip


def _is(shop_id: str, ids: Sequence[str]) -> ColumnElement[bool]:
    return (Customer.shop_id == shop_id) & Customer.id.in_(ids)


def _sums(tx: Connection, mine: tuple[ColumnElement[bool], ...]) -> Sequence[AnyRow]:
    query = select(func.min(Order.customer_id), Order.currency, func.count(), func.max(Order.created_at),
                   func.sum(_EARNED))  # fmt: skip
    return tx.execute(query.where(*mine).group_by(Order.currency)).all()


def _alike(tx: Connection, shop_id: str, customer_id: str, own: Sequence[Any]) -> Sequence[AnyRow]:
    values = [each.value for each in own if each.kind in ("email", "phone")]
    if not values:
        return []
    shared = select(AddressRow.customer_id).where(
        AddressRow.shop_id == shop_id, AddressRow.value.in_(values), AddressRow.kind.in_(("email", "phone")),
        AddressRow.customer_id != customer_id,
    )  # fmt: skip
    ids = list(tx.execute(shared.distinct().limit(MOST_ALIKE)).scalars())
    return tx.execute(select(Customer.__table__).where(_is(shop_id, ids)).order_by(Customer.id)).all() if ids else []


def _once(rows: Iterable[Any]) -> list[Any]:
    known: dict[tuple[str, str], Any] = {}
    for row in rows:
        before = known.get((row.kind, row.value))
        if before is None or (row.dead_at and not before.dead_at):
            known[row.kind, row.value] = row
    return list(known.values())


def _messages(tx: Connection, shop_id: str, order_ids: Sequence[str]) -> Sequence[AnyRow]:
    if not order_ids:
        return []
    mine = (Message.shop_id == shop_id, Message.order_id.in_(order_ids), Message.audience == "buyer")
    return tx.execute(messages.line().where(*mine).limit(MOST_MESSAGES)).all()


def _moments(tx: Connection, shop_id: str, bought: Sequence[Any], sent: Sequence[Any]) -> list[Moment]:
    found = [Moment(at=each.created_at, kind="message", row=each) for each in sent]
    for order in bought:
        found.append(Moment(at=order.created_at, kind="order", row=order))
        found += [
            Moment(at=at, kind=kind, row=order)
            for kind, at in (("paid", order.paid_at), ("delivered", order.delivered_at), ("ended", order.ended_at))
            if at and not (kind == "ended" and order.status in ("paid", "delivered"))
        ]
    seen = select(Reveal.at, Reveal.by, Order.number).join(Order, Order.id == Reveal.order_id)
    ids = [each.id for each in bought]
    looks = tx.execute(seen.where(Reveal.shop_id == shop_id, Reveal.order_id.in_(ids))).all() if ids else []
    found += [Moment(at=each.at, kind="reveal", row=each) for each in looks]
    return sorted(found, key=lambda each: each.at, reverse=True)


def _reaches(sent: Sequence[Any]) -> list[Reach]:
    by_channel: dict[str, list[Any]] = {}
    for each in sorted(sent, key=lambda each: each.id):
        by_channel.setdefault(each.channel, []).append(each)
    return [
        Reach(
            channel=kind, arrived=sum(each.status in ("sent", "delivered") for each in rows),
            failed=sum(each.status in ("failed", "unknown") for each in rows), last_at=rows[-1].created_at,
            last_status=rows[-1].status,
        )
        for kind, rows in sorted(by_channel.items())
    ]  # fmt: skip
