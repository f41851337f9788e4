"""Who hears it and where: a rule's audience and channels become recipients. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from orderbell.channels.base import Traits
from orderbell.channels.directory import CHANNELS
from orderbell.delivery.book import RuleCard, ShopBook
from orderbell.domain.customers import address_for
from orderbell.messages.i18n import written

TOLD_BY_MAIL = ("owner", "manager", "support")
MUTED = "switched off for this event"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One way one message goes; provider None means the sandbox mailbox or a local channel."""

    channel: str
    provider_id: str | None
    address: str
    locale: str


@dataclass(frozen=True, slots=True)
class Route:
    """The recipients of one rule, and for each channel that found nobody, why."""

    recipients: tuple[Recipient, ...]
    nobody: tuple[tuple[str, str], ...] = ()


def choose(rule: RuleCard, book: ShopBook, event_type: str, order: Any | None) -> Route:
    """The recipients of a rule; `order` (an OrderState) is None for an event without one."""
    return _choose(rule, book, event_type, order) if rule.audience == "buyer" else _of_staff(rule, book, event_type)


@lru_cache(maxsize=4096)
def _of_staff(rule: RuleCard, book: ShopBook, event_type: str) -> Route:
    # No order changes who of the staff is told; a changed setting makes another book.
    return _choose(rule, book, event_type, None)


def _choose(rule: RuleCard, book: ShopBook, event_type: str, order: Any | None) -> Route:
    found: list[Recipient] = []
    nobody: list[tuple[str, str]] = []
    for kind in rule.channels:
        channel = CHANNELS.get(kind)
        if channel is None:
            nobody.append((kind, "this release has no such channel"))
            continue
        if rule.audience == "buyer":
            more, why = _buyer(kind, channel.traits, book, order)
        else:
            more, why = _staff(kind, channel.traits, book, event_type)
        found += more
        if not more:
            nobody.append((kind, why))
    nobody += [(kind, MUTED) for kind in rule.muted]
    return Route(tuple(found), tuple(nobody))


def _buyer(kind: str, traits: Traits, book: ShopBook, order: Any | None) -> tuple[list[Recipient], str]:
    if order is None:
        return [], "the event has no buyer"
    locale = written(order.buyer.get("locale"), default=book.locale)
    if traits.local:
        return [Recipient(kind, None, order.customer_id or order.id, locale)], ""
    if traits.address == "none":
        return [], "this channel cannot reach a buyer"
    accounts = book.accounts.get(kind, ())
    address = address_for(order.buyer, traits.address)
    if address is None and (accounts or traits.address in ("email", "phone")):
        return [], f"the buyer left no {traits.address}"
    return [Recipient(kind, accounts[0].id if accounts else None, address or "", locale)], ""


def _staff(kind: str, traits: Traits, book: ShopBook, event_type: str) -> tuple[list[Recipient], str]:
    accounts = [account for account in book.accounts.get(kind, ()) if account.wants(event_type)]
    if kind == "webhook":
        return [Recipient(kind, each.id, "", book.locale) for each in accounts], "no endpoint asked for this event"
    if traits.address == "email":
        provider = accounts[0].id if accounts else None
        people = [each for each in book.staff if each.role in TOLD_BY_MAIL and event_type not in each.muted]
        return [
            Recipient(kind, provider, each.email, written(each.locale, default=book.locale)) for each in people
        ], "nobody of the staff wants mail of this"
    if not accounts:
        return [Recipient(kind, None, "", book.locale)], ""
    return [Recipient(kind, each.id, "", book.locale) for each in accounts], ""
