"""Token buckets: never more than a provider allows, and no token lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.conftest import TurnedClock

from orderbell.delivery.limits import Limits


@pytest.fixture
def limits() -> Limits:
    return Limits()


def go(limits: Limits, clock: TurnedClock, count: int = 1, provider: str = "prv_1") -> int:
    """How many of so many may go now."""
    return sum(limits.take(provider, 20, clock.now()) is None for _ in range(count))


def test_a_full_minute_may_go_at_once_and_then_no_more(limits: Limits, clock: TurnedClock) -> None:
    assert go(limits, clock, 50) == 20


def test_a_token_grows_back_in_its_time(limits: Limits, clock: TurnedClock) -> None:
    go(limits, clock, 20)
    clock.turn(seconds=2.9)
    assert go(limits, clock) == 0
    clock.turn(seconds=0.2)
    assert go(limits, clock, 5) == 1


def test_who_must_wait_is_told_until_when(limits: Limits, clock: TurnedClock) -> None:
    go(limits, clock, 20)
    until = limits.take("prv_1", 20, clock.now())
    assert until == clock.now() + timedelta(seconds=3)
    clock.turn(seconds=3.001)
    assert go(limits, clock) == 1


def test_a_long_rest_saves_up_one_minute_at_most(limits: Limits, clock: TurnedClock) -> None:
    go(limits, clock, 20)
    clock.turn(hours=5)
    assert go(limits, clock, 50) == 20


def test_one_account_does_not_use_up_another(limits: Limits, clock: TurnedClock) -> None:
    go(limits, clock, 20)
    assert go(limits, clock, 50, provider="prv_2") == 20


def test_no_bound_means_no_bound(limits: Limits, clock: TurnedClock) -> None:
    assert {limits.take("prv_1", 0, clock.now()) for _ in range(1000)} == {None}


def test_a_clock_that_falls_back_gives_nothing_away(limits: Limits, clock: TurnedClock) -> None:
    go(limits, clock, 20)
    clock.turn(hours=-1)
    assert go(limits, clock) == 0
