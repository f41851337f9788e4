"""What a handler sees: one event, and a batch with everything loaded for it and buffers flushed together.

Orders, products and shop books are read in a few queries for all events of the batch; handlers work on those in
memory and add rows to buffers; `flush` writes everything with one statement per table.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import bindparam, select, tuple_

from orderbell.base.crash import crashpoint
from orderbell.delivery.book import ShopBook
from orderbell.delivery.seats import NO_SEATS, Seats
from orderbell.domain import firsts, orders
from orderbell.domain.orders import OrderState
from orderbell.events import Event, Line, OrderEvent, StockEvent, from_payload, type_of
from orderbell.runtime import flush, local
from orderbell.runtime.regain import Regained
from orderbell.runtime.words import Decided, Heard, Means, Outbound, Stock
from orderbell.store import journal
from orderbell.store.database import Tx
from orderbell.store.schema import LineRow, Order, Product, State

Claimed = SqlRow[Any] | journal.Fresh
# Made once: putting such a question together costs more than asking it.
_WANTED: Any = bindparam("wanted", expanding=True)
_ORDERS = (
    select(Order.__table__).where(tuple_(Order.shop_id, Order.number).in_(_WANTED)).order_by(Order.id).with_for_update()
)
_LINES = select(LineRow.__table__).where(LineRow.order_id.in_(_WANTED)).order_by(LineRow.order_id, LineRow.n)
_PRODUCTS = (
    select(Product.__table__)
    .where(tuple_(Product.shop_id, Product.sku).in_(_WANTED), Product.archived_at.is_(None))
    .order_by(Product.id)
    .with_for_update()
)
ORDER_COLUMNS = tuple(column.name for column in Order.__table__.columns)


class Batch:
    """Events that are handled together in one transaction."""

    def __init__(self, tx: Tx, means: Means, now: datetime, seats: Seats = NO_SEATS) -> None:
        self.tx = tx
        self.now = now
        self.means = means
        self.seats = seats
        self.books: dict[str, ShopBook] = {}
        self.queue: deque[Heard] = deque()
        self._found: list[Heard] = []
        self.filled: set[str] = set()
        """The orders that got goods in this batch."""
        self._earliest: dict[str, str] = {}
        """The first order of each buyer somebody asked about."""
        self.regained: Regained | None = None
        """What was told and given before a restore; None in a house that was not restored lately."""
        self.out = Decided(now)
        self.orders = self.out.orders
        self.stocks = self.out.stocks

    def load(self, rows: Sequence[Claimed]) -> None:
        """Read everything the claimed journal rows need."""
        self.books = self.means.books.open(self.tx, (row.shop_id for row in rows))
        # An id tells when a fact was written down; a more urgent one of the same order may have been claimed first.
        for row in sorted(rows, key=attrgetter("id")):
            self.queue.append(Heard(row, row.event if isinstance(row, journal.Fresh) else self._open(row)))
        keys = {(row.shop_id, row.order_number) for row in rows if row.order_number}
        self.load_orders(keys)
        self._meet_orders()
        self._remember(keys)
        skus = {(each.shop_id, sku) for each in self.queue for sku in _skus(each.event)}
        skus |= {(order.shop_id, line.sku) for order in self.orders.values() for line in order.lines}
        self.load_stocks(skus)

    def _remember(self, keys: Iterable[tuple[str, str]]) -> None:
        """After a restore: what these orders got and heard before it."""
        past = self.means.past
        if past.mark is not None and past.is_recent(self.now):
            self.regained = self.regained or Regained(past.mark)
            self.regained.load(self.tx, keys)

    def _open(self, row: SqlRow[Any]) -> Event:
        goods = journal.open_goods(self.books[row.shop_id].vault.box, row.shop_id, row.id, row.goods_sealed)
        return from_payload(row.type, row.payload, goods)

    def _meet_orders(self) -> None:
        """Open the orders we hear of for the first time, learn what events tell of the others, know who buys."""
        for heard in self.queue:
            if not isinstance(heard.event, OrderEvent):
                continue
            key = (heard.shop_id, heard.event.order.number)
            if key in self.orders:
                orders.learn(self.orders[key], heard.event.order)
            else:
                currency = self.books[heard.shop_id].currency
                self.orders[key] = orders.open_order(heard.shop_id, heard.row.source_id, heard.event, currency=currency)
        flush.know_customers(self.tx, self.out)

    def load_orders(self, keys: Iterable[tuple[str, str]]) -> None:
        """Bring orders into memory by (shop, number), locked until the transaction ends."""
        wanted = sorted(set(keys) - set(self.orders))
        if not wanted:
            return
        rows = self.tx.execute(_ORDERS, {"wanted": wanted}).all()
        lines: dict[str, list[Line]] = {}
        ids = [row.id for row in rows]
        if ids:
            for line in self.tx.execute(_LINES, {"wanted": ids}):
                lines.setdefault(line.order_id, []).append(
                    Line(sku=line.sku, title=line.title, quantity=line.quantity, price_minor=line.price_minor)
                )
        for row in rows:
            values = {name: getattr(row, name) for name in ORDER_COLUMNS}
            self.orders[row.shop_id, row.number] = OrderState(**values, lines=lines.get(row.id, []))

    def load_stocks(self, keys: Iterable[tuple[str, str]]) -> None:
        """Bring products into memory by (shop, SKU), locked in a fixed order until the transaction ends."""
        wanted = sorted(set(keys) - set(self.stocks))
        if not wanted:
            return
        self.stocks.update(dict.fromkeys(wanted))
        for row in self.tx.execute(_PRODUCTS, {"wanted": wanted}):
            self.stocks[row.shop_id, row.sku] = Stock(row, warned=row.warned)

    def stock(self, shop_id: str, sku: str) -> Stock | None:
        """The product of that SKU; None when the shop sells it without us."""
        if (shop_id, sku) not in self.stocks:
            self.load_stocks([(shop_id, sku)])
        return self.stocks[shop_id, sku]

    def is_first(self, order: OrderState) -> bool:
        """Whether the buyer of an order is not known to have ordered before; asked of the database once a batch."""
        if order.customer_id is not None and order.customer_id not in self._earliest:
            mine = [each for each in self.orders.values() if each.customer_id not in (None, *self._earliest)]
            found = firsts.earliest(self.tx, {(each.shop_id, str(each.customer_id)) for each in mine})
            for each in mine:
                buyer = str(each.customer_id)
                self._earliest[buyer] = min(each.id, found.get(buyer, each.id), self._earliest.get(buyer, each.id))
        return order.customer_id is None or self._earliest.get(order.customer_id, order.id) == order.id

    def find_out(self, shop_id: str, event: Event) -> None:
        """Add a fact of our own; it is handled in this batch, next, and written to the journal with it."""
        entry = journal.Entry(shop_id=shop_id, source_id=None, event=event)
        row = journal.to_row(entry, self.now) | {"state": int(State.DONE), "done_at": self.now}
        self._found.append(Heard(journal.Fresh(row, event), event, derived=True))

    def end(self, heard: Heard) -> None:
        """An event was handled. What was found out by it is heard before anything that came later."""
        self.out.heard.append(heard)
        self.queue.extendleft(reversed(self._found))
        self._found.clear()

    def flush(self) -> Outbound:
        """Write everything the handlers decided; what needs no network is delivered with it."""
        local.obey(self.tx, self.out, self.books)
        local.deliver(self.out, self.books, self.means.writer)
        flights = local.board(self.out, self.books, self.seats, self.now + timedelta(seconds=self.means.lease_s))
        crashpoint("decide.before_flush")
        kept = flush.write(self.tx, self.out)
        crashpoint("decide.after_flush")
        waits = any(row["state"] == State.READY for row, _ in self.out.messages)
        return Outbound([flight for flight in flights if flight.row.id in kept], waits)


def _skus(event: Event) -> list[str]:
    if isinstance(event, OrderEvent):
        return [line.sku for line in event.order.lines]
    return [event.sku] if isinstance(event, StockEvent) else []


def natural(event: type[Event], subject: str) -> str:
    """The natural id of a fact of our own that can be true only once for its subject."""
    return f"orderbell:{subject}:{type_of(event)}"
