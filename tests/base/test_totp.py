"""Codes of authenticator apps against the published vectors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orderbell.base import totp

SECRET = b"12345678901234567890"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


# RFC 6238, appendix B, the SHA-1 rows.
@pytest.mark.parametrize(("at_s", "code"), [
    (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
    (2000000000, "69279037"), (20000000000, "65353130"),
])  # fmt: skip
def test_the_published_vectors_come_out(at_s: int, code: str) -> None:
    step = totp.step_at(datetime.fromtimestamp(at_s, UTC))
    assert totp.code(SECRET, step, digits=8) == code


@pytest.mark.parametrize(("drift_s", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_one_step_off(drift_s: int, fits: bool) -> None:
    shown = totp.code(SECRET, totp.step_at(NOW + timedelta(seconds=drift_s)))
    assert (totp.step_of(SECRET, shown, NOW) is not None) is fits


def test_blanks_in_a_typed_code_do_no_harm() -> None:
    shown = totp.code(SECRET, totp.step_at(NOW))
    assert totp.step_of(SECRET, f" {shown[:3]} {shown[3:]} ", NOW) == totp.step_at(NOW)


@pytest.mark.parametrize("typed", ["", "1234567", "abcdef", "１２３４５６", "0" * 500])
def test_what_is_no_code_fits_nothing(typed: str) -> None:
    assert totp.step_of(SECRET, typed, NOW) is None


def test_the_address_names_shop_and_person_whatever_they_are_called() -> None:
    address = totp.address(SECRET, issuer="星 & 河", account="a+b@example.com")
    assert address.startswith("otpauth://totp/%E6%98%9F%20%26%20%E6%B2%B3%3Aa%2Bb%40example.com?secret=GEZDGNBV")
    assert "issuer=%E6%98%9F%20%26%20%E6%B2%B3" in address
