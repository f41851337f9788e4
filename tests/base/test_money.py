"""Money: what is let in, what comes out, and that nothing is lost between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbell.base.errors import BadInput
from orderbell.base.money import exponent, for_people, to_minor, to_text

HOSTILE = (
    "", "1,00", "1e2", "+1", "-1", " 1", "1 ", "1\n", "01", ".5", "1.", "１", "NaN", "inf", "0x1", "1_0", "1.00000",
    "9" * 13, "٣",
)  # fmt: skip


@given(st.integers(0, 10**15), st.sampled_from(["CNY", "JPY", "KWD", "USD"]))
def test_what_was_written_is_read_again_to_the_last_cent(minor: int, currency: str) -> None:
    bounded = min(minor, (10**12 - 1) * 10 ** exponent(currency))
    assert to_minor(to_text(bounded, currency), currency) == bounded


@pytest.mark.parametrize("text", HOSTILE)
def test_only_a_plain_decimal_is_an_amount(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        to_minor(text, "CNY")
    assert refused.value.code == "bad_amount"


def test_decimals_a_currency_does_not_have_are_refused_unless_they_are_zero() -> None:
    assert to_minor("99.00", "JPY") == 99
    with pytest.raises(BadInput, match="more decimals"):
        to_minor("99.50", "JPY")


def test_a_currency_nobody_issued_is_refused() -> None:
    for code in ("XYZ", "cny", "", "RMB"):
        with pytest.raises(BadInput) as refused:
            to_minor("1.00", code)
        assert refused.value.code == "bad_currency"


def test_an_amount_larger_than_any_order_is_refused() -> None:
    with pytest.raises(BadInput, match="larger"):
        to_minor("999999999999.9999", "CLF")


def test_a_debt_keeps_its_sign_and_its_zeros() -> None:
    assert [to_text(minor, "CNY") for minor in (-5, 5, -12345, 0)] == ["-0.05", "0.05", "-123.45", "0.00"]


def test_people_read_amounts_in_their_own_way() -> None:
    assert for_people(9900, "CNY", "zh-CN") == "¥99.00"
    assert for_people(9900, "CNY", "en") == "CN¥99.00"
