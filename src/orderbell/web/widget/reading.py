"""A buyer's inbox as the widget shows it: the newest messages, older ones by page, and how many are unread."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, select

from orderbell.delivery.book import ShopBook
from orderbell.runtime.house import House
from orderbell.store.schema import Message, Order
from orderbell.web.inboxes import InboxSeat
from orderbell.web.shown import letter_of

PAGE = 30
MOST_COUNTED = 99


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `url` leads to its order, empty when the token may not; `read` says whether it was read."""

    id: str
    kind: str
    title: str
    text: str
    at: datetime
    read: bool
    url: str


class Pile(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of an inbox, newest first; `more` says whether older ones follow, `unread` stops at 99."""

    items: list[Entry]
    unread: int
    more: bool
    mark: str
    """Changes whenever the newest page would look different; a stream that is given it tells only what is newer."""


class Marks(msgspec.Struct, frozen=True):
    """How the newest page stands, without its words: message id → whether it was read, and how many are unread."""

    read: Mapping[str, bool]
    unread: int

    @property
    def name(self) -> str:
        """The mark of this state."""
        told = ",".join(f"{id_}{int(read)}" for id_, read in self.read.items())
        return hashlib.sha256(f"{told}|{self.unread}".encode()).hexdigest()[:20]


def look(tx: Connection, seat: InboxSeat) -> Marks:
    """How the newest page stands now; cheap, for it is asked again and again."""
    if not seat.owner:
        return Marks({}, 0)
    newest = select(Message.id, Message.read_at).where(*mine(seat)).order_by(Message.id.desc()).limit(PAGE)
    return Marks({row.id: row.read_at is not None for row in tx.execute(newest)}, _unread(tx, seat))


def read_pile(tx: Connection, house: House, seat: InboxSeat, *, before: str = "") -> Pile:
    """The newest messages, or those older than `before`."""
    marks = look(tx, seat)
    if not marks.read:
        return Pile(items=[], unread=0, more=False, mark=marks.name)
    query = select(Message.__table__).where(*mine(seat)).order_by(Message.id.desc()).limit(PAGE + 1)
    rows = tx.execute(query.where(Message.id < before) if before else query).all()
    items = _entries(tx, house, seat, rows[:PAGE])
    return Pile(items=items, unread=marks.unread, more=len(rows) > PAGE, mark=marks.name)


def read_some(tx: Connection, house: House, seat: InboxSeat, ids: Sequence[str]) -> list[Entry]:
    """Those messages, newest first."""
    query = select(Message.__table__).where(*mine(seat), Message.id.in_(ids)).order_by(Message.id.desc())
    return _entries(tx, house, seat, tx.execute(query).all())


def mine(seat: InboxSeat) -> tuple[ColumnElement[bool], ...]:
    """What a message must be to lie in this inbox."""
    owner = Message.order_id == seat.order_id if seat.order_id else Message.customer_id == seat.customer_id
    return (
        Message.shop_id == seat.shop_id, owner, Message.channel == "inbox", Message.audience == "buyer",
        Message.sent_at.is_not(None),
    )  # fmt: skip


def _unread(tx: Connection, seat: InboxSeat) -> int:
    some = select(Message.id).where(*mine(seat), Message.read_at.is_(None)).limit(MOST_COUNTED)
    return tx.execute(select(func.count()).select_from(some.subquery())).scalar_one()


def _entries(tx: Connection, house: House, seat: InboxSeat, rows: Sequence[Any]) -> list[Entry]:
    links = {} if seat.peeks else _links(tx, house, {row.order_id for row in rows if row.order_id})
    book = house.books.one(tx, seat.shop_id)
    return [_entry(row, book, links.get(row.order_id, "")) for row in rows]


def _links(tx: Connection, house: House, order_ids: set[str]) -> dict[str, str]:
    query = select(Order.id, Order.link_gen).where(Order.id.in_(order_ids))
    url = house.settings.base_url
    return {row.id: f"{url}/o/{house.writer.order_token(row)}" for row in tx.execute(query)}


def _entry(row: Any, book: ShopBook, url: str) -> Entry:
    letter = letter_of(row, book)
    return Entry(
        id=row.id, kind=row.event_type, title=letter.subject, text=letter.text, at=row.sent_at,
        read=row.read_at is not None, url=url,
    )  # fmt: skip
