"""Single fields: what counts as an e-mail, a number, a place."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbell.base.errors import BadInput
from orderbell.sources import fields


@pytest.mark.parametrize("text", ["a@example.com", "a.b+c@mail.example.co.uk", "用户@例子.公司", "12345@qq.com"])
def test_these_are_e_mail_addresses(text: str) -> None:
    assert fields.is_email(text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a@b", "@example.com", "a@@example.com", ".a@example.com", "a b@example.com", "a@example..com",
     "a@example.com,b@example.com", "A <a@example.com>", "a@-example.com", "x" * 65 + "@example.com",
     "a@example.com\nBcc: b@example.com"],
)  # fmt: skip
def test_these_are_not(text: str) -> None:
    assert not fields.is_email(text)


@pytest.mark.parametrize("text", ["110", "abc", "", "+", "1" * 60, "１３８"])
def test_what_is_no_number_stays_none(text: str) -> None:
    assert fields.phone_number(text) is None


@pytest.mark.parametrize("text", ["1.2.3", "01.2.3.4", "1.2.3.4\n", "1.2.3.256", "::1%lo", "example.com", "١.2.3.4"])
def test_these_are_no_addresses(text: str) -> None:
    assert fields.ip_address(text) is None


def test_a_country_is_written_in_capitals() -> None:
    assert fields.country_code("cn") == "CN"


@pytest.mark.parametrize("code", ["EU", "UN", "ZZ", "419", "c", "中国"])
def test_what_nobody_lives_in_is_no_country(code: str) -> None:
    assert fields.country_code(code) is None


@pytest.mark.parametrize("url", ["ftp://a.example", "//a.example", "https://", "https://a b", "data:text/html,x"])
def test_only_web_addresses_are_web_addresses(url: str) -> None:
    assert fields.web_address(url) is None


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("9.345", "USD", 935), ("9.344", "USD", 934), ("10", "CNY", 1000), ("0", "CNY", 0), ("0E-9", "CNY", 0),
     ("99.5", "JPY", 100), ("1.2345", "KWD", 1235)],
)  # fmt: skip
def test_amounts_are_rounded_half_up_to_the_currency(amount: str, currency: str, minor: int) -> None:
    assert fields.rounded_minor(Decimal(amount), currency, field="total") == minor


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "1E+999999", "1000000000000"])
def test_amounts_nobody_can_pay_are_refused(amount: str) -> None:
    with pytest.raises(BadInput):
        fields.rounded_minor(Decimal(amount), "CNY", field="total")


@given(st.text())
def test_tidied_text_is_one_line_without_controls(text: str) -> None:
    line = fields.tidied(text, max_chars=20)
    assert len(line) <= 20
    assert fields.one_line(line, field="title") == line


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_sorting_ways_never_raises_and_only_yields_real_ones(email: str, phone: str, contact: str) -> None:
    ways = fields.reach(email, phone, contact, country="US")
    assert ways.email is None or fields.is_email(ways.email)
    assert ways.phone is None or ways.phone.startswith("+")
