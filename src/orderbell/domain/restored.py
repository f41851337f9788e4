"""After a restore: what is taken out of the stock, held back and shown to the owner before the house goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from orderbell.base.errors import Conflict, NotReady
from orderbell.base.ids import new_id
from orderbell.domain import audit, cards, lost
from orderbell.events import OrderDelivered, OrderFacts
from orderbell.store import journal, marker
from orderbell.store.database import Tx
from orderbell.store.marker import Restored
from orderbell.store.schema import Card, LineRow, LostSale, Message, Order, Product, Shop, Slot, State, Task, Timer

REASON = "restored"
TASK = "set_aside"
SHOWN_MOST = 200
# How long a shop gets to tell again what was lost before timers of that time ring: unpaid orders may be paid long ago.
TIMERS_WAIT = timedelta(minutes=30)
_SERVED = ("paid", "completed")


def refuse_while_paused(tx: Tx) -> None:
    """Raises NotReady, `paused_after_restore`, while a restored house waits for its owner."""
    if marker.is_paused(tx):
        raise NotReady("The house is paused after a restore; look at what changed first.", code="paused_after_restore")


def hold_messages(tx: Tx, now: datetime) -> int:
    """Messages that waited at the snapshot may have gone out since: unknown, and sent only if a person says so."""
    waited = Message.state.in_((int(State.READY), int(State.LEASED), int(State.HELD)))
    over = {"state": int(State.DONE), "status": "unknown", "reason": REASON, "ended_at": now}
    return tx.execute(update(Message).where(waited).values(over)).rowcount


def bind_known_orders(tx: Tx, now: datetime) -> int:
    """Give orders the database still knows, and knows as paid, the cards the journal says they got; how many.

    Orders that are still unpaid in it, or unknown, get theirs when the shop tells again that they are paid.
    """
    query = (
        select(Order.__table__)
        .where(Order.status.in_((*_SERVED, "delivered")))
        .where(
            select(LostSale.card_id)
            .where(
                LostSale.shop_id == Order.shop_id, LostSale.order_number == Order.number,
                LostSale.settled_at.is_(None), LostSale.fate != lost.QUARANTINE,
            )
            .exists()
        )
        .order_by(Order.id)
    )  # fmt: skip
    orders = tx.execute(query).all()
    sales = lost.of_orders(tx, [(order.shop_id, order.number) for order in orders])
    for order in orders:
        _bind(tx, order, [row for row in sales[order.shop_id, order.number] if row.settled_at is None], now)
    return len(orders)


def _bind(tx: Tx, order: Row[Any], sales: Sequence[Row[Any]], now: datetime) -> None:
    _void_older(tx, order.id, [row for row in sales if row.gen])
    cards.insert_slots(tx, lost.slot_rows(order.id, sales))
    lost.settle(tx, sales, now)
    if order.delivered_at is not None:
        return
    wanted = select(func.sum(LineRow.quantity)).where(LineRow.shop_id == order.shop_id, LineRow.order_id == order.id)
    have = select(func.count()).where(Slot.shop_id == order.shop_id, Slot.order_id == order.id, Slot.gen == 0)
    if tx.execute(wanted).scalar_one() == tx.execute(have).scalar_one():
        # Not the usual name of that fact: a worker may find it out by itself, and each name is kept once.
        name = f"orderbell:{order.id}:order.delivered:{REASON}"
        event = OrderDelivered(id=name, at=sales[0].at, order=OrderFacts(number=order.number))
        journal.record(tx, [journal.Entry(shop_id=order.shop_id, source_id=None, event=event)], now)


def _void_older(tx: Tx, order_id: str, again: Sequence[Row[Any]]) -> None:
    """A replacement went out: the card before it is void."""
    for row in again:
        place = (Slot.order_id == order_id, Slot.line_n == row.line_n, Slot.piece == row.piece, Slot.gen < row.gen)
        older = select(Slot.card_id).where(Slot.shop_id == row.shop_id, *place)
        where = (Card.shop_id == row.shop_id, Card.id.in_(older), Card.state == "sold")
        for product_id in tx.execute(update(Card).where(*where).values(state="void").returning(Card.product_id)):
            mine = (Product.shop_id == row.shop_id, Product.id == product_id[0])
            tx.execute(update(Product).where(*mine).values(sold=Product.sold - 1))


def open_task(tx: Tx, now: datetime) -> None:
    """Let every shop with cards that were set aside know, once a moment."""
    query = select(LostSale.shop_id, func.count()).where(
        LostSale.fate == lost.QUARANTINE, LostSale.settled_at.is_(None)
    )
    for shop_id, cards_aside in tx.execute(query.group_by(LostSale.shop_id)).all():
        known = (Task.shop_id == shop_id, Task.kind == TASK, Task.closed_at.is_(None))
        detail = {"cards": cards_aside}
        if not tx.execute(update(Task).where(*known).values(detail=detail)).rowcount:
            tx.execute(
                insert(Task).values(
                    id=new_id("task"), shop_id=shop_id, kind=TASK, subject_id=new_id("task"), detail=detail,
                    opened_at=now,
                )
            )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What a shop's page after a restore shows. `mark` is None when nothing was ever restored."""

    mark: Restored | None
    sold: int
    missing: int
    waiting_orders: int
    """Orders the journal names that have not got their cards back yet."""
    orders: tuple[Row[Any], ...]
    """The first of those: number, pieces, at."""
    messages: int
    aside: tuple[Row[Any], ...]
    """Products with cards set aside: id, sku, title, cards."""
    free: int
    shops: int


