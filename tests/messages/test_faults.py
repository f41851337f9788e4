"""The marks beside an author's text: every fault, with its part, its line and what was most likely meant."""

from __future__ import annotations

from orderbell.messages import faults
from orderbell.messages.templates import TemplateName

PAID = TemplateName(event_type="order.paid", audience="buyer", channel="inbox", locale="zh-CN")


def test_a_text_that_works_has_no_fault() -> None:
    assert faults.find(PAID, {"title": "付款成功", "body": "{订单号}"}) == []


def test_every_unknown_variable_is_marked_with_its_line_and_the_nearest_name() -> None:
    found = faults.find(PAID, {"body": "你好\n{订单好} 和 {商品名}"})
    assert [(each.line, each.word, each.nearest) for each in found] == [
        (2, "订单好", "订单号"),
        (2, "商品名", "商品名称"),
    ]
    assert {each.code for each in found} == {"unknown_variable"}


def test_a_variable_of_another_audience_is_marked() -> None:
    assert [each.code for each in faults.find(PAID, {"body": "{后台链接}"})] == ["variable_not_here"]


def test_broken_liquid_is_marked_in_its_part() -> None:
    found = faults.find(PAID, {"body": "x", "title": "{% if 金额 %}"})
    assert [(each.part, each.code) for each in found] == [("title", "bad_template")]


def test_an_empty_text_is_a_fault_of_its_part() -> None:
    assert [(each.part, each.code) for each in faults.find(PAID, {"title": "x"})] == [("body", "empty_text")]
