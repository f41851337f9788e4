"""Quiet hours: over midnight and by day, in whichever zone, also on the night the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from orderbell.base.errors import BadInput
from orderbell.domain import quiet
from orderbell.domain.quiet import Quiet

NIGHT, NOON = Quiet(22 * 60, 8 * 60), Quiet(12 * 60, 14 * 60)


def at(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(("hours", "now", "zone", "until"), [
    (NIGHT, at(22, 15), "Asia/Shanghai", at(23, 0)), (NIGHT, at(22, 23, 59), "Asia/Shanghai", at(23, 0)),
    (NIGHT, at(22, 14), "Asia/Shanghai", at(23, 0)), (NIGHT, at(22, 13, 59), "Asia/Shanghai", None),
    (NIGHT, at(23, 0), "Asia/Shanghai", None), (NIGHT, at(22, 15), "Europe/London", None),
    (NOON, at(22, 13), "Europe/London", at(22, 14)), (NOON, at(22, 14), "Europe/London", None),
    (NIGHT, at(25, 0, month=10), "Europe/London", at(25, 8, month=10)),
    (NIGHT, at(22, 23), "../../etc/passwd", at(23, 8)), (NIGHT, at(22, 23), "Nowhere", at(23, 8)),
])  # fmt: skip
def test_the_quiet_ends_when_its_place_says_so(hours: Quiet, now: datetime, zone: str, until: datetime | None) -> None:
    assert hours.until(now, zone) == until


def rule(**more: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"lane": 1, "quiet": "shop", "quiet_from": None, "quiet_until": None} | more)


def test_a_rule_keeps_the_shops_hours_its_own_or_none() -> None:
    assert quiet.of_rule(rule(), NIGHT) == NIGHT
    assert quiet.of_rule(rule(), None) is None
    assert quiet.of_rule(rule(quiet="never"), NIGHT) is None
    own = rule(quiet="own", quiet_from=60, quiet_until=120)
    assert quiet.of_rule(own, Quiet(1, 2, "shop")) == Quiet(60, 120, "shop")


def test_urgent_news_never_waits() -> None:
    assert quiet.of_rule(rule(lane=0, quiet="own", quiet_from=0, quiet_until=1), NIGHT) is None


@pytest.mark.parametrize(("text", "minutes"), [("00:00", 0), ("8:05", 485), ("23:59", 1439)])
def test_a_time_of_day_is_read(text: str, minutes: int) -> None:
    assert quiet.to_minutes(text) == minutes


@pytest.mark.parametrize("text", ["", "24:00", "12:60", "8", "8:5", "-1:00", "٣:00", "aa:bb"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        quiet.to_minutes(text)
    assert refused.value.code == "bad_quiet"


@pytest.mark.parametrize("hours", [(-1, 5), (5, 1440), (5, 5), (None, 5), (5, "6")])
def test_hours_that_are_none_are_refused(hours: tuple[object, object]) -> None:
    with pytest.raises(BadInput):
        quiet.check(*hours)


def test_a_shops_hours_are_read_from_its_settings() -> None:
    assert quiet.of_shop({}) is None
    assert quiet.of_shop({"quiet": {"from": 1, "until": 2, "zone": "shop"}}) == Quiet(1, 2, "shop")
