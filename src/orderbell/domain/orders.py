"""An order's life: which fact changes it, which comes too late, and why.

Pure: a state and an event in, a verdict out. Facts may come twice, late or out of order; a status only moves
forward by rank, so whatever the order of arrival the end is the same. Money for a cancelled order does not revive
it, and goods that were handed out are not undone by calling the order off: hence cancelled stands between the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from orderbell import events
from orderbell.base import mutant
from orderbell.base.ids import new_id
from orderbell.events import OrderEvent, OrderFacts

RANK = {"pending": 0, "expired": 1, "paid": 2, "cancelled": 3, "delivered": 4, "completed": 5, "refunded": 6}


@dataclass(slots=True)
class OrderState:
    """An order in a worker's hands: the row's columns, and whether they must be written back."""

    id: str
    shop_id: str
    number: str
    status: str
    amount_minor: int
    currency: str
    created_at: datetime
    source_id: str | None = None
    version: int = 1
    held: int = 0
    owed: int = 0
    refund_requested: int = 0
    disputed: int = 0
    ip: str | None = None
    country: str | None = None
    customer_id: str | None = None
    buyer: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    payment_url: str | None = None
    paid_at: datetime | None = None
    delivered_at: datetime | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    revealed_at: datetime | None = None
    reveals: int = 0
    link_gen: int = 0
    lines: list[events.Line] = field(default_factory=list)
    opened_by: str | None = None
    """The natural id of the event that opened it, while it is not in the database yet."""
    changed: bool = False
    new_lines: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an event had an effect on its order, and in words why (not)."""

    effective: bool
    why: str = ""


def open_order(shop_id: str, source_id: str | None, event: OrderEvent, *, currency: str) -> OrderState:
    """The order an event speaks of, when this is the first we hear of it."""
    facts = event.order
    state = OrderState(
        id=new_id("order"),
        shop_id=shop_id,
        number=facts.number,
        status="pending",
        amount_minor=facts.amount_minor or 0,
        currency=facts.currency or currency,
        created_at=facts.created_at or event.at,
        source_id=source_id,
        opened_by=event.id,
    )
    learn(state, facts)
    return state


def learn(state: OrderState, facts: OrderFacts) -> None:
    """Fill in what the order did not know yet; what it knows it keeps."""
    before = _known(state)
    state.ip = state.ip or facts.ip
    state.country = state.country or facts.country
    state.payment_url = state.payment_url or facts.payment_url
    state.expires_at = state.expires_at or facts.expires_at
    said: dict[str, Any] = msgspec.to_builtins(facts.buyer)
    state.buyer = {**said, **state.buyer} if state.buyer else said
    if facts.attributes:
        state.attributes = {**facts.attributes, **state.attributes}
    if not state.lines and facts.lines:
        state.lines = list(facts.lines)
        state.new_lines = True
    if not state.amount_minor and facts.amount_minor:
        state.amount_minor, state.currency = facts.amount_minor, facts.currency or state.currency
        state.changed = True
    if before != _known(state):
        state.changed = True


def _known(state: OrderState) -> tuple[object, ...]:
    sizes = (len(state.buyer), len(state.attributes), len(state.lines))
    return (state.ip, state.country, state.payment_url, state.expires_at, *sizes)


def settle(state: OrderState, event: OrderEvent) -> Verdict:
    """Let the event change the order, if it still can."""
    rule = _RULES.get(type(event))
    verdict = rule(state, event) if rule else Verdict(True)
    if verdict.effective:
        state.changed = True
    return verdict


def _move(state: OrderState, to: str) -> Verdict:
    if state.status == to:
        return Verdict(False, f"the order was already {to}")
    if RANK[state.status] > RANK[to] and not mutant.without("rank_guard"):
        return Verdict(False, f"the order was {state.status} already")
    state.status = to
    return Verdict(True)


def _created(state: OrderState, event: OrderEvent) -> Verdict:
    if state.opened_by == event.id:
        return Verdict(True)
    return Verdict(False, "the order was known already")


def _paid(state: OrderState, event: OrderEvent) -> Verdict:
    if state.status == "cancelled":
        return Verdict(False, "the money came after the order was cancelled")
    verdict = _move(state, "paid")
    if verdict.effective:
        state.paid_at, state.ended_at = event.at, None
    return verdict


def _delivered(state: OrderState, event: OrderEvent) -> Verdict:
    # A shop may call an order completed before we hear that its goods went out: that is news all the same.
    late = state.status == "completed" and state.delivered_at is None
    verdict = Verdict(True) if late else _move(state, "delivered")
    if verdict.effective:
        state.delivered_at, state.paid_at = event.at, state.paid_at or event.at
        state.owed = 0
        state.ended_at = state.ended_at if late else None
    return verdict


