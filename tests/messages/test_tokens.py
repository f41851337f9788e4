"""The words in braces: names in every language, values in every language."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orderbell.messages import tokens
from orderbell.messages.facts import NO_LINKS, Item, Links, MessageFacts, from_row, to_row
from orderbell.messages.i18n import catalogue
from orderbell.messages.samples import sample_facts, sample_links

FACTS = MessageFacts(
    event_type="order.paid", order_number="20261122-0001", amount_minor=9900, currency="CNY", status="paid",
    items=(Item(title="书", quantity=2), Item(title="卡")), timezone="America/New_York", country="DE",
    paid_at=datetime(2026, 11, 22, 10, 5, 59, tzinfo=UTC),
)  # fmt: skip


def says(name: str, locale: str = "en", facts: MessageFacts = FACTS, links: Links = NO_LINKS) -> str:
    return tokens.values_for(facts, links, locale=locale, names=(name,))[name]


@pytest.mark.parametrize("written", ["订单号", "訂單編號", "order_number", "ORDER_NUMBER"])
def test_a_token_is_known_by_its_name_in_each_language(written: str) -> None:
    found = tokens.find(written)
    assert found is not None and found.name == "order_number"


def test_no_two_tokens_share_a_word() -> None:
    words = [name for token in tokens.TOKENS for name in set(token.names)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(("locale", "text"), [("zh-CN", "¥99.00"), ("en", "CN¥99.00"), ("de", "99,00\xa0CN¥")])
def test_money_is_written_as_the_reader_writes_it(locale: str, text: str) -> None:
    assert says("amount", locale) == text


@pytest.mark.parametrize(("locale", "text"), [("zh-CN", "2026年11月22日 05:05"), ("en", "Nov 22, 2026 05:05")])
def test_a_moment_is_told_in_the_readers_time_zone(locale: str, text: str) -> None:
    assert says("paid_at", locale) == text


def test_a_zone_nobody_knows_reads_as_utc() -> None:
    facts = MessageFacts(event_type="order.paid", timezone="../etc/passwd", paid_at=FACTS.paid_at)
    assert says("paid_at", facts=facts) == "Nov 22, 2026 10:05"


def test_the_status_is_a_word_of_the_language() -> None:
    assert (says("status"), says("status", "zh-CN")) == ("Paid", "已付款")


def test_several_goods_are_named_by_the_first() -> None:
    assert (says("product_name"), says("product_name", "zh-CN")) == ("书 and 1 more", "书 等 2 种商品")


def test_the_list_of_goods_names_all_with_their_number() -> None:
    assert says("item_list", "zh-CN") == "书 × 2、卡 × 1"


def test_the_order_is_known_by_its_last_four() -> None:
    assert says("order_tail") == "0001"


def test_a_country_is_told_by_name() -> None:
    assert (says("country"), says("country", "zh-CN")) == ("Germany", "德国")


def test_a_payment_link_that_is_no_web_address_is_left_out() -> None:
    assert says("payment_link", links=Links(payment_url="javascript:alert(1)")) == ""


def test_control_and_direction_characters_never_leave_a_value() -> None:
    facts = MessageFacts(event_type="order.paid", buyer_name="A\r\nBcc: x\u202e\u2028\x00\ue000evil\ue001")
    assert says("buyer_name", facts=facts) == "A Bcc: x evil"


def test_a_long_value_is_cut() -> None:
    assert len(says("order_number", facts=MessageFacts(event_type="order.paid", order_number="9" * 9999))) == 500


def test_every_token_says_something_for_its_sample() -> None:
    for event_type, locale in (("order.owed", "zh-CN"), ("stock.low", "en")):
        values = tokens.values_for(sample_facts(event_type, locale), sample_links(), locale=locale)
        told = {token.name for token in tokens.TOKENS if event_type in token.event_types}
        assert not {name for name in told if not values[name]}


def test_facts_come_back_from_their_row_as_they_were() -> None:
    facts = sample_facts("order.owed", "zh-CN")
    assert from_row(to_row(facts)) == facts


def test_every_meaning_has_a_chinese_word() -> None:
    say = catalogue("zh-CN")
    assert not [token.meaning for token in tokens.TOKENS if not say.knows(token.meaning)]


def test_the_table_lists_every_token_once() -> None:
    assert [row["name"] for row in tokens.table()] == [token.name for token in tokens.TOKENS]
