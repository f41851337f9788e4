"""Letters: every part a channel needs, and nothing a buyer typed becomes more than text."""

from __future__ import annotations

import json
from html import unescape
from html.parser import HTMLParser

import msgspec
import pytest
from tests.messages.conftest import TRAITS, Send

from orderbell.channels.base import Letter
from orderbell.messages.brand import Brand
from orderbell.messages.compose import compose, event_data, headline
from orderbell.messages.facts import NO_LINKS, Item, Links, MessageFacts
from orderbell.messages.samples import sample_facts, sample_links
from orderbell.messages.templates import STOCK_ONLY, TemplateName, Wordings
from orderbell.messages.wording import OwnText

MEAN = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</td></tr></table><h1>x", "<mj-raw>x</mj-raw>",
    "{{ order_number }}", "{% for i in items %}x{% endfor %}", "{订单号}", '" onmouseover="x', "[x](https://evil.example)",
    "**bold**", "`x`", "a\r\nBcc: v@evil.example", "@@body@@", "\ue000order_number\ue001", "https://evil.example",
    "&lt;b&gt;",
)  # fmt: skip


class Tags(HTMLParser):
    """A second parser: which tags and attributes a page really has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _ in attrs)))


def with_name(name: str) -> MessageFacts:
    facts = sample_facts("review.needed", "en")
    return msgspec.structs.replace(facts, buyer_name=name, reason=name, items=(Item(title=name),))


@pytest.mark.parametrize("name", MEAN)
def test_a_mean_name_adds_no_tag_to_a_mail(word: Send, name: str) -> None:
    mean = word("review.needed", "email", audience="staff", facts=with_name(name)).html
    kind = word("review.needed", "email", audience="staff", facts=with_name("Ann")).html
    assert Tags(mean).seen == Tags(kind).seen


@pytest.mark.parametrize("name", MEAN)
def test_a_mean_name_is_shown_as_it_was_typed(word: Send, name: str) -> None:
    letter = word("review.needed", "email", audience="staff", facts=with_name(name))
    shown = name.replace("\r\n", " ").replace("\ue000", " ").replace("\ue001", " ").strip()
    assert shown in unescape(letter.html) and shown in letter.text


@pytest.mark.parametrize("name", MEAN)
def test_a_mean_name_is_no_markdown(word: Send, name: str) -> None:
    facts = with_name(name)
    markdown = word("review.needed", "dingtalk", audience="staff", facts=facts).markdown
    assert not [mark for mark in ("](", "**bold", "`", "<", "://") if mark in markdown]


@pytest.mark.parametrize("channel", TRAITS)
def test_no_line_break_of_a_buyer_reaches_a_subject(word: Send, channel: str) -> None:
    facts = with_name("a\r\nBcc: v@evil.example\u2028x\x0by")
    subject = word("review.needed", channel, audience="staff", facts=facts).subject
    assert subject == " ".join(subject.split()) and subject.isprintable()


def test_the_plain_text_says_all_the_page_says(word: Send) -> None:
    text = word("order.delivered", "email", brand=Brand(name="Galaxy", support_contact="me@g.example")).text
    wanted = ("Your goods are here", "20261122-0001", "$198.00", "Collect now: https://shop.example/o/sample",
              "Steam gift card 100 × 2", "me@g.example")  # fmt: skip
    assert not [part for part in wanted if part not in text]


def test_a_chinese_letter_speaks_chinese_throughout(word: Send) -> None:
    text = word("order.delivered", "email", locale="zh-CN").text
    assert "订单号：20261122-0001" in text and "Order" not in text


def test_an_order_that_waits_for_money_leads_to_the_till(word: Send) -> None:
    assert word("order.created", "inbox").buttons[0].url == sample_links().payment_url


def test_staff_are_led_to_the_panel_and_never_to_the_buyers_page(word: Send) -> None:
    letter = word("order.delivered", "email", audience="staff")
    assert letter.buttons[0].url == sample_links().panel_url and "/o/sample" not in letter.html + letter.text


def test_a_mail_without_a_link_has_no_button() -> None:
    wording = STOCK_ONLY.choose("order.paid", "buyer", "email", "en")
    letter = compose(wording, sample_facts("order.paid", "en"), Brand(name="G"), Links(), locale="en",
                     traits=TRAITS["email"])  # fmt: skip
    assert 'class="button"' not in letter.html and letter.buttons == ()


def test_a_way_out_is_offered_when_there_is_one() -> None:
    wording = STOCK_ONLY.choose("order.paid", "buyer", "email", "en")
    links = Links(unsubscribe_url="https://shop.example/u/1?a=1&b=2")
    letter = compose(wording, sample_facts("order.paid", "en"), Brand(name="G"), links, locale="en",
                     traits=TRAITS["email"])  # fmt: skip
    assert "/u/1?a=1&amp;b=2" in letter.html and links.unsubscribe_url in letter.text and not letter.transactional


def test_a_mail_of_liquid_says_the_same_on_the_page_and_as_text() -> None:
    name = TemplateName(event_type="order.paid", audience="buyer", channel="email", locale="en")
    body = "{% for i in items %}- **{{ i.title }}** x{{ i.quantity }}\n{% endfor %}"
    wording = Wordings({name.place: OwnText(version_id="v", parts={"body": body})}, "en").choose(*name.place)
    facts = msgspec.structs.replace(sample_facts("order.paid", "en"), items=(Item(title="**<b>**", quantity=2),))
    letter = compose(wording, facts, Brand(name="G"), sample_links(), locale="en", traits=TRAITS["email"])
    assert "<li><strong>**&lt;b&gt;**</strong> x2</li>" in letter.html and "- **<b>** x2" in letter.text


def test_a_chat_without_buttons_gets_its_link_in_the_text(word: Send) -> None:
    letter = word("order.owed", "telegram", audience="staff")
    assert letter.markdown.endswith(f"[Deal with it now]({sample_links().panel_url})")


def test_a_text_is_cut_where_its_channel_ends(word: Send) -> None:
    facts = with_name("x" * 400)
    assert len(word("review.needed", "wechat", audience="staff", facts=facts).text) <= 200


def data(letter: Letter) -> dict[str, object]:
    return dict(json.loads(json.dumps(letter.data)))


def test_a_webhook_carries_the_order_in_the_apis_words(word: Send) -> None:
    sent = data(word("order.paid", "webhook", audience="staff"))
    order = sent["data"]["order"]  # type: ignore[index]
    assert (sent["type"], order["amount"], order["lines"][0]["price"]) == ("order.paid", "198.00", "99.00")
    assert sent["timestamp"] == "2026-11-22T10:00:00Z"


def test_a_webhook_carries_no_link_that_opens_the_order(word: Send) -> None:
    assert "http" not in json.dumps(data(word("order.delivered", "webhook", audience="staff")))


def test_a_webhook_about_stock_carries_the_product() -> None:
    sent = event_data(sample_facts("stock.low", "en"))
    assert sent["data"]["product"] == {"sku": "steam-100", "title": "Steam gift card 100", "left": 5}


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("channel", ["email", "inbox", "dingtalk"])
@pytest.mark.parametrize("event_type", ["order.paid", "order.delivered", "order.cancelled", "order.refunded"])
def test_a_headline_is_the_letters_own_first_line(word: Send, event_type: str, channel: str, locale: str) -> None:
    wording = STOCK_ONLY.choose(event_type, "buyer", channel, locale)
    line = headline(wording, sample_facts(event_type, locale), NO_LINKS, locale=locale)
    assert line and line == word(event_type, channel, locale=locale).subject


def test_a_text_with_logic_has_no_headline_before_it_is_worded_whole() -> None:
    own = OwnText(version_id="v1", parts={"title": "Hi", "body": "{% if order_number %}x{% endif %}"})
    name = TemplateName(event_type="order.paid", audience="buyer", channel="inbox", locale="en")
    wording = Wordings({name.place: own}, "en").choose(*name.place)
    assert headline(wording, sample_facts("order.paid", "en"), NO_LINKS, locale="en") is None
