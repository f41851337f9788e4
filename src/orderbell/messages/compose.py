"""A wording and the facts make a letter: the last step before a channel takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any

from orderbell.base.money import to_text
from orderbell.channels.base import Button, Letter, Markup, Traits
from orderbell.messages import markup, tokens
from orderbell.messages.brand import Brand
from orderbell.messages.escapes import Escape, to_markdown
from orderbell.messages.facts import Links, MessageFacts
from orderbell.messages.fences import Form, resolve
from orderbell.messages.fields import KINDS, Field, fill
from orderbell.messages.i18n import catalogue, written
from orderbell.messages.layout import Sheet, foot_lines, rows_html, unsubscribe_html
from orderbell.messages.liquid import Compiled, Goods
from orderbell.messages.say import Told
from orderbell.messages.wording import Wording

_HEADLINES = {"email": "subject", "inbox": "title", "chat": "title", "dingtalk": "title", "wechat": "title"}
_PAY_FIRST = frozenset({"order.created", "payment.failed"})


@dataclass(frozen=True)
class Desk:
    """What one letter is made from, gathered once."""

    wording: Wording
    facts: MessageFacts
    brand: Brand
    links: Links
    locale: str
    traits: Traits
    values: Mapping[str, str]
    goods: Goods

    def line(self, part: str) -> str:
        """A part as one line of plain text; empty when the wording has none."""
        compiled = self.wording.parts.get(part)
        if compiled is None:
            return ""
        return " ".join(compiled.render(self.values, Escape.TEXT, self.goods).split())

    def rows(self) -> list[tuple[str, str]]:
        """The facts table: what the reader needs to know which order this is about."""
        return fact_rows(self.facts, self.wording.audience, self.locale)


def compose(
    wording: Wording, facts: MessageFacts, brand: Brand, links: Links, *, locale: str, traits: Traits
) -> Letter:
    """The letter a channel of those traits takes.

    Raises:
        RenderFailed: a merchant's Liquid reached a limit with these facts.
    """
    if not wording.family or traits.markup is Markup.JSON:
        return Letter(data=event_data(facts), locale=locale)
    desk = _desk(wording, facts, brand, links, locale=locale, traits=traits)
    way = _WAYS[wording.family]
    return _chat(desk) if way is _inbox and traits.markup is Markup.MARKDOWN else way(desk)


def typed_fields(wording: Wording, facts: MessageFacts, links: Links, *, locale: str) -> list[Field]:
    """The typed fields of a WeChat message, each with what it wanted to say.

    Raises:
        RenderFailed: a merchant's Liquid reached a limit with these facts.
    """
    bare = Traits(markup=Markup.PLAIN)
    return _filled(_desk(wording, facts, Brand(name=""), links, locale=locale, traits=bare))


def headline(wording: Wording, facts: MessageFacts, links: Links, *, locale: str) -> str | None:
    """What `compose` would say in the letter's first line; None when only the whole letter can tell."""
    part = wording.parts.get(_HEADLINES.get(wording.family, ""))
    if part is None or not all(each.simple for each in wording.parts.values()):
        return None
    values = tokens.values_for(facts, links, locale=locale, names=part.needs)
    return " ".join(part.render(values, Escape.TEXT).split())


def event_data(facts: MessageFacts) -> dict[str, Any]:
    """The event as webhooks carry it: the public API's words, money as decimal strings, no keys and no buyer's link."""
    at = facts.occurred_at or facts.paid_at or facts.created_at
    body: dict[str, Any] = {"order": _order_data(facts)} if facts.order_number else {"product": _stock_data(facts)}
    if facts.reason:
        body["reason"] = facts.reason
    return {"type": facts.event_type, "timestamp": _iso(at), "data": body}


def fact_rows(facts: MessageFacts, audience: str, locale: str) -> list[tuple[str, str]]:
    """Label and value of each fact worth showing, in the reader's language."""
    told, labels = Told(facts, Links(), locale), _labels(written(locale))
    if not facts.order_number:
        return [(labels["goods"], told.product_name()), (labels["sku"], told.sku()),
                (labels["left"], told.stock_left())]  # fmt: skip
    rows = [(labels["number"], told.order_number())]
    if facts.items or facts.product_title:
        rows.append((labels["goods"], told.item_list()))
    if facts.amount_minor is not None:
        rows.append((labels["amount"], told.amount()))
    if audience == "staff" and (facts.buyer_name or facts.buyer_contact):
        known = (told.buyer_name() if facts.buyer_name else "", told.contact() if facts.buyer_contact else "")
        rows.append((labels["buyer"], " · ".join(part for part in known if part)))
    return rows


