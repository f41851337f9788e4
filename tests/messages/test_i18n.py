"""Which language a message is worded in, and that its small words are there."""

from __future__ import annotations

import pytest

from orderbell.messages.i18n import catalogue, written
from orderbell.messages.say import STATUS_WORDS


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("zh-TW", "zh-TW"), ("zh_HK", "zh-TW"), ("zh-Hant-MO", "zh-TW"), ("zh-Hans-HK", "zh-CN"), ("zh", "zh-CN"),
        ("zh-SG", "zh-CN"), ("en-GB", "en"), ("ja", "en"), (None, "en"), ("x" * 500, "en"),
    ],
)  # fmt: skip
def test_a_locale_is_worded_in_the_nearest_language(locale: str | None, language: str) -> None:
    assert written(locale) == language


def test_nobodys_locale_reads_the_shops() -> None:
    assert written(None, default="zh-HK") == "zh-TW"


def test_taiwan_has_every_small_word_of_a_message() -> None:
    say = catalogue("zh-TW")
    small = ["Order number", "Goods", "Amount", "Buyer", "Product code", "Stock left", "View details", "customer",
             "This message was sent automatically by {shop}.", "Need help? {contact}", "Notification settings",
             "not given", "your goods", "the due date", "{first} and {more} more"]  # fmt: skip
    assert [word for word in [*small, *STATUS_WORDS.values()] if not say.knows(word)] == []
