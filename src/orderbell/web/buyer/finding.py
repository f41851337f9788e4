"""Finding an order again: by its signed link, by the cookie that link left, or by number and contact."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from orderbell.base.errors import NotFound
from orderbell.base.secrets import LinkSigner
from orderbell.store.schema import Order, Shop

COOKIE_LASTS = timedelta(days=30)
LONGEST_NUMBER, LONGEST_CONTACT = 64, 254
_FEWEST_DIGITS = 8
_NOT_DIGITS = re.compile(r"[\s().+-]")
_CONTACT_FIELDS = ("email", "phone", "contact")


def order_of_link(tx: Connection, signer: LinkSigner, token: str) -> tuple[str, str, int]:
    """Shop id, order id and link generation of a link from a message.

    Raises:
        NotFound: `bad_link`, altered or revoked.
    """
    parts = signer.read("order", token)
    if len(parts) != 2:
        raise NotFound("This link is not valid.", code="bad_link")
    return _still_open(tx, parts[0], parts[1])


def cookie_for(signer: LinkSigner, order_id: str, link_gen: int, *, now: datetime) -> str:
    """What the browser keeps in place of the link: bound to this order, for 30 days, revoked with its links."""
    until = int((now + COOKIE_LASTS).timestamp())
    return signer.sign("order-seat", order_id, str(link_gen), str(until))


def order_of_cookie(tx: Connection, signer: LinkSigner, value: str, *, now: datetime) -> tuple[str, str] | None:
    """Shop id and order id of a cookie; None when it does not hold any more."""
    try:
        order_id, link_gen, until = signer.read("order-seat", value)
        if datetime.fromtimestamp(int(until), UTC) <= now:
            return None
        return _still_open(tx, order_id, link_gen)[:2]
    except (NotFound, ValueError):
        return None


def _still_open(tx: Connection, order_id: str, link_gen: str) -> tuple[str, str, int]:
    # The signature proves the id, and the id is unique in the whole house: it leads to its shop.
    row = tx.execute(select(Order.shop_id, Order.link_gen).where(Order.id == order_id)).one_or_none()
    if row is None or str(row.link_gen) != link_gen:
        raise NotFound("This link is not valid.", code="bad_link")
    return row.shop_id, order_id, row.link_gen


def find_by_contact(tx: Connection, number: str, contact: str) -> tuple[str, int] | None:
    """Order id and link generation of the one order with that number whose buyer has that contact.

    A buyer does not know our shop ids, so every shop of the house is asked; two hits in two shops are none.
    """
    shops = list(tx.execute(select(Shop.id)).scalars())
    query = select(Order.id, Order.link_gen, Order.buyer).where(Order.shop_id.in_(shops), Order.number == number)
    fits = [row for row in tx.execute(query) if is_contact(row.buyer, contact)]
    return (fits[0].id, fits[0].link_gen) if len(fits) == 1 else None


def is_contact(buyer: Mapping[str, Any], given: str) -> bool:
    """Whether `given` is how this buyer can be reached; case, blanks and a phone's country code do not matter."""
    wanted = [str(buyer[field]) for field in _CONTACT_FIELDS if buyer.get(field)]
    return sum(_same_contact(each, given) for each in wanted) > 0  # not any(): all are compared, whichever fits


def _same_contact(known: str, given: str) -> bool:
    known, given = known.strip().casefold(), given.strip().casefold()
    if hmac.compare_digest(known.encode(), given.encode()):
        return bool(known)
    known, given = (_NOT_DIGITS.sub("", each).lstrip("0") for each in (known, given))
    if not (known.isdecimal() and given.isdecimal()) or min(len(known), len(given)) < _FEWEST_DIGITS:
        return False
    return known.endswith(given) or given.endswith(known)
