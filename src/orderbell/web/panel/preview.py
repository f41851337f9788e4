"""A message shown again as it was worded, and the request that carried it; links are left out, secrets masked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from orderbell.base.errors import NotFound, OrderBellError
from orderbell.base.masks import mask_text
from orderbell.channels import directory
from orderbell.channels.base import Address, Draft, Letter, Markup
from orderbell.channels.directory import CHANNELS
from orderbell.delivery.book import ShopBook
from orderbell.messages import brand, facts, segments, templates
from orderbell.messages.brand import Brand
from orderbell.messages.compose import compose
from orderbell.messages.facts import Links
from orderbell.messages.wording import Wording

HIDDEN_LINK = "https://hidden.invalid/link-of-this-buyer"
FORMS: Mapping[str, str] = {
    "email": "mail", "sms": "bubble", "inbox": "card", "push": "card", "wechat": "card", "webhook": "request"
}  # fmt: skip
_NO_LINK = Links(order_url=HIDDEN_LINK, panel_url=HIDDEN_LINK, payment_url=HIDDEN_LINK)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A letter, how to draw it (`mail`, `bubble`, `card`, `chat` or `request`) and its request, if it makes one."""

    form: str
    letter: Letter
    draft: Draft | None

    @property
    def parts(self) -> int:
        """As how many SMS it is counted."""
        return segments.of_letter(self.letter).parts


def masked(shown: Shown | None) -> Shown | None:
    """The same for people who may not see contacts: the request without whole addresses."""
    if shown is None or shown.draft is None:
        return shown
    draft = shown.draft
    headers = {name: mask_text(value) for name, value in draft.headers.items()}
    return replace(shown, draft=Draft(line=mask_text(draft.line), headers=headers, body=mask_text(draft.body)))


def show(tx: Connection, book: ShopBook, row: Any) -> Shown | None:
    """What a message row says; None before it was put into words, or when its words can no longer be made."""
    channel = CHANNELS.get(row.channel)
    if channel is None or not row.facts or "event_type" not in row.facts:
        return None
    try:
        letter = compose(
            _wording(tx, book, row), facts.from_row(row.facts), _brand(tx, book, row), _NO_LINK, locale=row.locale,
            traits=channel.traits,
        )  # fmt: skip
    except OrderBellError:
        return None
    form = FORMS.get(row.channel, "request" if channel.traits.markup is Markup.JSON else "chat")
    return Shown(form=form, letter=letter, draft=None if channel.traits.local else _draft(book, row, letter))


def _wording(tx: Connection, book: ShopBook, row: Any) -> Wording:
    if row.template_version:
        return templates.wording_of(tx, book.id, row.template_version)
    return templates.STOCK_ONLY.choose(row.event_type, row.audience, row.channel, row.locale)


def _brand(tx: Connection, book: ShopBook, row: Any) -> Brand:
    try:
        return brand.load_version(tx, book.id, row.brand_version)
    except NotFound:
        return book.brand


def _draft(book: ShopBook, row: Any, letter: Letter) -> Draft | None:
    """The request; an account that is gone shows the bare form of its channel."""
    account = book.account(row.provider_id) if row.provider_id else None
    channel = directory.make(row.channel, account.values if account else {}, allow_private=True)
    return channel.draft(letter, Address(value=row.address), row.id)
