"""WeChat's typed fields: what does not fit is cut before WeChat would refuse it."""

from __future__ import annotations

import pytest
from tests.messages.conftest import Send

from orderbell.messages.fields import fill


@pytest.mark.parametrize(
    ("part", "wanted", "name", "value"),
    [
        ("goods", "很长的商品名称" * 4, "thing2", "很长的商品名称很长的商品名称很长的商品…"),
        ("status", "已经发货完成了", "phrase4", "已经发货完"),
        ("status", "Ready", "thing4", "Ready"),
        ("number", "N" * 40, "character_string1", "N" * 32),
        ("goods", "短", "thing2", "短"),
    ],
)
def test_a_value_fits_its_field(part: str, wanted: str, name: str, value: str) -> None:
    field = fill(part, wanted)
    assert (field.name, field.value, field.cut) == (name, value, value != wanted)


def test_a_letter_for_wechat_carries_its_fields_by_name(word: Send) -> None:
    letter = word("order.delivered", "wechat", locale="zh-CN")
    assert letter.subject == "订单发货通知"
    assert letter.data["character_string1"] == "20261122-0001" and letter.data["phrase4"] == "已发货"


def test_a_field_with_nothing_to_say_is_left_out(word: Send) -> None:
    assert "amount3" not in word("stock.low", "wechat", audience="staff", locale="zh-CN").data
