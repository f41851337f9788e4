"""Writes what a batch decided: one statement per table, however many events there were."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from orderbell.base import mutant
from orderbell.base.errors import Conflict
from orderbell.base.ids import new_id
from orderbell.delivery import outbox
from orderbell.domain import cards, customers
from orderbell.domain.orders import OrderState
from orderbell.runtime.words import Decided
from orderbell.store import bulk, leases
from orderbell.store.database import Tx
from orderbell.store.schema import AddressRow, Attempt, Customer, EventRow, LineRow, Order, Product, State, Task, Timer

_MOVE = (
    update(Product)
    .where(Product.__table__.c.id == bindparam("b_id"))
    .values(
        free=Product.free - bindparam("gone"),
        sold=Product.sold + bindparam("sold_more"),
        warned=bindparam("warned"),
    )
)
_IDENTITY = ("id", "shop_id", "number", "created_at", "source_id", "link_gen", "reveals")
_ORDER_COLUMNS = tuple(column.name for column in Order.__table__.columns)
_CHANGING = tuple(name for name in _ORDER_COLUMNS if name not in _IDENTITY)


def write(tx: Tx, out: Decided) -> set[str]:
    """Everything of a batch, parents before children; the ids of its messages that were not known already."""
    _orders(tx, list(out.orders.values()))
    cards.insert_slots(tx, out.slots)
    cards.sell(tx, [(sale.card_id, sale.slot_id) for sale in out.sales], out.now, told=out.sales)
    _stocks(tx, out)
    bulk.insert(tx, Timer, out.timers, once=("shop_id", "kind", "subject_id", "gen"))
    _tasks(tx, out)
    _events(tx, out)
    kept = outbox.put(tx, [row for row, _ in out.messages])
    bulk.insert(tx, Attempt, [row for row in out.attempts if row["message_id"] in kept])
    return kept


def _insert(tx: Tx, table: Any) -> Any:
    return (sqlite if tx.dialect.name == "sqlite" else postgresql).insert(table)


def _orders(tx: Tx, orders: list[OrderState]) -> None:
    fresh = [order for order in orders if order.opened_by is not None]
    changed = [order for order in orders if order.opened_by is None and order.changed]
    if fresh:
        bulk.insert(tx, Order, [{name: getattr(order, name) for name in _ORDER_COLUMNS} for order in fresh])
    if changed:
        _change_orders(tx, changed)
    lines = [row for order in orders if order.new_lines for row in _line_rows(order)]
    if lines:
        bulk.insert(tx, LineRow, lines)


def _change_orders(tx: Tx, orders: list[OrderState]) -> None:
    rows = []
    for order in orders:
        row = {name: getattr(order, name) for name in _CHANGING}
        rows.append(row | {"b_id": order.id, "b_version": order.version, "version": order.version + 1})
    if bulk.change(tx, Order, rows, _CHANGING, keys=("id", "version")) != len(rows):
        raise Conflict("An order changed under this worker's hands.", code="order_changed")


def _line_rows(order: OrderState) -> list[dict[str, Any]]:
    return [
        {
            "order_id": order.id, "n": n, "shop_id": order.shop_id, "sku": line.sku, "title": line.title,
            "quantity": line.quantity, "price_minor": line.price_minor,
        }
        for n, line in enumerate(order.lines, 1)
    ]  # fmt: skip


def _stocks(tx: Tx, out: Decided) -> None:
    moved = [
        {"b_id": stock.row.id, "gone": stock.gone, "sold_more": stock.sold, "warned": stock.warned}
        for stock in out.stocks.values()
        if stock is not None and (stock.sold or stock.kept or stock.warned != stock.row.warned)
    ]
    if moved and not mutant.without("stock_counted"):
        tx.execute(_MOVE, sorted(moved, key=lambda row: str(row["b_id"])))


def _tasks(tx: Tx, out: Decided) -> None:
    if out.tasks:
        statement = _insert(tx, Task)
        tx.execute(
            statement.on_conflict_do_update(
                index_elements=["shop_id", "kind", "subject_id"],
                set_={"closed_at": None, "closed_by": None, "detail": statement.excluded.detail},
            ),
            out.tasks,
        )
    if out.closed_tasks:
        close = (
            update(Task)
            .where(
                Task.shop_id == bindparam("b_shop"),
                Task.kind == bindparam("b_kind"),
                Task.subject_id == bindparam("b_subject"),
                Task.closed_at.is_(None),
            )
            .values(closed_at=out.now, closed_by="system")
        )
        tx.execute(close, out.closed_tasks)


def _events(tx: Tx, out: Decided) -> None:
    results = [
        {
            "b_id": heard.row.id, "b_gen": heard.row.lease_gen + 1, "state": int(State.DONE), "done_at": out.now,
            "order_id": heard.order.id if heard.order else None, "story": heard.story, "error": None,
        }
        for heard in out.heard
        if not heard.derived
    ]  # fmt: skip
    kept = leases.settle(tx, EventRow, results, ("state", "done_at", "order_id", "story", "error"))
    if kept != len(results):
        raise Conflict("Another worker took these events meanwhile.", code="lease_lost")
    derived = [
        {**heard.row.values, "order_id": heard.order.id if heard.order else None, "story": heard.story}
        for heard in out.heard
        if heard.derived
    ]
    if derived:
        bulk.insert(tx, EventRow, derived)


def know_customers(tx: Tx, out: Decided) -> None:
    """Give every new order its customer and keep the ways to reach them; known ones are only linked."""
    wanted: dict[tuple[str, str], list[OrderState]] = {}
    for order in out.orders.values():
        key = customers.natural_key(order.buyer)
        if key is not None and order.customer_id is None:
            wanted.setdefault((order.shop_id, key), []).append(order)
    if not wanted:
        return
    rows = [_customer_row(out.now, shop_id, key, found[0]) for (shop_id, key), found in sorted(wanted.items())]
    known = {(row["shop_id"], row["natural_key"]): row["id"] for row in rows}
    if bulk.insert(tx, Customer, rows, once=("shop_id", "natural_key")) < len(rows):
        query = select(Customer.id, Customer.shop_id, Customer.natural_key).where(
            tuple_(Customer.shop_id, Customer.natural_key).in_(list(wanted))
        )
        known = {(row.shop_id, row.natural_key): row.id for row in tx.execute(query)}
    ways: list[dict[str, Any]] = []
    for name, found in wanted.items():
        for order in found:
            order.customer_id, order.changed = known[name], True
            ways += _address_rows(out.now, order)
    bulk.insert(tx, AddressRow, ways, once=("customer_id", "kind", "value"))


def _customer_row(now: datetime, shop_id: str, key: str, order: OrderState) -> dict[str, Any]:
    buyer = order.buyer
    return {
        "id": new_id("customer"), "shop_id": shop_id, "natural_key": key, "name": buyer.get("name"),
        "locale": buyer.get("locale"), "timezone": buyer.get("timezone"), "created_at": now,
    }  # fmt: skip


def _address_rows(now: datetime, order: OrderState) -> list[dict[str, Any]]:
    return [
        {
            "customer_id": order.customer_id, "kind": kind, "value": value, "shop_id": order.shop_id,
            "seen_at": now,
        }
        for kind, value in customers.addresses(order.buyer)
    ]  # fmt: skip