def main_link(wording: Wording, links: Links) -> str:
    """Where the one button leads: staff to the panel, a buyer who must pay to the till, others to the order."""
    if wording.audience == "staff":
        return links.panel_url
    if wording.event_type in _PAY_FIRST:
        return Told(MessageFacts(event_type=""), links, "en").payment_link() or links.order_url
    return links.order_url


def _desk(wording: Wording, facts: MessageFacts, brand: Brand, links: Links, *, locale: str, traits: Traits) -> Desk:
    # Only what this wording uses is made: most of a letter's cost is dates and money.
    values = tokens.values_for(facts, links, locale=locale, names=wording.needs)
    goods = Told(facts, links, locale).goods() if wording.wants_goods else ()
    return Desk(wording, facts, brand, links, locale, traits, values, goods)


def _email(desk: Desk) -> Letter:
    sheet = _sheet(desk.wording, desk.brand, desk.locale)
    language = written(desk.locale)
    url, rows, label = main_link(desk.wording, desk.links), desk.rows(), desk.line("button")
    fill = {name: escape(value) for name, value in desk.values.items()}
    fill["rows"] = rows_html(rows)
    fill["button_url"] = escape(url)
    fill["unsubscribe"] = unsubscribe_html(desk.links.unsubscribe_url, language)
    for name, part in sheet.dynamic.items():
        fenced = part.fenced(desk.values, desk.goods)
        fill[f"part:{name}"] = resolve(sheet.escaped_part(name, fenced), escape)
    # A button that leads nowhere is worse than none.
    form = sheet.with_button if url and label else sheet.without_button
    return Letter(
        subject=desk.line("subject"),
        text=_email_text(desk, rows, (label, url), language),
        html=form.fill(fill),
        buttons=(Button(label=label, url=url),) if url and label else (),
        sender_name=desk.brand.sender,
        locale=desk.locale,
        data={"unsubscribe_url": desk.links.unsubscribe_url} if desk.links.unsubscribe_url else {},
        transactional=not desk.links.unsubscribe_url,
    )


def _email_text(desk: Desk, rows: list[tuple[str, str]], button: tuple[str, str], language: str) -> str:
    blocks = [desk.line("heading"), _plain(desk, "body"), "\n".join(_pair(language, *row) for row in rows)]
    if all(button):
        blocks.append(_pair(language, *button))
    # RFC 3676: two hyphens and a blank mark a signature, which mail programs fold away.
    blocks.append("-- \n" + _foot_text(desk.brand, language))
    if desk.links.unsubscribe_url:
        blocks.append(_pair(language, catalogue(language)("Notification settings"), desk.links.unsubscribe_url))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _inbox(desk: Desk) -> Letter:
    return Letter(
        subject=_cut(desk.line("title"), 200),
        text=_cut(_plain(desk, "body"), desk.traits.max_chars),
        buttons=_buttons(desk),
        locale=desk.locale,
    )


def _short(desk: Desk) -> Letter:
    return Letter(text=_cut(desk.line("text"), desk.traits.max_chars), sender_name=desk.brand.sms_signature,
                  locale=desk.locale)  # fmt: skip


def _filled(desk: Desk) -> list[Field]:
    return [fill(part, desk.line(part)) for part in KINDS]


def _card(desk: Desk) -> Letter:
    filled = _filled(desk)
    labels, language = _labels(written(desk.locale)), written(desk.locale)
    lines = [_pair(language, labels[each.part], each.value) for each in filled if each.value]
    return Letter(
        subject=desk.line("title"),
        text=_cut("\n".join(lines), desk.traits.max_chars),
        buttons=_buttons(desk),
        data={each.name: each.value for each in filled if each.value},
        locale=desk.locale,
    )


