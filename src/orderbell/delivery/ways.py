"""By which other ways a message could be sent again: channels that have an address, and words, for it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orderbell.base.errors import NotFound
from orderbell.channels.directory import CHANNELS
from orderbell.delivery import route
from orderbell.delivery.book import RuleCard, ShopBook
from orderbell.delivery.route import Recipient


@dataclass(frozen=True, kw_only=True)
class Way:
    """One other way. `cost_minor` is what a message costs in CNY fen, 0 when nothing or unknown."""

    recipient: Recipient
    cost_minor: int
    sandbox: bool
    """No account of that channel is set up: it would go to the sandbox mailbox only."""

    @property
    def name(self) -> str:
        """What tells this way from the others, for a form; holds no address."""
        return f"{self.recipient.channel}:{self.recipient.provider_id or ''}"


def others(book: ShopBook, message: Any, order: Any | None) -> list[Way]:
    """Every way but the one `message` (its row) went; `order` is None for a message that is of none."""
    kinds = tuple(kind for kind in CHANNELS if kind != message.channel)
    rule = RuleCard(id="", name="", condition="", audience=message.audience, channels=kinds, lane=message.lane)
    found: dict[str, Way] = {}
    for each in route.choose(rule, book, message.event_type, order).recipients:
        traits = CHANNELS[each.channel].traits
        reaches = traits.local or each.address or (message.audience == "staff" and each.provider_id)
        if message.audience in traits.audiences and reaches and _is_worded(book, message, each):
            sandbox = each.provider_id is None and not traits.local
            way = Way(recipient=each, cost_minor=traits.cost_minor, sandbox=sandbox)
            found.setdefault(way.name, way)
    return list(found.values())


def _is_worded(book: ShopBook, message: Any, way: Recipient) -> bool:
    try:
        book.wordings.choose(message.event_type, message.audience, way.channel, way.locale)
    except NotFound:
        return False
    return True
