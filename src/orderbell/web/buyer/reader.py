"""Who reads a settings page: the holder of an order's cookie, or of a message, and the ways they can be reached by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from orderbell.base.errors import NotFound
from orderbell.channels.directory import CHANNELS
from orderbell.delivery.book import ShopBook
from orderbell.domain import customers, wishes
from orderbell.domain.wishes import Way
from orderbell.runtime.house import House
from orderbell.store.schema import Consent, Message, Order

_MOST_CHOICES = 20


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A way as the page shows it; `brings_goods` says that goods messages go this way."""

    way: Way
    title: str
    address: str
    brings_goods: bool
    off: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who may choose; `path` is where their form goes."""

    shop_id: str
    shop_name: str
    timezone: str
    locale: str | None
    path: str
    ways: tuple[Shown, ...]
    choices: tuple[Any, ...]

    @property
    def lock(self) -> Way | None:
        """The way that goods keep when it is the only one they have."""
        open_ways = [each.way for each in self.ways if each.brings_goods and wishes.GOODS not in each.off]
        return open_ways[0] if len(open_ways) == 1 else None


def of_order(tx: Connection, house: House, found: tuple[str, str], path: str = "/p") -> Reader:
    """The buyer of an order.

    Raises:
        NotFound: `bad_link`, the order is gone.
    """
    shop_id, order_id = found
    query = select(Order.id, Order.buyer, Order.customer_id).where(Order.shop_id == shop_id, Order.id == order_id)
    order = tx.execute(query).one_or_none()
    if order is None:
        raise NotFound("This link is not valid.", code="bad_link")
    book = house.books.one(tx, shop_id)
    return _reader(tx, book, _ways(book, order), path=path, locale=order.buyer.get("locale"))


def of_letter(tx: Connection, house: House, token: str, path: str) -> tuple[Reader, Any]:
    """The reader of a message, and the message.

    Raises:
        NotFound: `bad_link`.
    """
    row = letter(tx, house, token)
    if row.order_id:
        return of_order(tx, house, (row.shop_id, row.order_id), path), row
    book = house.books.one(tx, row.shop_id)
    return _reader(tx, book, {way_of(row): row.address}, path=path, locale=row.locale), row


def letter(tx: Connection, house: House, token: str) -> Any:
    """The message a link was made for.

    Raises:
        NotFound: `bad_link`, altered, or the message is gone.
    """
    parts = house.signer.read("letter", token)
    row = tx.execute(select(Message.__table__).where(Message.id == parts[0], Message.audience == "buyer")).one_or_none()
    if row is None:
        raise NotFound("This link is not valid.", code="bad_link")
    return row


def way_of(row: Any) -> Way:
    """The way a message went."""
    return Way(row.channel, wishes.reach_of(row.address, row.customer_id, row.order_id))


def _ways(book: ShopBook, order: Any) -> dict[Way, str]:
    """Every way of this shop to reach a buyer, with the address as people read it."""
    found: dict[Way, str] = {}
    for kind in CHANNELS:
        traits = CHANNELS[kind].traits
        if kind not in _kinds(book) or traits.local or traits.address == "none":
            continue
        address = customers.address_for(order.buyer, traits.address) or ""
        if address or traits.address not in ("email", "phone"):
            found[Way(kind, wishes.reach_of(address, order.customer_id, order.id))] = address
    return found


def _kinds(book: ShopBook, trigger: str = "") -> set[str]:
    """The channels by which the shop's rules tell buyers something, or tell them of one event."""
    groups = [book.rules.get(trigger, ())] if trigger else book.rules.values()
    return {kind for group in groups for rule in group if rule.audience == "buyer" for kind in rule.channels}


def _reader(tx: Connection, book: ShopBook, ways: dict[Way, str], *, path: str, locale: str | None) -> Reader:
    off, bringing = wishes.off_for(tx, book.id, ways), _kinds(book, "order.delivered")
    shown = tuple(
        Shown(
            way=way, title=CHANNELS[way.channel].title, address=customers.mask(address) if address else "",
            brings_goods=way.channel in bringing, off=off.get(way, frozenset()),
        )
        for way, address in ways.items()
    )  # fmt: skip
    return Reader(
        shop_id=book.id, shop_name=book.name, timezone=book.timezone, locale=locale, path=path, ways=shown,
        choices=tuple(_choices(tx, book.id, ways)),
    )  # fmt: skip


def _choices(tx: Connection, shop_id: str, ways: dict[Way, str]) -> list[Any]:
    query = (
        select(Consent.channel, Consent.topic, Consent.allowed, Consent.how, Consent.at)
        .where(Consent.shop_id == shop_id, Consent.reach.in_({way.reach for way in ways}))
        .where(Consent.channel.in_({way.channel for way in ways}))
        .order_by(Consent.id.desc())
        .limit(_MOST_CHOICES)
    )
    return list(tx.execute(query))