def _owed(state: OrderState, event: OrderEvent) -> Verdict:
    if state.owed:
        return Verdict(False, "the order was owed already")
    if state.status in ("cancelled", "delivered", "refunded") or state.delivered_at is not None:
        return Verdict(False, f"the order was {state.status} already")
    if state.status != "completed":
        state.status = "paid"
    state.owed, state.paid_at = 1, state.paid_at or event.at
    return Verdict(True)


def _completed(state: OrderState, event: OrderEvent) -> Verdict:
    if state.owed:
        return Verdict(False, "the goods are still owed")
    verdict = _move(state, "completed")
    if verdict.effective:
        state.ended_at, state.paid_at = event.at, state.paid_at or event.at
    return verdict


def _cancelled(state: OrderState, event: OrderEvent) -> Verdict:
    verdict = _move(state, "cancelled")
    if verdict.effective:
        state.ended_at, state.owed = event.at, 0
    return verdict


def _expired(state: OrderState, event: OrderEvent) -> Verdict:
    verdict = _move(state, "expired")
    if verdict.effective:
        state.ended_at = event.at
    return verdict


def _refunded(state: OrderState, event: OrderEvent) -> Verdict:
    verdict = _move(state, "refunded")
    if verdict.effective:
        state.ended_at, state.owed, state.refund_requested = event.at, 0, 0
    return verdict


def _pay_failed(state: OrderState, event: OrderEvent) -> Verdict:
    if state.status == "pending":
        return Verdict(True)
    return Verdict(False, f"the order was {state.status} already")


def _flag(name: str, value: int) -> Callable[[OrderState, OrderEvent], Verdict]:
    def set_flag(state: OrderState, event: OrderEvent) -> Verdict:
        setattr(state, name, value)
        return Verdict(True)

    return set_flag


def _refund(value: int) -> Callable[[OrderState, OrderEvent], Verdict]:
    def set_flag(state: OrderState, event: OrderEvent) -> Verdict:
        if state.status == "refunded":
            return Verdict(False, "the money went back already")
        state.refund_requested = value
        return Verdict(True)

    return set_flag


def _revealed(state: OrderState, event: OrderEvent) -> Verdict:
    if state.revealed_at is not None:
        return Verdict(False, "the goods were seen before")
    state.revealed_at = event.at
    return Verdict(True)


_RULES: dict[type[OrderEvent], Callable[[OrderState, OrderEvent], Verdict]] = {
    events.OrderCreated: _created,
    events.OrderPaid: _paid,
    events.PaymentFailed: _pay_failed,
    events.OrderDelivered: _delivered,
    events.OrderOwed: _owed,
    events.OrderCompleted: _completed,
    events.OrderCancelled: _cancelled,
    events.OrderExpired: _expired,
    events.OrderRefunded: _refunded,
    events.RefundRequested: _refund(1),
    events.RefundApproved: _refund(0),
    events.RefundRejected: _refund(0),
    events.DisputeOpened: _flag("disputed", 1),
    events.DisputeClosed: _flag("disputed", 0),
    events.ReviewNeeded: _flag("held", 1),
    events.ReviewApproved: _flag("held", 0),
    events.ReviewRejected: _flag("held", 0),
    events.CardRevealed: _revealed,
}

_STILL: dict[str, Callable[[Any], bool]] = {
    "order.created": lambda order: order.status == "pending",
    "payment.failed": lambda order: order.status == "pending",
    "order.owed": lambda order: order.owed == 1,
    "order.paid": lambda order: order.status != "refunded",
    "order.delivered": lambda order: order.status in ("delivered", "completed"),
    "order.cancelled": lambda order: order.status == "cancelled",
    "order.expired": lambda order: order.status == "expired",
    "refund.requested": lambda order: order.refund_requested == 1,
    "refund.approved": lambda order: order.status != "refunded",
    "refund.rejected": lambda order: order.status != "refunded",
    "review.needed": lambda order: order.held == 1,
}


def still_true(event_type: str, order: Any) -> bool:
    """Whether a message about that event still says the truth about its order (read at sending, N1)."""
    check = _STILL.get(event_type)
    return check is None or bool(check(order)) or mutant.without("still_true")


def superseded(event_type: str, audience: str, order: Any) -> bool:
    """Whether better news about the order makes this message needless noise for its reader.

    A buyer whose goods are handed out (or owed) right away is told that, and not also that the money came.
    """
    return (event_type, audience) == ("order.paid", "buyer") and (order.status != "paid" or bool(order.owed))
