"""Facts in people's words: money, moments, statuses and lists by the reader's language and time zone."""

from __future__ import annotations

from datetime import datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton

from orderbell.base import money
from orderbell.messages.escapes import clean, web_address
from orderbell.messages.facts import Item, Links, MessageFacts
from orderbell.messages.i18n import catalogue, written

STATUS_WORDS = {
    "pending": "Awaiting payment",
    "paid": "Paid",
    "delivered": "Delivered",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "expired": "Expired",
    "refunded": "Refunded",
}
# More would make a mail unreadable long before it makes it large.
MOST_ITEMS = 50


class Told:
    """One message's facts, told in one language; each method is what one token says."""

    __slots__ = ("facts", "language", "links", "locale")

    def __init__(self, facts: MessageFacts, links: Links, locale: str) -> None:
        self.facts = facts
        self.links = links
        self.locale = locale
        self.language = written(locale)

    def order_number(self) -> str:
        """The whole number."""
        return clean(self.facts.order_number)

    def order_tail(self) -> str:
        """Its last four characters."""
        # Domestic SMS forbids addresses; the tail is how Chinese shops name an order there.
        return clean(self.facts.order_number)[-4:]

    def status(self) -> str:
        """The status in words."""
        return _word(self.language, STATUS_WORDS.get(self.facts.status, self.facts.status))

    def amount(self) -> str:
        """Money with its currency; a dash when the shop named none."""
        if self.facts.amount_minor is None:
            return "—"
        return in_money(self.facts.amount_minor, self.facts.currency, self.locale)

    def amount_value(self) -> str:
        """Money as a bare decimal; 0 when unknown."""
        if self.facts.amount_minor is None:
            return "0"
        return money.to_text(self.facts.amount_minor, self.facts.currency)

    def reason(self) -> str:
        """The reason given, or that none was."""
        return clean(self.facts.reason) if self.facts.reason else _word(self.language, "not given")

    def owed_pieces(self) -> str:
        """A whole number."""
        return str(self.facts.owed_pieces)

    def product_name(self) -> str:
        """One title; of several the first and how many more."""
        items = self.facts.items
        if not items:
            return clean(self.facts.product_title or self.facts.sku) or _word(self.language, "your goods")
        if len(items) == 1:
            return _title(items[0])
        kinds = len(items)
        say = catalogue(self.language)
        return clean(say("{first} and {more} more", first=_title(items[0]), more=kinds - 1, kinds=kinds))

    def item_list(self) -> str:
        """Every title with its quantity."""
        shown = [f"{_title(item)} × {item.quantity}" for item in self.facts.items[:MOST_ITEMS]]
        if not shown:
            return self.product_name()
        return clean(_comma(self.language).join(shown), max_chars=2000)

    def quantity(self) -> str:
        """A whole number."""
        return str(sum(item.quantity for item in self.facts.items))

    def sku(self) -> str:
        """The product's code, of several the first."""
        return clean(self.facts.sku or (self.facts.items[0].sku if self.facts.items else "")) or "—"

    def stock_left(self) -> str:
        """A whole number."""
        return str(self.facts.stock_left)

    def buyer_name(self) -> str:
        """The name, or a polite word."""
        return clean(self.facts.buyer_name, max_chars=100) or _word(self.language, "customer")

    def contact(self) -> str:
        """Mail, phone or whatever the shop knows; a dash when nothing."""
        return clean(self.facts.buyer_contact, max_chars=200) or "—"

    def country(self) -> str:
        """The country's name in the reader's language; a dash when unknown."""
        return country_name(self.facts.country, self.locale) if self.facts.country else "—"

    def shop_name(self) -> str:
        """The shop's name."""
        return clean(self.facts.shop_name, max_chars=100)

    def created_at(self) -> str:
        """A moment in the reader's time zone."""
        return self._moment(self.facts.created_at)

    def paid_at(self) -> str:
        """A moment in the reader's time zone."""
        return self._moment(self.facts.paid_at)

    def expires_at(self) -> str:
        """A moment in the reader's time zone; "the due date" when nobody set one."""
        return self._moment(self.facts.expires_at) if self.facts.expires_at else _word(self.language, "the due date")

    def occurred_at(self) -> str:
        """A moment in the reader's time zone."""
        return self._moment(self.facts.occurred_at)

    def order_link(self) -> str:
        """An address or empty."""
        return self.links.order_url

    def payment_link(self) -> str:
        """An address or empty; it came from the shop, so only http(s) passes."""
        # The only link we did not make ourselves.
        return web_address(self.links.payment_url)

    def panel_link(self) -> str:
        """An address or empty."""
        return self.links.panel_url

    def goods(self) -> list[dict[str, str | int]]:
        """The Liquid list `items`: title, quantity, price and sku of each."""
        facts = self.facts
        return [
            {
                "title": _title(item),
                "quantity": item.quantity,
                "price": in_money(item.price_minor, facts.currency, self.locale),
                "sku": clean(item.sku),
            }
            for item in facts.items[:MOST_ITEMS]
        ]

    def _moment(self, at: datetime | None) -> str:
        if at is None:
            return "—"
        # Cut to the minute, so that the kept forms are shared by all messages of a batch.
        return in_time(at.replace(second=0, microsecond=0), self.facts.timezone, self.locale)


@lru_cache(maxsize=8192)
def in_time(at: datetime, timezone: str, locale: str) -> str:
    """A minute in that zone, as CLDR writes it; kept, since many messages speak of the same minute."""
    there = at.astimezone(_zone(timezone))
    tongue = _babel(locale)
    return f"{format_date(there, 'medium', locale=tongue)} {format_skeleton('Hm', there, locale=tongue)}"


@lru_cache(maxsize=512)
def country_name(code: str, locale: str) -> str:
    """`CN` is 中国 or China; an unknown code is itself."""
    return _babel(locale).territories.get(code.upper()) or clean(code, max_chars=40)


@lru_cache(maxsize=8192)
def in_money(minor: int, currency: str, locale: str) -> str:
    """Money by CLDR, in the nearest language CLDR knows."""
    return money.for_people(minor, currency, str(_babel(locale)))


# A zone or locale comes from the buyer's shop: an unknown one must not stop a message.
@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


@cache
def _babel(locale: str) -> Locale:
    try:
        return Locale.parse(locale, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(written(locale), sep="-")


@cache
def _word(language: str, message_id: str) -> str:
    return catalogue(language)(message_id)


def _comma(language: str) -> str:
    return "、" if language.startswith("zh") else ", "


def _title(item: Item) -> str:
    return clean(item.title or item.sku, max_chars=200)
