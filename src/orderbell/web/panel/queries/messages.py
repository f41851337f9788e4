"""Messages as the panel lists and explains them. Every read stays on an index, however many messages there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select
from sqlalchemy import Row as SqlRow

from orderbell.base.errors import NotFound
from orderbell.store.schema import Attempt, EventRow, Message, Order, Provider, Rule, SourceRow
from orderbell.web.panel.queries import sought
from orderbell.web.panel.queries.sought import Wish

PAGE = 50
MOST_COUNTED = 999
MOST_OF_ONE = 500
SIBLINGS = 20
CHIPS = ("sent", "delivered", "queued", "held", "failed", "unknown", "suppressed")
AnyRow = SqlRow[*tuple[Any, ...]]


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
    """The other messages of its order, or of its event when there is none."""
    engaged: Mapping[str, datetime]
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
    query = line().where(*wanted(tx, shop_id, wish))
    if wish.before:
        query = query.where(Message.id < wish.before)
    rows = tx.execute(query.order_by(Message.id.desc()).limit(PAGE + 1)).all()
    older = rows[PAGE - 1].id if len(rows) > PAGE else ""
    return Listing(rows=rows[:PAGE], older=older, counts=count(tx, shop_id))


def wanted(tx: Connection, shop_id: str, wish: Wish) -> list[ColumnElement[bool]]:
    """The conditions of a wish; the page it starts at is not among them."""
    return sought.of_messages(tx, shop_id, wish.read, now=wish.now, zone=wish.zone)


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


def one(tx: Connection, shop_id: str, message_id: str) -> AnyRow:
    """One message with what its order is called, who bought, and whether the goods were looked at.

    Raises:
        NotFound: no such message in this shop.
    """
    found = tx.execute(
        select(Message.__table__, Order.number, Order.buyer, Order.revealed_at)
        .join(Order, Order.id == Message.order_id, isouter=True)
        .where(Message.shop_id == shop_id, Message.id == message_id)
    ).one_or_none()
    if found is None:
        raise NotFound("There is no such message.")
    return found


def whole(tx: Connection, shop_id: str, message_id: str) -> Whole:
    """One message with its event, rule, tries and the other messages of the same event.

    Raises:
        NotFound: no such message in this shop.
    """
    row = one(tx, shop_id, message_id)
    tries = select(Attempt.__table__).where(Attempt.shop_id == shop_id, Attempt.message_id == message_id)
    together = Message.order_id == row.order_id if row.order_id else Message.event_id == row.event_id
    others = line().where(Message.shop_id == shop_id, together, Message.id != message_id).limit(MOST_OF_ONE)
    return Whole(
        row=row, event=_event(tx, shop_id, row.event_id), rule=_rule(tx, shop_id, row.rule_id),
        attempts=tx.execute(tries.order_by(Attempt.n)).all(),
        siblings=sorted(tx.execute(others), key=lambda each: each.id)[-SIBLINGS:], engaged=_engaged(row),
        providers=provider_names(tx, shop_id),
    )  # fmt: skip


def order_of(tx: Connection, shop_id: str, order_id: str | None) -> AnyRow | None:
    """The order a message is of; None when it is of none."""
    if order_id is None:
        return None
    return tx.execute(select(Order.__table__).where(Order.shop_id == shop_id, Order.id == order_id)).one_or_none()


def _engaged(row: Any) -> dict[str, datetime]:
    """What the reader did, as far as we can know: opened it in the inbox, looked at the goods after it went out."""
    found = {"read": row.read_at}
    if row.event_type == "order.delivered" and row.audience == "buyer" and row.sent_at and row.revealed_at:
        found["claimed"] = row.revealed_at if row.revealed_at >= row.sent_at else None
    return {what: at for what, at in found.items() if at}


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
