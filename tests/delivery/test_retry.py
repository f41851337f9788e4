"""When to try again: by schedule, bent by the provider's wish, and at last not at all."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbell.delivery.retry import BY_LANE, JITTER, WEBHOOK, next_try

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def wait_s(*, lane: int = 1, channel: str = "email", tries: int = 1, wish_s: float | None = None) -> float | None:
    dice = random.Random(7)
    due = next_try(lane=lane, channel=channel, tries=tries, now=NOW, wish_s=wish_s, dice=dice)
    return None if due is None else (due - NOW).total_seconds()


def test_a_webhook_is_tried_ten_times_over_three_days() -> None:
    waits = [wait_s(channel="webhook", tries=n) or 0 for n in range(1, 10)]
    assert 75.6 * 3600 * (1 - JITTER) <= sum(waits) <= 75.6 * 3600 * (1 + JITTER)
    assert wait_s(channel="webhook", tries=10) is None


def test_goods_are_given_up_after_half_an_hour() -> None:
    assert sum(BY_LANE[0]) <= 30 * 60
    assert wait_s(lane=0, tries=len(BY_LANE[0]) + 1) is None


@pytest.mark.parametrize("schedule", [*BY_LANE.values(), WEBHOOK])
def test_each_wait_is_longer_than_the_one_before(schedule: tuple[int, ...]) -> None:
    assert list(schedule) == sorted(set(schedule))


@given(st.sampled_from([0, 1, 2]), st.integers(1, 4), st.integers(0, 2**32))
def test_a_wait_is_never_far_from_its_schedule(lane: int, tries: int, seed: int) -> None:
    due = next_try(lane=lane, channel="email", tries=tries, now=NOW, wish_s=None, dice=random.Random(seed))
    assert due is not None
    planned = BY_LANE[lane][tries - 1]
    assert planned * (1 - JITTER) <= (due - NOW).total_seconds() <= planned * (1 + JITTER)


def test_two_that_failed_together_do_not_come_back_together() -> None:
    dice = random.Random(1)
    due = {next_try(lane=1, channel="email", tries=3, now=NOW, wish_s=None, dice=dice) for _ in range(50)}
    assert len(due) > 40


def test_a_provider_may_ask_for_a_longer_wait_but_not_for_a_shorter() -> None:
    assert wait_s(wish_s=120) == 120
    assert (wait_s(tries=3, wish_s=1) or 0) > 60


def test_no_provider_may_ask_for_more_than_a_day() -> None:
    assert wait_s(wish_s=10**9) == timedelta(days=1).total_seconds()
