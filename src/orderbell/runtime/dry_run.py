"""The dry-run: what the rules of today would make of an order of the past. It decides by the worker's own deciders.

The order's facts are heard once more in their order, from nothing; no row is written and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select

from orderbell import events
from orderbell.base.errors import BadInput, NotFound
from orderbell.channels.directory import CHANNELS
from orderbell.delivery import asking
from orderbell.delivery.asking import Answer
from orderbell.delivery.book import ShopBook
from orderbell.delivery.route import Recipient
from orderbell.domain import conditions, customers, firsts, orders
from orderbell.domain.orders import OrderState, Verdict
from orderbell.domain.quiet import place_of
from orderbell.events import BY_TYPE, Event, Line, OrderEvent, OrderFacts, StockEvent
from orderbell.runtime import local
from orderbell.store.database import Tx
from orderbell.store.schema import EventRow, LineRow, Order, State

MOST_EVENTS = 100
# What an order was just before an event of that type could happen to it.
_BEFORE: Mapping[str, str] = {
    "order.created": "pending", "payment.failed": "pending", "order.paid": "pending", "order.expired": "pending",
    "order.cancelled": "pending", "order.owed": "paid", "order.delivered": "paid", "order.completed": "delivered",
    "order.refunded": "delivered", "card.revealed": "delivered",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Said:
    """One message that would go out; `until` when quiet hours hold it, `stale` why it would not be sent after all."""

    channel: str
    address: str
    account: str
    sandbox: bool
    until: datetime | None
    stale: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one rule made of an event; `nobody` names the channels that reach nobody, and why."""

    rule_id: str
    name: str
    audience: str
    matched: bool
    why: str
    said: tuple[Said, ...]
    nobody: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """one event of it; `why` it changed nothing, if so; `off` the rules that are switched off."""

    type: str
    at: datetime
    why: str
    told: tuple[Told, ...]
    off: tuple[str, ...]


@dataclass
class _Stage:
    """One order on the stage: its row and lines as they are, and its state as the play goes on."""

    book: ShopBook
    row: Any
    lines: Sequence[Line]
    first: bool
    state: OrderState | None = None


def replay(tx: Tx, book: ShopBook, number: str) -> list[Scene]:
    """Everything that happened to an order, decided anew by the rules as they are now.

    Raises:
        NotFound: no such order in this shop.
    """
    stage = _open(tx, book, number)
    mine = (EventRow.shop_id == book.id, EventRow.order_number == number, EventRow.state == int(State.DONE))
    query = select(EventRow.id, EventRow.type, EventRow.payload, EventRow.done_at).where(*mine)
    rows = tx.execute(query.order_by(EventRow.done_at, EventRow.id).limit(MOST_EVENTS)).all()
    return [scene for _, batch in groupby(rows, lambda row: row.done_at) for scene in _batch(stage, list(batch))]


def what_if(tx: Tx, book: ShopBook, number: str, event_type: str, *, now: datetime) -> Scene:
    """One event, as if it happened to that order now; for a stock event, to the order's first product.

    Raises:
        NotFound: no such order in this shop.
        BadInput: `unknown_event_type`.
    """
    kind = BY_TYPE.get(event_type)
    if kind is None:
        raise BadInput(f"{event_type[:60]!r} is not an event we know.", code="unknown_event_type", field="event")
    stage = _open(tx, book, number)
    if issubclass(kind, StockEvent):
        line = stage.lines[0] if stage.lines else Line(sku="", title="")
        scene, answers = _play(stage, kind(id="dry_run", at=now, sku=line.sku, title=line.title), now)
        return replace(scene, told=_tell(stage, event_type, answers, now))
    assert issubclass(kind, OrderEvent)
    event = kind(id="dry_run", at=now, order=OrderFacts(number=number))
    before = _BEFORE.get(event_type, stage.row.status)
    asked = replace(_as_now(stage), status=before, opened_by=event.id, delivered_at=None)
    stage.state = replace(asked, owed=0, refund_requested=0)
    scene, answers = _play(stage, event, now)
    return replace(scene, told=_tell(stage, event_type, answers, now))


