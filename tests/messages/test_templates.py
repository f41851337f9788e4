"""Merchants' own words: checked, versioned, chosen with fallback."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from tests.messages.conftest import NOW

from orderbell.base.errors import BadInput, NotFound
from orderbell.messages import templates
from orderbell.messages.escapes import Escape
from orderbell.messages.templates import TemplateName, Wordings

PAID = TemplateName(event_type="order.paid", audience="buyer", channel="inbox", locale="en")


def keep(tx: Connection, body: str, name: TemplateName = PAID, shop_id: str = "shp_a") -> str:
    return templates.save(tx, shop_id, name, {"body": body}, by="stf_1", now=NOW)


def body(words: Wordings, locale: str) -> str:
    return words.choose("order.paid", "buyer", "inbox", locale).parts["body"].source


def test_own_words_come_before_stock(tx: Connection) -> None:
    keep(tx, "Thanks! {order_number}")
    assert body(templates.load(tx, "shp_a"), "en") == "Thanks! {order_number}"


def test_what_was_not_written_comes_from_stock(tx: Connection) -> None:
    keep(tx, "Thanks!")
    parts = templates.load(tx, "shp_a").choose("order.paid", "buyer", "inbox", "en").parts
    assert parts["title"].source == "Payment received"


def test_a_part_that_was_emptied_stays_empty(tx: Connection) -> None:
    templates.save(tx, "shp_a", PAID, {"body": "x", "title": ""}, by="stf_1", now=NOW)
    assert "title" not in templates.load(tx, "shp_a").choose("order.paid", "buyer", "inbox", "en").parts


def test_stock_in_the_language_comes_before_own_words_in_another(tx: Connection) -> None:
    keep(tx, "Thanks!")
    assert "已收到" in body(templates.load(tx, "shp_a"), "zh-CN")


def test_a_language_nobody_wrote_reads_the_shops_own_words(tx: Connection) -> None:
    keep(tx, "谢谢", TemplateName(event_type="order.paid", audience="buyer", channel="inbox", locale="zh-CN"))
    assert body(templates.load(tx, "shp_a"), "ja") == "谢谢"


def test_at_last_there_is_english(tx: Connection) -> None:
    assert body(templates.load(tx, "shp_a"), "ja").startswith("We have")


@pytest.mark.parametrize(
    ("locale", "start"), [("zh-HK", "已收到 {金額}"), ("en-GB", "We have"), ("zh_CN", "已收到 {金额}")]
)
def test_a_neighbouring_locale_reads_its_language(locale: str, start: str) -> None:
    assert body(templates.STOCK_ONLY, locale).startswith(start)


def test_own_words_in_one_script_do_not_speak_for_the_other(tx: Connection) -> None:
    keep(tx, "谢谢", TemplateName(event_type="order.paid", audience="buyer", channel="inbox", locale="zh-CN"))
    assert body(templates.load(tx, "shp_a"), "zh-HK").startswith("已收到 {金額}")


def test_hong_kong_reads_what_was_written_for_taiwan(tx: Connection) -> None:
    keep(tx, "謝謝", TemplateName(event_type="order.paid", audience="buyer", channel="inbox", locale="zh-TW"))
    words = templates.load(tx, "shp_a")
    assert (body(words, "zh-HK"), body(words, "zh-CN")[:3]) == ("謝謝", "已收到")


def test_each_saving_is_a_version_and_the_newest_counts(tx: Connection) -> None:
    keep(tx, "one")
    newest = keep(tx, "two")
    listed = templates.versions(tx, "shp_a", PAID)
    assert [(each.n, each.current) for each in listed] == [(2, True), (1, False)] and listed[0].id == newest


def test_reverting_brings_stock_back(tx: Connection) -> None:
    keep(tx, "one")
    templates.revert(tx, "shp_a", PAID)
    assert body(templates.load(tx, "shp_a"), "en").startswith("We have")


def test_reverting_to_a_version_brings_that_one_back(tx: Connection) -> None:
    first = keep(tx, "one")
    keep(tx, "two")
    templates.revert(tx, "shp_a", PAID, version_id=first)
    assert body(templates.load(tx, "shp_a"), "en") == "one"


def test_another_shops_version_cannot_be_taken(tx: Connection) -> None:
    keep(tx, "mine")
    foreign = keep(tx, "theirs", shop_id="shp_b")
    with pytest.raises(NotFound):
        templates.revert(tx, "shp_a", PAID, version_id=foreign)
    with pytest.raises(NotFound):
        templates.wording_of(tx, "shp_a", foreign)


def test_an_old_message_can_be_worded_as_it_was(tx: Connection) -> None:
    first = keep(tx, "one")
    keep(tx, "two")
    assert templates.wording_of(tx, "shp_a", first).parts["body"].render({}, Escape.TEXT) == "one"


@pytest.mark.parametrize(
    ("parts", "code", "part"),
    [
        ({"body": "{nonsense}"}, "unknown_variable", "body"),
        ({"body": "x", "title": "{% if %}"}, "bad_template", "title"),
        ({"body": "x" * 2001}, "text_too_long", "body"),
        ({"body": " "}, "empty_text", "body"),
        ({"body": "x", "subject": "y"}, "unknown_part", "subject"),
        ({"body": "{% for a in (1..1000) %}" + "x" * 1000 + "{% endfor %}"}, "bad_template", "body"),
    ],
)
def test_words_that_would_fail_are_refused_when_saved(parts: dict[str, str], code: str, part: str) -> None:
    with pytest.raises(BadInput) as caught:
        templates.check_parts(PAID, parts)
    assert (caught.value.code, caught.value.extra["part"]) == (code, part)


def test_a_webhook_has_no_words_to_write() -> None:
    name = TemplateName(event_type="order.paid", audience="staff", channel="webhook", locale="en")
    with pytest.raises(BadInput):
        templates.check_parts(name, {"body": "x"})


def test_a_choice_is_made_once() -> None:
    words = Wordings({}, "en")
    assert words.choose("order.paid", "buyer", "sms", "en") is words.choose("order.paid", "buyer", "sms", "en")
