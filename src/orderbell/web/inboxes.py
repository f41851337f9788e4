"""Whose inbox a page may show: short-lived signed tokens, for one order or for one known customer.

A token is the shop's word: it hands one to a page it has drawn for that very buyer.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from orderbell.base.errors import BadInput, NotFound, NotSignedIn
from orderbell.base.secrets import LinkSigner
from orderbell.store.schema import Customer, Order

ORDER, MEMBER, PEEK = "o", "m", "p"
"""Scopes: a guest's one order · all orders of a customer · an order as staff may see it, without links or marks."""
LASTS_S, SHORTEST_S, LONGEST_S = 3600, 60, 86_400
_PURPOSE = "inbox"


@dataclass(frozen=True, kw_only=True)
class InboxSeat:
    """A page that showed a token that holds. `customer_id` is empty before a member's first order."""

    shop_id: str
    until: datetime
    order_id: str = ""
    customer_id: str = ""
    member_key: str = ""
    peeks: bool = False

    @property
    def owner(self) -> str:
        """The id messages are found by; empty before a member's first order."""
        return self.order_id or self.customer_id


@dataclass(frozen=True, kw_only=True)
class Minted:
    """A fresh token and the moment it ends."""

    token: str
    until: datetime


def for_order(
    tx: Connection, signer: LinkSigner, shop_id: str, number: str, *, now: datetime, lasts_s: int = LASTS_S,
    scope: str = ORDER,
) -> Minted:  # fmt: skip
    """A token for one order of the shop; revoking the order's links revokes it too.

    Raises:
        NotFound: the shop has no such order.
        BadInput: `bad_lifetime`.
    """
    until = _until(now, lasts_s)
    query = select(Order.id, Order.link_gen).where(Order.shop_id == shop_id, Order.number == number)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such order.")
    return _sign(signer, until, shop_id, scope, row.id, str(row.link_gen))


def for_member(signer: LinkSigner, shop_id: str, key: str, *, now: datetime, lasts_s: int = LASTS_S) -> Minted:
    """A token for the customer of that natural key (`ref:u_88`), who need not have ordered yet.

    Raises:
        BadInput: `bad_lifetime`.
    """
    name = base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()
    return _sign(signer, _until(now, lasts_s), shop_id, MEMBER, name, "0")


def _until(now: datetime, lasts_s: int) -> datetime:
    if not SHORTEST_S <= lasts_s <= LONGEST_S:
        sentence = f"An inbox token lasts {SHORTEST_S} to {LONGEST_S} seconds."
        raise BadInput(sentence, code="bad_lifetime", field="lasts_s")
    return (now + timedelta(seconds=lasts_s)).replace(microsecond=0)


def _sign(signer: LinkSigner, until: datetime, *parts: str) -> Minted:
    return Minted(token=signer.sign(_PURPOSE, *parts, str(int(until.timestamp()))), until=until)


def find_seat(tx: Connection, signer: LinkSigner, token: str, *, now: datetime) -> InboxSeat:
    """The seat of a token.

    Raises:
        NotSignedIn: `bad_inbox_token`, or `inbox_token_over` when its time has passed.
    """
    shop_id, scope, name, gen, until = _read(signer, token)
    if until <= now:
        raise NotSignedIn("This inbox token has ended; ask the shop for a fresh one.", code="inbox_token_over")
    if scope == MEMBER:
        key = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
        return look_again(tx, InboxSeat(shop_id=shop_id, until=until, member_key=key))
    query = select(Order.link_gen).where(Order.shop_id == shop_id, Order.id == name)
    if str(tx.execute(query).scalar()) != gen:
        raise _bad()
    return InboxSeat(shop_id=shop_id, until=until, order_id=name, peeks=scope == PEEK)


def look_again(tx: Connection, seat: InboxSeat) -> InboxSeat:
    """The seat with its customer, once there is one."""
    mine = (Customer.shop_id == seat.shop_id, Customer.natural_key == seat.member_key)
    return replace(seat, customer_id=tx.execute(select(Customer.id).where(*mine)).scalar() or "")


def _read(signer: LinkSigner, token: str) -> tuple[str, str, str, str, datetime]:
    try:
        shop_id, scope, name, gen, until = signer.read(_PURPOSE, token)
        return shop_id, scope, name, gen, datetime.fromtimestamp(int(until), UTC)
    except (NotFound, ValueError, binascii.Error):
        raise _bad() from None


def _bad() -> NotSignedIn:
    return NotSignedIn("This inbox token does not hold.", code="bad_inbox_token")
