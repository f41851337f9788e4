"""A test message through one account, every step told as it happens; nothing is kept in the outbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from orderbell.base.ids import new_id
from orderbell.channels.base import Address, Channel, Draft, Letter, Refused, SendFailed, Traits, TryLater
from orderbell.delivery.book import ShopBook
from orderbell.messages.compose import compose
from orderbell.messages.facts import Links, MessageFacts
from orderbell.messages.samples import sample_facts


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a test: `name` is worded, request or answer; `ok` None means it is still under way."""

    name: str
    ok: bool | None
    words: str
    draft: Draft | None = None


def facts_of_a_test(book: ShopBook, event_type: str, now: datetime) -> MessageFacts:
    """The facts of an order that never was, plainly named so, as of now."""
    return msgspec.structs.replace(
        sample_facts(event_type, book.locale),
        shop_name=book.name,
        order_number="TEST-0001",
        created_at=now - timedelta(minutes=2),
        paid_at=now,
        occurred_at=now,
        timezone=book.timezone,
    )


def sample_letter(book: ShopBook, kind: str, traits: Traits, *, base_url: str, now: datetime) -> Letter:
    """What a test through that kind of channel says."""
    event_type, audience = ("order.paid", "staff") if traits.address == "none" else ("order.delivered", "buyer")
    links = Links(order_url=f"{base_url}/o", panel_url=f"{base_url}/panel/orders")
    wording = book.wordings.choose(event_type, audience, kind, book.locale)
    facts = facts_of_a_test(book, event_type, now)
    return compose(wording, facts, book.brand, links, locale=book.locale, traits=traits)


async def try_out(channel: Channel, letter: Letter, address: str) -> AsyncIterator[Step]:
    """Word, draft and send one letter; each step as it is done, the provider's own words last."""
    yield Step(name="worded", ok=True, words=letter.subject or letter.text[:200])
    key, to = new_id("message"), Address(value=address)
    yield Step(name="request", ok=True, words="", draft=channel.draft(letter, to, key))
    try:
        taken = await channel.send(letter, to, key)
    except SendFailed as failed:
        yield Step(name="answer", ok=False, words=explain(failed))
    else:
        yield Step(name="answer", ok=True, words=taken.words)


def explain(failed: SendFailed) -> str:
    """The provider's words after a plain sentence on whose turn it is."""
    if isinstance(failed, Refused):
        blame = {"recipient": "this address is refused", "config": "the account is refused"}
        lead = blame.get(failed.blame, "this message is refused")
    else:
        lead = "not taken now" if isinstance(failed, TryLater) else "no telling whether it arrived"
    return f"{lead}: {failed.words}"
