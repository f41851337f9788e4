"""The query box's text: filters, words, and mistakes that name their place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orderbell.messages.i18n import catalogue
from orderbell.web.panel import asked, filters, meaning
from orderbell.web.panel.asked import put, read

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


def test_filters_and_words_are_told_apart() -> None:
    found = read('status:failed,unknown to:139 "two words" steam', filters.MESSAGES)
    assert found.filters == {"status": ("failed", "unknown"), "to": ("139",)}
    assert found.words == "two words steam" and not found.wrong


def test_a_value_with_spaces_stands_in_quotation_marks() -> None:
    assert read('buyer:"Bob Smith"', filters.ORDERS).one("buyer") == "Bob Smith"


def test_chinese_names_words_and_colons_are_understood() -> None:
    found = read("状态：失败 渠道:电子邮件", filters.MESSAGES, catalogue("zh-CN"))
    assert found.filters == {"status": ("failed",), "channel": ("email",)}


@pytest.mark.parametrize(
    ("text", "sentence", "near"),
    [
        ("stauts:failed", asked.UNKNOWN_KEY, "status:failed"),
        ("status:faild", asked.UNKNOWN_VALUE, "status:failed"),
        ("after:soon", asked.BAD_DAY, ""),
        ("status: x", asked.NO_VALUE, ""),
    ],
)
def test_a_mistake_says_what_and_where_and_what_was_meant(text: str, sentence: str, near: str) -> None:
    (wrong,) = read(f"one {text} two", filters.MESSAGES).wrong
    assert (wrong.sentence, wrong.near, wrong.at) == (sentence, near, 4)


def test_a_mistake_leaves_the_rest_of_the_text_in_force() -> None:
    assert read("status:failed stauts:x", filters.MESSAGES).filters == {"status": ("failed",)}


def test_somebody_who_still_types_a_filter_is_not_corrected() -> None:
    assert not read("status:", filters.MESSAGES).wrong


def test_an_address_of_the_web_is_a_word() -> None:
    assert read("https://shop.example.com/x", filters.MESSAGES).words == "https://shop.example.com/x"


def test_a_bad_amount_is_refused() -> None:
    assert read("amount:many", filters.ORDERS).wrong[0].sentence == asked.BAD_AMOUNT


def test_a_chip_replaces_its_own_filter_and_keeps_all_others() -> None:
    found = read('status:failed "two words" to:139', filters.MESSAGES)
    assert put(found, "status", "sent") == '"two words" to:139 status:sent'
    assert put(found, "to") == 'status:failed "two words"'


def test_what_is_no_longer_understood_is_not_carried_along() -> None:
    assert put(read("stauts:x abc", filters.MESSAGES), "status", "sent") == "abc status:sent"


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("2026-11-01", "2026-10-31T16:00:00+00:00"),
        ("today", "2026-11-22T16:00:00+00:00"),
        ("昨天", "2026-11-21T16:00:00+00:00"),
        ("7d", "2026-11-15T16:00:00+00:00"),
    ],
)
def test_a_day_begins_when_the_shops_clock_says_so(text: str, begins: str) -> None:
    assert asked.day_begins(text, NOW, "Asia/Shanghai").astimezone(UTC).isoformat() == begins


def test_a_text_is_cut_before_it_costs_anything() -> None:
    assert len(read("x" * 5000, filters.MESSAGES).words) == asked.MOST_CHARS


def test_every_offer_can_be_read_back() -> None:
    for keys in (filters.MESSAGES, filters.ORDERS, filters.CUSTOMERS):
        offers = [offer.text for offer in filters.offers(keys, str) if not offer.text.endswith(":")]
        assert [text for text in offers if read(text, keys).wrong] == [] and offers


def test_every_word_of_the_box_and_of_the_explanations_has_its_chinese() -> None:
    said = {*filters.spoken(), *asked.SENTENCES, *meaning.SENTENCES}
    assert sorted(each for each in said if not catalogue("zh-CN").knows(each)) == []
