"""What a buyer may do on the order page: look at the goods, and have the last message sent again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from orderbell.base.errors import Conflict, NotFound
from orderbell.delivery import outbox
from orderbell.delivery.outbox import RESENDABLE
from orderbell.domain import goods
from orderbell.domain.goods import Piece, Viewer
from orderbell.events import CardRevealed, OrderFacts
from orderbell.runtime.batch import natural
from orderbell.runtime.house import House
from orderbell.store.journal import Entry, record
from orderbell.store.schema import Message, Order
from orderbell.web import limits
from orderbell.web.buyer import views
from orderbell.web.limits import Limit

REVEALS_A_DAY, RESENDS_AN_HOUR = 10, 3


def reveal(
    tx: Connection, house: House, found: tuple[str, str], *, ip: str | None, agent: str | None,
) -> list[Piece]:  # fmt: skip
    """Open the goods of an order for its buyer; the first time is a fact of its own (`card.revealed`).

    Raises:
        TooOften: more than ten times a day: somebody is passing the page around.
        Conflict: `not_now`, the order is not in a state to show goods.
        NotFound: `no_goods`, nothing was handed out yet.
    """
    (shop_id, order_id), now = found, house.clock.now()
    order = tx.execute(
        select(Order.number, Order.status, Order.held, Order.revealed_at).where(
            Order.shop_id == shop_id, Order.id == order_id
        )
    ).one()
    if not views.may_reveal(order):
        raise Conflict("The goods cannot be shown now.", code="not_now")
    limit = (Limit("reveal", order_id, REVEALS_A_DAY, timedelta(days=1)),)
    limits.check(tx, limit, now=now)
    vault = house.books.one(tx, shop_id).vault
    pieces = goods.reveal(tx, vault, order_id, viewer=Viewer(by="buyer", ip=ip, agent=agent), now=now)
    limits.count(tx, limit, now=now)
    if order.revealed_at is None:
        fact = CardRevealed(id=natural(CardRevealed, order_id), at=now, order=OrderFacts(number=order.number))
        record(tx, [Entry(shop_id=shop_id, source_id=None, event=fact)], now)
    return pieces


def resend(tx: Connection, found: tuple[str, str], *, now: datetime) -> str:
    """Send the newest message that carried something to the buyer again; returns the new message's id.

    Raises:
        TooOften: more than three times an hour.
        NotFound: `nothing_sent`, there was no message yet.
    """
    shop_id, order_id = found
    limit = (Limit("resend", order_id, RESENDS_AN_HOUR, timedelta(hours=1)),)
    limits.check(tx, limit, now=now)
    mine = (Message.shop_id == shop_id, Message.order_id == order_id, Message.audience == "buyer")
    done = (Message.channel != "inbox", Message.status.in_(RESENDABLE))
    newest = tx.execute(select(Message.id).where(*mine, *done).order_by(Message.id.desc()).limit(1)).scalar()
    if newest is None:
        raise NotFound("No message was sent for this order yet.", code="nothing_sent")
    limits.count(tx, limit, now=now)
    return outbox.resend(tx, shop_id, newest, by="buyer", now=now)
