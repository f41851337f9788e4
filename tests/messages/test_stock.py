"""Every stock text, in every language, for every event it must exist for."""

from __future__ import annotations

import re

import pytest
from tests.messages.conftest import TRAITS, Send

from orderbell import events
from orderbell.base.errors import NotFound
from orderbell.messages import stock
from orderbell.messages.templates import STOCK_ONLY

STAFF_ONLY = {"dispute.opened", "dispute.closed", "risk.flagged", "stock.low", "stock.out", "stock.restocked"}
CONCERNED = [(event_type, "staff") for event_type in events.BY_TYPE] + [
    (event_type, "buyer") for event_type in events.BY_TYPE if event_type not in STAFF_ONLY
]
HAN = re.compile("[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
WORDED = [channel for channel in TRAITS if channel != "webhook"]


@pytest.mark.parametrize("locale", stock.LANGUAGES)
@pytest.mark.parametrize(("event_type", "audience"), CONCERNED)
def test_everyone_concerned_has_words_on_every_channel(word: Send, event_type: str, audience: str, locale: str) -> None:
    for channel in WORDED:
        letter = word(event_type, channel, audience=audience, locale=locale)
        said = letter.subject + letter.text + letter.markdown + "".join(each.label for each in letter.buttons)
        assert len(letter.text) > 10 and not re.search(r"\{\w+\}|\{%|[\ue000-\ue002]", said + letter.html)
        if locale == "en":
            assert not HAN.search(said)


@pytest.mark.parametrize("event_type", sorted(STAFF_ONLY))
def test_what_is_not_the_buyers_business_has_no_words_for_buyers(event_type: str) -> None:
    with pytest.raises(NotFound, match="no text"):
        STOCK_ONLY.choose(event_type, "buyer", "email", "zh-CN")


def test_every_language_has_the_same_texts() -> None:
    first, *others = ({key for key in stock.texts(language) if key[2] != "sms"} for language in stock.LANGUAGES)
    assert all(each == first for each in others)


def test_taiwans_texts_hold_no_simplified_character() -> None:
    for parts in stock.texts("zh-TW").values():
        # Big5 has the traditional characters only; the signs beside them are passed over.
        "".join(HAN.findall("".join(parts.values()))).encode("big5")


def test_every_part_of_a_stock_text_is_a_part_of_its_family() -> None:
    for language in stock.LANGUAGES:
        for (_, _, family), parts in stock.texts(language).items():
            assert set(parts) == set(stock.PARTS[family])


def test_an_sms_in_chinese_holds_no_address(word: Send) -> None:
    for event_type, audience in CONCERNED:
        assert "://" not in word(event_type, "sms", audience=audience, locale="zh-CN").text


def test_an_sms_abroad_leads_the_buyer_to_the_order(word: Send) -> None:
    assert word("order.delivered", "sms").text.endswith("https://shop.example/o/sample")


def test_chinese_texts_use_chinese_punctuation() -> None:
    for parts in (*stock.texts("zh-CN").values(), *stock.texts("zh-TW").values()):
        assert not re.search(r"[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]", "\n".join(parts.values()))


def test_a_channel_nobody_wrote_for_has_words_all_the_same() -> None:
    assert STOCK_ONLY.choose("order.owed", "staff", "carrier-pigeon", "en").family == "chat"


def test_dingtalk_reads_the_chat_texts_when_it_has_none_of_its_own() -> None:
    assert stock.families("dingtalk") == ("dingtalk", "chat", "inbox")
