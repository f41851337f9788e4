"""Asking the rules: which of a shop's rules fit an event, whom they reach, and until when their messages wait. Pure.

The worker asks for what happens; the panel's dry-run asks the very same for what happened long ago.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orderbell.channels.directory import CHANNELS
from orderbell.delivery import route
from orderbell.delivery.book import RuleCard, ShopBook
from orderbell.delivery.route import Recipient, Route
from orderbell.domain import conditions

QUIET_HOURS = "quiet_hours"
NOBODY = Route(())


@dataclass(frozen=True, slots=True)
class Answer:
    """What one rule says to an event; `why` it did not match, `found` whom it reaches."""

    rule: RuleCard
    matched: bool
    why: str
    found: Route


def ask(book: ShopBook, event_type: str, order: Any | None, facts: Callable[[], Mapping[str, Any]]) -> list[Answer]:
    """The answers of every switched-on rule of that event; `facts` is called only when a condition needs them."""
    rules = book.rules.get(event_type, ())
    known = facts() if any(rule.condition for rule in rules) else {}
    answers = []
    for rule in rules:
        matched, why = conditions.holds(rule.condition, known)
        found = route.choose(rule, book, event_type, order) if matched else NOBODY
        answers.append(Answer(rule, matched, why, found))
    return answers


def waits_until(
    rule: RuleCard, book: ShopBook, recipient: Recipient, order: Any | None, *, now: datetime
) -> datetime | None:
    """When a message may go that quiet hours hold back; None: now.

    Programs do not sleep, and an in-app message wakes nobody.
    """
    if rule.quiet is None or recipient.channel == "webhook" or CHANNELS[recipient.channel].traits.local:
        return None
    zone = book.timezone
    if rule.audience == "buyer" and order is not None and rule.quiet.zone == "recipient":
        zone = order.buyer.get("timezone") or zone
    return rule.quiet.until(now, zone)
