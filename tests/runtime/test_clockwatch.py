"""A clock that jumps is seen, held against the steady one, and taken again once it stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orderbell.runtime.clockwatch import CALM_TICKS, ClockWatch, DatabaseClock, steady_s
from orderbell.store.database import Store


class Bench:
    """A wall clock and a steady one that go on together until somebody sets the wall."""

    def __init__(self) -> None:
        self.at, self.passed_s = datetime(2026, 11, 22, 10, 0, tzinfo=UTC), 100.0
        self.watch = ClockWatch(self, lambda: self.passed_s)

    def now(self) -> datetime:
        return self.at

    def tick(self, *, set_s: float = 0) -> float:
        self.passed_s += 0.5
        self.at += timedelta(seconds=0.5 + set_s)
        return self.watch.tick().total_seconds()


def test_a_clock_that_goes_on_is_never_in_doubt() -> None:
    bench = Bench()
    assert not any(bench.tick() for _ in range(100)) and bench.watch.may_ring()


@pytest.mark.parametrize("set_s", [300, -300, 3600, -3600, 86_400])
def test_a_jump_holds_everything_until_three_calm_ticks(set_s: float) -> None:
    bench = Bench()
    assert bench.tick(set_s=set_s) == 0
    assert [bench.tick() for _ in range(CALM_TICKS)][-2:] == [0, set_s]
    assert not bench.watch.may_ring() and not bench.watch.may_claim()


def test_a_jump_between_two_ticks_is_seen_at_once() -> None:
    bench = Bench()
    bench.at += timedelta(hours=1)
    assert not bench.watch.may_ring() and not bench.watch.may_claim()


def test_an_accepted_move_is_the_new_truth() -> None:
    bench = Bench()
    bench.tick(set_s=3600)
    while not bench.tick():
        pass
    bench.watch.accept()
    assert bench.watch.may_ring() and bench.tick() == 0


def test_a_clock_set_back_in_time_needs_no_move() -> None:
    bench = Bench()
    bench.tick(set_s=3600)
    assert bench.tick(set_s=-3600) == 0 and bench.watch.may_ring()


def test_a_clock_that_never_stands_still_holds_goods_for_a_minute_only() -> None:
    bench = Bench()
    moves = [bench.tick(set_s=40) for _ in range(119)]
    assert not any(moves) and not bench.watch.may_claim()
    bench.tick(set_s=40), bench.tick(set_s=40), bench.tick(set_s=40)
    assert bench.watch.may_claim() and bench.watch.is_overdue() and not bench.watch.may_ring()


def test_a_small_step_is_no_jump() -> None:
    bench = Bench()
    bench.tick(set_s=29)
    assert bench.watch.may_ring() and bench.tick() == 0


async def test_the_databases_clock_counts_where_many_machines_work(store: Store) -> None:
    if store.dialect == "postgresql":
        clock = DatabaseClock(lambda: steady_s() + 1e9)
        off = clock.now()
        await store.read(clock.measure)
        assert abs(clock.now() - off) < timedelta(seconds=5)