def _chat(desk: Desk) -> Letter:
    title, language = desk.line("title"), written(desk.locale)
    body = desk.wording.parts["body"].render(desk.values, Escape.MARKDOWN, desk.goods).strip()
    if desk.wording.family == "inbox":
        body += "\n\n" + "\n".join("- " + _pair(language, name, to_markdown(value)) for name, value in desk.rows())
    buttons = _buttons(desk)
    in_text = () if desk.traits.buttons else buttons
    links = "".join(f"\n\n[{each.label}]({each.url})" for each in in_text)
    text_links = "".join("\n\n" + _pair(language, each.label, each.url) for each in in_text)
    return Letter(
        subject=title,
        text=_cut(f"{title}\n\n{_plain(desk, 'body')}{text_links}", desk.traits.max_chars),
        markdown=f"### {to_markdown(title)}\n\n{body}{links}",
        buttons=buttons,
        locale=desk.locale,
    )


_WAYS: Mapping[str, Callable[[Desk], Letter]] = {
    "email": _email, "inbox": _inbox, "chat": _chat, "dingtalk": _chat, "short": _short, "sms": _short,
    "wechat": _card,
}  # fmt: skip


def _buttons(desk: Desk) -> tuple[Button, ...]:
    url = main_link(desk.wording, desk.links)
    label = desk.line("button") or _labels(written(desk.locale))["open"]
    return (Button(label=label, url=url),) if url else ()


def _plain(desk: Desk, part: str) -> str:
    """A part of several lines as plain text, the author's marks taken off and values as they are."""
    compiled = desk.wording.parts.get(part)
    if compiled is None:
        return ""
    if compiled.simple:
        return _plain_form(compiled).fill(desk.values)
    return resolve(markup.to_text(compiled.fenced(desk.values, desk.goods)), str)


@lru_cache(maxsize=4096)
def _plain_form(compiled: Compiled) -> Form:
    return Form.of(markup.to_text(compiled.marked))


@lru_cache(maxsize=1024)
def _sheet(wording: Wording, brand: Brand, locale: str) -> Sheet:
    return Sheet(dict(wording.parts), brand, locale)


@lru_cache(maxsize=256)
def _foot_text(brand: Brand, language: str) -> str:
    return "\n".join(foot_lines(brand, language))


def _pair(language: str, name: str, value: str) -> str:
    return f"{name}：{value}" if language.startswith("zh") else f"{name}: {value}"


@lru_cache(maxsize=8)
def _labels(language: str) -> dict[str, str]:
    say = catalogue(language)
    return {
        "number": say("Order number"), "goods": say("Goods"), "amount": say("Amount"), "buyer": say("Buyer"),
        "sku": say("Product code"), "left": say("Stock left"), "open": say("View details"),
        "status": say("Status"), "time": say("Time"),
    }  # fmt: skip


def _cut(text: str, max_chars: int) -> str:
    """At most `max_chars` characters, 0 for any number."""
    return text if not max_chars or len(text) <= max_chars else text[: max_chars - 1].rstrip() + "…"


def _order_data(facts: MessageFacts) -> dict[str, Any]:
    currency = facts.currency
    data: dict[str, Any] = {
        "number": facts.order_number,
        "status": facts.status,
        "amount": None if facts.amount_minor is None else to_text(facts.amount_minor, currency),
        "currency": currency,
        "country": facts.country or None,
        "buyer": {"name": facts.buyer_name or None, "contact": facts.buyer_contact or None},
        "lines": [
            {"sku": item.sku, "title": item.title, "quantity": item.quantity,
             "price": to_text(item.price_minor, currency)}
            for item in facts.items
        ],
        "created_at": _iso(facts.created_at),
        "paid_at": _iso(facts.paid_at),
        "expires_at": _iso(facts.expires_at),
    }  # fmt: skip
    if facts.owed_pieces:
        data["owed_pieces"] = facts.owed_pieces
    return data


def _stock_data(facts: MessageFacts) -> dict[str, Any]:
    return {"sku": facts.sku, "title": facts.product_title, "left": facts.stock_left}


def _iso(at: datetime | None) -> str | None:
    # `Z` as in the API's own examples; both forms are ISO 8601.
    return None if at is None else at.isoformat().replace("+00:00", "Z")
