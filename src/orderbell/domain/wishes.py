"""What buyers want to hear: topics switched off for one way to reach them, obeyed when it is decided what is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from orderbell.base.errors import BadInput
from orderbell.base.ids import new_id
from orderbell.domain.rules import touch
from orderbell.store.schema import Consent, Preference

GOODS, ORDERS, OFFERS = TOPICS = ("goods", "orders", "offers")
"""What was bought and anything about its money · how the order goes · everything that is no answer to an order."""
REASON = "buyer_wish"
SLOWEST_LANE = 2
_GOODS_EVENTS = frozenset({"order.delivered", "order.owed", "order.refunded", "refund.approved", "refund.rejected"})


@dataclass(frozen=True)
class Way:
    """One way to reach somebody: a channel kind, and the address as `reach_of` keeps it."""

    channel: str
    reach: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A message as far as wishes go; `apart` names what belongs together, so that goods keep one way open."""

    id: str
    shop_id: str
    way: Way
    topic: str
    apart: str = ""


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a choice came to us: page, unsubscribe, one_click or api; from where, and when."""

    how: str
    at: datetime
    ip: str | None = None


def topic_of(event_type: str, lane: int) -> str:
    """What a message to a buyer is about; the slowest lane carries what no order asked for."""
    if event_type in _GOODS_EVENTS:
        return GOODS
    return OFFERS if lane >= SLOWEST_LANE else ORDERS


def reach_of(address: str, customer_id: str | None, order_id: str | None) -> str:
    """How a way is known again: the address in small letters, else whose it is."""
    return address.strip().lower() or customer_id or order_id or ""


def any_in(tx: Connection, shop_id: str) -> bool:
    """Whether any buyer of the shop ever chose anything: without one, nobody has to be asked."""
    return tx.execute(select(Preference.reach).where(Preference.shop_id == shop_id).limit(1)).first() is not None


def off_for(tx: Connection, shop_id: str, ways: Iterable[Way]) -> dict[Way, frozenset[str]]:
    """The topics switched off for each of these ways."""
    wanted = [(each.channel, each.reach) for each in ways]
    query = select(Preference.channel, Preference.reach, Preference.off).where(
        Preference.shop_id == shop_id, tuple_(Preference.channel, Preference.reach).in_(wanted)
    )
    return {Way(row.channel, row.reach): frozenset(row.off) for row in tx.execute(query)}


def refused(tx: Connection, asked: Sequence[Asked]) -> set[str]:
    """The ids of the messages their readers do not want. Of messages that bring goods, one way always stays open."""
    by_shop: dict[str, list[Asked]] = {}
    for each in asked:
        by_shop.setdefault(each.shop_id, []).append(each)
    gone: set[str] = set()
    for shop_id, mine in by_shop.items():
        off = off_for(tx, shop_id, {each.way for each in mine})
        unwanted = {each.id for each in mine if each.topic in off.get(each.way, ())}
        gone |= unwanted - _last_ways(mine, unwanted)
    return gone


def _last_ways(asked: Sequence[Asked], unwanted: set[str]) -> set[str]:
    """The first message of each group of goods messages in which all are unwanted."""
    groups: dict[str, list[str]] = {}
    for each in asked:
        if each.topic == GOODS:
            groups.setdefault(each.apart, []).append(each.id)
    return {ids[0] for ids in groups.values() if unwanted.issuperset(ids)}


def choose(
    tx: Connection, shop_id: str, way: Way, allowed: Mapping[str, bool], *, said: Said
) -> frozenset[str]:  # fmt: skip
    """Keep what somebody chose for one way; topics not named stay. What is off now; the log holds what changed.

    Raises:
        BadInput: `unknown_topic`.
    """
    if unknown := set(allowed) - set(TOPICS):
        raise BadInput(f"There is no topic {sorted(unknown)[0][:40]!r}.", code="unknown_topic", field="topics")
    before = off_for(tx, shop_id, [way]).get(way, frozenset())
    now_off = frozenset(each for each in TOPICS if not allowed.get(each, each not in before))
    if now_off == before:
        return now_off
    # The books in memory know only whether anybody chose: the first choice must reach them, the next need not.
    if not any_in(tx, shop_id):
        touch(tx, shop_id)
    _keep(tx, shop_id, way, now_off, at=said.at)
    changed = sorted(now_off ^ before)
    tx.execute(insert(Consent), [_line(shop_id, way, topic, topic not in now_off, said=said) for topic in changed])
    return now_off


def _keep(tx: Connection, shop_id: str, way: Way, off: frozenset[str], *, at: datetime) -> None:
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    row = {"shop_id": shop_id, "channel": way.channel, "reach": way.reach, "off": sorted(off), "changed_at": at}
    fresh = dialect.insert(Preference).values(**row)
    tx.execute(
        fresh.on_conflict_do_update(
            index_elements=["shop_id", "channel", "reach"],
            set_={"off": fresh.excluded.off, "changed_at": fresh.excluded.changed_at},
        )
    )


def _line(shop_id: str, way: Way, topic: str, allowed: bool, *, said: Said) -> dict[str, object]:
    return {
        "id": new_id("consent"), "shop_id": shop_id, "channel": way.channel, "reach": way.reach, "topic": topic,
        "allowed": int(allowed), "how": said.how, "ip": said.ip, "at": said.at,
    }  # fmt: skip
