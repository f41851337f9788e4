"""Messages as the panel lists and explains them. Every read stays on an index, however many messages there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy import Row as SqlRow

from orderbell.base.errors import NotFound
from orderbell.base.ids import is_id
from orderbell.store.schema import Attempt, EventRow, Message, Order, Provider, Rule, SourceRow

PAGE = 50
MOST_COUNTED = 999
NEWEST_SEARCHED = 5000
MOST_FOUND = 200
CHIPS = ("sent", "delivered", "queued", "held", "failed", "unknown", "suppressed")
AnyRow = SqlRow[*tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a reader filters by; empty means everything. `before` is the id the page starts under."""

    q: str = ""
    status: str = ""
    channel: str = ""
    order: str = ""
    before: str = ""

    @property
    def is_search(self) -> bool:
        """Whether words are looked for; then there is one page of at most MOST_FOUND rows."""
        return bool(self.q.strip())


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One page of messages; `older` is the cursor of the next page, empty on the last."""

    rows: Sequence[AnyRow]
    older: str
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Whole:
    """One message with everything that led to it and came of it."""

    row: AnyRow
    event: AnyRow | None
    rule: str | None
    attempts: Sequence[AnyRow]
    siblings: Sequence[AnyRow]
    providers: Mapping[str, str]


def line() -> Select[*tuple[Any, ...]]:
    """The columns a list shows of a message, with its order's number and buyer."""
    return select(
        Message.id, Message.status, Message.tries, Message.reason, Message.event_type, Message.subject,
        Message.audience, Message.channel, Message.provider_id, Message.address, Message.created_at,
        Message.sent_at, Message.due_at, Message.order_id, Order.number, Order.buyer,
    ).join(Order, Order.id == Message.order_id, isouter=True)  # fmt: skip


def find(tx: Connection, shop_id: str, wish: Wish) -> Listing:
    """One page of what the reader wishes to see, the newest first."""
    query = line().where(Message.shop_id == shop_id)
    for column, value in ((Message.status, wish.status), (Message.channel, wish.channel)):
        if value:
            query = query.where(column == value)
    if wish.order:
        query = query.where(Message.order_id.in_(_orders_like(tx, shop_id, wish.order)))
    if wish.is_search:
        query = query.where(Message.id.in_(_ids_like(tx, shop_id, wish.q.strip())))
    elif wish.before:
        query = query.where(Message.id < wish.before)
    most = MOST_FOUND if wish.is_search else PAGE
    rows = tx.execute(query.order_by(Message.id.desc()).limit(most + 1)).all()
    older = rows[most - 1].id if len(rows) > most and not wish.is_search else ""
    return Listing(rows=rows[:most], older=older, counts=count(tx, shop_id))


def count(tx: Connection, shop_id: str) -> dict[str, int]:
    """How many messages stand in each chip's status; counting stops at MOST_COUNTED + 1."""
    parts = [
        select(func.count())
        .select_from(
            select(Message.id)
            .where(Message.shop_id == shop_id, Message.status == status)
            .limit(MOST_COUNTED + 1)
            .subquery()
        )
        .scalar_subquery()
        .label(status)
        for status in CHIPS
    ]
    return dict(tx.execute(select(*parts)).one()._mapping)


def _orders_like(tx: Connection, shop_id: str, text: str) -> list[str]:
    """The ids of the orders whose number starts with that text; a range, so that the index serves."""
    query = select(Order.id).where(Order.shop_id == shop_id, Order.number >= text, Order.number < text + "\U0010ffff")
    return list(tx.execute(query.order_by(Order.number.desc()).limit(MOST_FOUND // 4)).scalars())


def _ids_like(tx: Connection, shop_id: str, text: str) -> list[str]:
    """The newest messages that carry the text: as their id, their order's number, their address or subject."""
    if is_id(text, "message"):
        return [text]
    mine = Message.shop_id == shop_id
    orders = _orders_like(tx, shop_id, text)
    # No ORDER BY here: the planner would walk all messages in order instead of those of a few orders.
    by_order = select(Message.id).where(mine, Message.order_id.in_(orders)).limit(MOST_FOUND)
    ids = list(tx.execute(by_order).scalars()) if orders else []
    newest = select(Message.id).where(mine).order_by(Message.id.desc()).offset(NEWEST_SEARCHED).limit(1)
    floor = tx.execute(newest).scalar() or ""
    carries = Message.address.icontains(text, autoescape=True) | Message.subject.icontains(text, autoescape=True)
    by_words = select(Message.id).where(mine, Message.id > floor, carries).order_by(Message.id.desc())
    return ids + list(tx.execute(by_words.limit(MOST_FOUND)).scalars())


def whole(tx: Connection, shop_id: str, message_id: str) -> Whole:
    """One message with its event, rule, tries and the other messages of the same event.

    Raises:
        NotFound: no such message in this shop.
    """
    mine = (Message.shop_id == shop_id, Message.id == message_id)
    row = tx.execute(
        select(Message.__table__, Order.number, Order.buyer)
        .join(Order, Order.id == Message.order_id, isouter=True)
        .where(*mine)
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such message.")
    tries = select(Attempt.__table__).where(Attempt.shop_id == shop_id, Attempt.message_id == message_id)
    others = line().where(Message.shop_id == shop_id, Message.event_id == row.event_id, Message.id != message_id)
    return Whole(
        row=row, event=_event(tx, shop_id, row.event_id), rule=_rule(tx, shop_id, row.rule_id),
        attempts=tx.execute(tries.order_by(Attempt.n)).all(),
        siblings=tx.execute(others.order_by(Message.id).limit(20)).all(), providers=provider_names(tx, shop_id),
    )  # fmt: skip


def _event(tx: Connection, shop_id: str, event_id: str) -> AnyRow | None:
    query = (
        select(
            EventRow.id, EventRow.type, EventRow.received_at, EventRow.occurred_at, EventRow.done_at, EventRow.story,
            SourceRow.name.label("source"),
        )
        .join(SourceRow, SourceRow.id == EventRow.source_id, isouter=True)
        .where(EventRow.shop_id == shop_id, EventRow.id == event_id)
    )  # fmt: skip
    return tx.execute(query).one_or_none()


def _rule(tx: Connection, shop_id: str, rule_id: str | None) -> str | None:
    return tx.execute(select(Rule.name).where(Rule.shop_id == shop_id, Rule.id == rule_id)).scalar()


def provider_names(tx: Connection, shop_id: str) -> dict[str, str]:
    """The name of every account of the shop, by id."""
    rows: Sequence[Any] = tx.execute(select(Provider.id, Provider.name).where(Provider.shop_id == shop_id)).all()
    return {row.id: row.name for row in rows}


def newest(tx: Connection, shop_id: str, most: int) -> Sequence[AnyRow]:
    """The newest messages, newest first."""
    return tx.execute(line().where(Message.shop_id == shop_id).order_by(Message.id.desc()).limit(most)).all()


def these(tx: Connection, shop_id: str, ids: Sequence[str]) -> Sequence[AnyRow]:
    """The messages of those ids."""
    return tx.execute(line().where(Message.shop_id == shop_id, Message.id.in_(list(ids)))).all()
