"""Conditions in CEL: compiled once, checked when saved, always ending."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import cel

from orderbell.base.errors import BadInput
from orderbell.base.money import exponent

MAX_CHARS = 2000
# What the engine raises for a text it cannot compile and for a question that has no answer (an index, a zero).
_REFUSALS = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
SAMPLE: Mapping[str, Any] = {
    "order": {
        "number": "20261122-0001", "status": "paid", "amount": 99.0, "currency": "CNY", "country": "CN",
        "ip": "203.0.113.9", "quantity": 1, "skus": ["steam-100"], "titles": ["Steam"], "owed": False, "held": False,
        "refund_requested": False, "disputed": False, "first": False, "attributes": {"channel": "web"},
    },
    "buyer": {"ref": "u_88", "name": "张三", "email": "a@example.com", "phone": "+8613800000000", "locale": "zh-CN"},
    "event": {"type": "order.paid", "reason": "", "hour": 10, "weekday": 7},
    "product": {"sku": "steam-100", "title": "Steam", "left": 3},
}  # fmt: skip


@lru_cache(maxsize=4096)
def _compiled(text: str) -> Any:
    return cel.compile(text)


def check(text: str) -> None:
    """Make sure a condition can be asked: it compiles and answers yes or no about a sample order.

    Raises:
        BadInput: `bad_condition`, with the engine's own words.
    """
    if not text.strip():
        return
    if len(text) > MAX_CHARS:
        raise BadInput(f"A condition has at most {MAX_CHARS} characters.", code="bad_condition")
    try:
        answer = _compiled(text).execute(dict(SAMPLE))
    except _REFUSALS as error:
        raise BadInput(f"This condition cannot be asked: {error}", code="bad_condition") from None
    if not isinstance(answer, bool):
        raise BadInput("A condition must answer true or false.", code="bad_condition")


def holds(text: str, facts: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether a condition holds, and in words why not; an error while asking counts as no, with its words."""
    if not text:
        return True, ""
    try:
        answer = _compiled(text).execute(dict(facts))
    except _REFUSALS as error:
        return False, f"the condition could not be asked: {error}"
    return (True, "") if answer is True else (False, f"the condition does not hold: {text}")


def order_facts(
    order: Any, event_type: str, reason: str | None, *, here: datetime, first: bool = False
) -> dict[str, Any]:
    """What a condition about an order may ask; `order` is an OrderState.

    `here` is the moment of the event on the shop's clock, `first` whether its buyer had ordered nothing before.
    """
    buyer = order.buyer
    return {
        "order": {
            "number": order.number,
            "status": order.status,
            "amount": order.amount_minor / 10 ** exponent(order.currency),
            "currency": order.currency,
            "country": order.country or "",
            "ip": order.ip or "",
            "quantity": sum(line.quantity for line in order.lines),
            "skus": [line.sku for line in order.lines],
            "titles": [line.title for line in order.lines],
            "owed": bool(order.owed),
            "held": bool(order.held),
            "refund_requested": bool(order.refund_requested),
            "disputed": bool(order.disputed),
            "first": first,
            "attributes": order.attributes,
        },
        "buyer": {name: buyer.get(name) or "" for name in ("ref", "name", "email", "phone", "locale")},
        "event": _event(event_type, reason, here),
    }


def stock_facts(sku: str, title: str, left: int, event_type: str, *, here: datetime) -> dict[str, Any]:
    """What a condition about a product's stock may ask."""
    return {"product": {"sku": sku, "title": title, "left": left}, "event": _event(event_type, None, here)}


def _event(event_type: str, reason: str | None, here: datetime) -> dict[str, Any]:
    return {"type": event_type, "reason": reason or "", "hour": here.hour, "weekday": here.isoweekday()}


def asks_for_first(text: str) -> bool:
    """Whether a condition asks for the buyer's first order, which costs a question to the database."""
    return "order.first" in text