def facts_for(tx: Tx, book: ShopBook, number: str, event_type: str, *, now: datetime) -> Mapping[str, Any]:
    """What a condition would be asked about that order now.

    Raises:
        NotFound: no such order in this shop.
    """
    stage = _open(tx, book, number)
    here = now.astimezone(place_of(book.timezone))
    if event_type.startswith("stock."):
        line = stage.lines[0] if stage.lines else Line(sku="", title="")
        return conditions.stock_facts(line.sku, line.title, 0, event_type, here=here)
    status = {"order.paid": "paid", "order.delivered": "delivered"}.get(event_type, stage.row.status)
    state = replace(_as_now(stage), status=status)
    return conditions.order_facts(state, event_type, None, here=here, first=stage.first)


def _open(tx: Tx, book: ShopBook, number: str) -> _Stage:
    row = tx.execute(select(Order.__table__).where(Order.shop_id == book.id, Order.number == number)).one_or_none()
    if row is None:
        raise NotFound("There is no such order.")
    query = select(LineRow.__table__).where(LineRow.shop_id == book.id, LineRow.order_id == row.id)
    lines = [
        Line(sku=line.sku, title=line.title, quantity=line.quantity, price_minor=line.price_minor)
        for line in tx.execute(query.order_by(LineRow.n))
    ]
    earliest = firsts.earliest(tx, [(book.id, row.customer_id)]) if row.customer_id else {}
    return _Stage(book, row, lines, first=earliest.get(row.customer_id, row.id) == row.id)


def _as_now(stage: _Stage) -> OrderState:
    names = [column.name for column in Order.__table__.columns]
    return OrderState(**{name: getattr(stage.row, name) for name in names}, lines=list(stage.lines))


def _batch(stage: _Stage, rows: Sequence[Any]) -> list[Scene]:
    """Events that were decided together: their messages are judged by the order as it stood at the end of them."""
    played = []
    for row in rows:
        event = events.from_payload(row.type, row.payload)
        played.append((row.type, *_play(stage, event, row.done_at)))
    return [
        replace(scene, told=_tell(stage, type_, answers, scene.at)) if answers else scene
        for type_, scene, answers in played
    ]


def _play(stage: _Stage, event: Event, now: datetime) -> tuple[Scene, list[Answer]]:
    type_, book = events.type_of(type(event)), stage.book
    verdict = _settle(stage, event)
    scene = Scene(type=type_, at=now, why=verdict.why, told=(), off=tuple(book.off_rules.get(type_, ())))
    if not verdict.effective:
        return scene, []
    here = event.at.astimezone(place_of(book.timezone))
    if isinstance(event, StockEvent):
        facts = conditions.stock_facts(event.sku, event.title, event.left, type_, here=here)
        return scene, asking.ask(book, type_, None, lambda: facts)
    assert isinstance(event, OrderEvent) and stage.state is not None
    told = conditions.order_facts(stage.state, type_, event.reason, here=here, first=stage.first)
    return scene, asking.ask(book, type_, stage.state, lambda: told)


def _settle(stage: _Stage, event: Event) -> Verdict:
    if not isinstance(event, OrderEvent):
        return Verdict(True)
    if stage.state is None:
        opened = orders.open_order(stage.book.id, stage.row.source_id, event, currency=stage.book.currency)
        stage.state = replace(opened, id=stage.row.id, customer_id=stage.row.customer_id)
    else:
        orders.learn(stage.state, event.order)
    return orders.settle(stage.state, event)


def _tell(stage: _Stage, type_: str, answers: Sequence[Answer], now: datetime) -> tuple[Told, ...]:
    return tuple(
        Told(
            rule_id=answer.rule.id, name=answer.rule.name, audience=answer.rule.audience, matched=answer.matched,
            why=answer.why, nobody=answer.found.nobody,
            said=tuple(_said(stage, type_, answer, each, now=now) for each in answer.found.recipients),
        )
        for answer in answers
    )  # fmt: skip


def _said(stage: _Stage, type_: str, answer: Answer, recipient: Recipient, *, now: datetime) -> Said:
    traits = CHANNELS[recipient.channel].traits
    known = {"channel": recipient.channel, "event_type": type_, "audience": answer.rule.audience}
    account = stage.book.account(recipient.provider_id) if recipient.provider_id else None
    return Said(
        channel=recipient.channel, address="" if traits.local else _masked(recipient.address),
        account=account.name if account else "", sandbox=account is None and not traits.local,
        until=asking.waits_until(answer.rule, stage.book, recipient, stage.state, now=now),
        stale=local.stale(known, stage.state, local=traits.local) or "",
    )  # fmt: skip


def _masked(address: str) -> str:
    return customers.mask(address) if address else ""
