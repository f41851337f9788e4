"""Moments: exact microseconds, always with a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbell.base.clock import SystemClock, from_micros, read_moment, to_micros
from orderbell.base.errors import BadInput


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_survives_the_database_to_the_microsecond(at: datetime) -> None:
    assert from_micros(to_micros(at)) == at


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    at = read_moment("2026-11-22T18:00:00+08:00", field="x")
    assert (at, at.tzinfo) == (datetime(2026, 11, 22, 10, tzinfo=UTC), UTC)
    assert to_micros(at.astimezone(timezone(timedelta(hours=8)))) == to_micros(at)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-11-22T10:00:00", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+08:00"]
)
def test_a_moment_without_a_zone_or_sense_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_moment(text, field="occurred_at")
    assert refused.value.code == "bad_time"
    assert refused.value.sentence.startswith("occurred_at")


def test_the_system_clock_speaks_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