def difference(tx: Tx, shop_id: str) -> Difference:
    """The difference between what the shop's database knew and what the journal says, as it stands now."""
    mine = LostSale.shop_id == shop_id
    fates = {
        row[0]: row[1] for row in tx.execute(select(LostSale.fate, func.count()).where(mine).group_by(LostSale.fate))
    }
    waiting = (mine, LostSale.settled_at.is_(None), LostSale.fate != lost.QUARANTINE)
    orders = (
        select(LostSale.order_number.label("number"), func.count().label("pieces"), func.min(LostSale.at).label("at"))
        .where(*waiting)
        .group_by(LostSale.order_number)
    )
    held = (Message.shop_id == shop_id, Message.status == "unknown", Message.reason == REASON)
    return Difference(
        mark=marker.find(tx), sold=fates.get(lost.SOLD, 0) + fates.get(lost.VOID, 0),
        missing=fates.get(lost.MISSING, 0), waiting_orders=_count(tx, orders),
        orders=tuple(tx.execute(orders.order_by(func.min(LostSale.at)).limit(SHOWN_MOST))),
        messages=_count(tx, select(Message.id).where(*held)), aside=_aside(tx, shop_id),
        free=tx.execute(select(func.sum(Product.free)).where(Product.shop_id == shop_id)).scalar_one() or 0,
        shops=tx.execute(select(func.count()).select_from(Shop)).scalar_one(),
    )  # fmt: skip


def _count(tx: Tx, query: Any) -> int:
    return tx.execute(select(func.count()).select_from(query.subquery())).scalar_one()


def _aside(tx: Tx, shop_id: str) -> tuple[Row[Any], ...]:
    query = (
        select(Product.id, Product.sku, Product.title, func.count().label("cards"))
        .join(Card, Card.product_id == Product.id)
        .where(Product.shop_id == shop_id, Card.shop_id == shop_id, Card.state == lost.QUARANTINE)
        .group_by(Product.id, Product.sku, Product.title)
        .order_by(Product.sku)
    )
    return tuple(tx.execute(query))


def go_on(tx: Tx, *, by: str, now: datetime) -> None:
    """The owner has seen the difference: sending and handing out begin again, timers after a grace.

    Raises:
        Conflict: `not_paused`.
    """
    mark = marker.find(tx)
    if mark is None or mark.state != marker.PAUSED or not marker.go_on(tx, mark, now):
        raise Conflict("The house is not paused.", code="not_paused")
    early = (Timer.state == int(State.READY), Timer.due_at < now + TIMERS_WAIT)
    tx.execute(update(Timer).where(*early).values(due_at=now + TIMERS_WAIT))
    for shop_id in tx.execute(select(Shop.id)).scalars().all():
        audit.note(tx, shop_id, actor=by, action="restore.confirmed", object=shop_id, now=now)


def set_free_aside(tx: Tx, shop_id: str, *, by: str, now: datetime) -> int:
    """Set aside every card that is unsold by this database: its journal is lost, so nobody knows; how many.

    Raises:
        Conflict: `not_paused`: only a paused house may doubt its whole stock.
    """
    mark = marker.find(tx)
    if mark is None or not mark.is_paused:
        raise Conflict("The house is not paused.", code="not_paused")
    where = (Card.shop_id == shop_id, Card.state.in_(("free", "reserved")))
    fresh = {"state": lost.QUARANTINE, "reserved_for": None, "reserved_until": None}
    aside = tx.execute(update(Card).where(*where).values(fresh)).rowcount
    tx.execute(update(Product).where(Product.shop_id == shop_id).values(free=0))
    audit.note(tx, shop_id, actor=by, action="cards.set_aside", object=shop_id, now=now, detail={"cards": aside})
    return aside


def put_back(tx: Tx, shop_id: str, product_id: str, *, by: str, now: datetime) -> int:
    """Return a product's set-aside cards to the stock because a person looked; how many.

    Raises:
        Conflict: `nothing_aside`.
    """
    moved = _decide_aside(tx, shop_id, product_id, "free", by=by, now=now)
    product = (Product.shop_id == shop_id, Product.id == product_id)
    tx.execute(update(Product).where(*product).values(free=Product.free + moved))
    audit.note(
        tx, shop_id, actor=by, action="cards.put_back", object=product_id, now=now, detail={"cards": moved}
    )  # fmt: skip
    return moved


def write_off(tx: Tx, shop_id: str, product_id: str, *, by: str, now: datetime) -> int:
    """Make a product's set-aside cards void because a person looked; how many.

    Raises:
        Conflict: `nothing_aside`.
    """
    moved = _decide_aside(tx, shop_id, product_id, "void", by=by, now=now)
    audit.note(
        tx, shop_id, actor=by, action="cards.written_off", object=product_id, now=now, detail={"cards": moved}
    )  # fmt: skip
    return moved


def _decide_aside(tx: Tx, shop_id: str, product_id: str, state: str, *, by: str, now: datetime) -> int:
    mine = (Card.shop_id == shop_id, Card.product_id == product_id, Card.state == lost.QUARANTINE)
    ids = select(Card.id).where(*mine).scalar_subquery()
    looked = (LostSale.shop_id == shop_id, LostSale.fate == lost.QUARANTINE, LostSale.card_id.in_(ids))
    tx.execute(update(LostSale).where(*looked).values(settled_at=now))
    moved = tx.execute(update(Card).where(*mine).values(state=state)).rowcount
    if not moved:
        raise Conflict("No card of this product is set aside.", code="nothing_aside")
    left = select(Card.id).where(Card.shop_id == shop_id, Card.state == lost.QUARANTINE).limit(1)
    if tx.execute(left).first() is None:
        done = (Task.shop_id == shop_id, Task.kind == TASK, Task.closed_at.is_(None))
        tx.execute(update(Task).where(*done).values(closed_at=now, closed_by=by))
    return moved
