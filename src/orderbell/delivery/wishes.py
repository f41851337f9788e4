"""Messages their readers do not want, found in one question for all of a batch, and in none while nobody chose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orderbell.channels.directory import CHANNELS
from orderbell.delivery.book import ShopBook
from orderbell.domain import wishes
from orderbell.domain.wishes import Asked, Way
from orderbell.store.database import Tx


def unwanted(tx: Tx, rows: Iterable[Mapping[str, Any]], books: Mapping[str, ShopBook]) -> set[str]:
    """The ids of fresh messages that are not to be sent; of goods, one way stays open whatever was chosen."""
    asked = [_asked(row) for row in rows if books[row["shop_id"]].has_wishes and _is_choice(row)]
    return wishes.refused(tx, asked) if asked else set()


def unwanted_now(tx: Tx, rows: Iterable[Any], books: Mapping[str, ShopBook]) -> set[str]:
    """As `unwanted`, when messages leave that waited. What brings goods was decided with its siblings: it goes."""
    known = (row._mapping for row in rows if books[row.shop_id].has_wishes)
    asked = [_asked(row) for row in known if _is_choice(row)]
    asked = [each for each in asked if each.topic != wishes.GOODS]
    return wishes.refused(tx, asked) if asked else set()


def _is_choice(row: Mapping[str, Any]) -> bool:
    """Whether a buyer may choose: not in the inbox, which disturbs nobody, nor when a person asked for it again."""
    channel = CHANNELS.get(row["channel"])
    if row["audience"] != "buyer" or channel is None or channel.traits.local:
        return False
    return not row.get("resend_of")


def _asked(row: Mapping[str, Any]) -> Asked:
    reach = wishes.reach_of(row["address"], row["customer_id"], row["order_id"])
    return Asked(
        id=row["id"], shop_id=row["shop_id"], way=Way(row["channel"], reach), apart=row["event_id"],
        topic=wishes.topic_of(row["event_type"], row["lane"]),
    )  # fmt: skip
