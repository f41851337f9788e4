"""The sliding minute: never more in any minute than a provider allows, whoever sends, and nothing forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from tests.conftest import TurnedClock
from tests.delivery.conftest import Desk

from orderbell.base.clock import EPOCH
from orderbell.channels.directory import CHANNELS
from orderbell.delivery.limits import Limits, Minute, read_minute
from orderbell.store.database import Store, Tx

MOST = 20


@dataclass
class Waiting:
    """As much of a message as a limit looks at."""

    provider_id: str = "prv_1"
    channel: str = "robot"
    shop_id: str = "shp_1"


class Robot:
    """A channel as chat robots are."""

    class traits:  # noqa: N801 (a channel's own word)
        per_minute = MOST


@pytest.fixture(autouse=True)
def robot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHANNELS, "robot", Robot)  # type: ignore[arg-type]


def go(minute: Minute, clock: TurnedClock, count: int = 1) -> int:
    """How many of so many may go now."""
    return sum(minute.take(clock.now()) is None for _ in range(count))


def later(minute: Minute, clock: TurnedClock) -> Minute:
    """The same account in the next claim."""
    return read_minute(minute.most, minute.shop_id, list(minute.spent), clock.now())


@pytest.fixture
def minute(clock: TurnedClock) -> Minute:
    return read_minute(MOST, "shp_1", [], clock.now())


def claim(tx: Tx, clock: TurnedClock, rows: Sequence[Waiting]) -> list[datetime | None]:
    limits = Limits(tx, rows, clock.now())  # type: ignore[arg-type]
    turns = [limits.take(row.provider_id) for row in rows]
    limits.keep(tx)
    return turns


def test_a_full_minute_may_go_at_once_and_then_no_more(minute: Minute, clock: TurnedClock) -> None:
    assert go(minute, clock, 50) == MOST


def test_a_rest_gives_no_second_burst_within_the_minute(minute: Minute, clock: TurnedClock) -> None:
    go(minute, clock, MOST)
    clock.turn(seconds=59)
    assert go(later(minute, clock), clock, 50) == 0
    clock.turn(seconds=2)
    assert go(later(minute, clock), clock, 50) == MOST


def test_who_must_wait_is_told_of_a_turn_at_which_it_may_go(minute: Minute, clock: TurnedClock) -> None:
    go(minute, clock, 5)
    clock.turn(seconds=10)
    minute = later(minute, clock)
    go(minute, clock, 15)
    turns = [minute.take(clock.now()) for _ in range(7)]
    first, second = clock.now() + timedelta(seconds=51), clock.now() + timedelta(seconds=61)
    assert turns == [first] * 5 + [second] * 2
    clock.turn(seconds=51)
    assert go(later(minute, clock), clock, 50) == 5


def test_many_who_wait_are_spread_over_the_minutes_to_come(minute: Minute, clock: TurnedClock) -> None:
    go(minute, clock, MOST)
    turns = [minute.take(clock.now()) for _ in range(3 * MOST)]
    assert [turns.count(clock.now() + timedelta(seconds=60 * n + 1)) for n in (1, 2, 3)] == [MOST] * 3


def test_a_clock_that_falls_back_gives_nothing_away(minute: Minute, clock: TurnedClock) -> None:
    go(minute, clock, MOST)
    clock.turn(hours=-1)
    assert go(later(minute, clock), clock) == 0
    clock.turn(seconds=61)
    assert go(later(minute, clock), clock) == 0


@given(gaps=st.lists(st.floats(0, 40), max_size=60), asks=st.integers(1, 9))
def test_no_minute_ever_holds_more_than_the_limit(gaps: list[float], asks: int) -> None:
    now, sent, minute = EPOCH + timedelta(days=20000), [], read_minute(5, "shp_1", [], EPOCH)
    for gap in gaps:
        now += timedelta(seconds=gap)
        minute = read_minute(5, "shp_1", list(minute.spent), now)
        sent += [now for _ in range(asks) if minute.take(now) is None]
    for start in sent:
        assert sum(start <= at < start + timedelta(seconds=60) for at in sent) <= 5


async def test_what_was_spent_outlives_whoever_spent_it(store: Store, clock: TurnedClock) -> None:
    first = await store.write(lambda tx: claim(tx, clock, [Waiting()] * 15))
    second = await store.write(lambda tx: claim(tx, clock, [Waiting()] * 15))
    assert (first.count(None), second.count(None)) == (15, 5)


async def test_one_account_does_not_use_up_another(store: Store, clock: TurnedClock) -> None:
    rows = [Waiting()] * 30 + [Waiting(provider_id="prv_2")] * 30
    assert (await store.write(lambda tx: claim(tx, clock, rows))).count(None) == 2 * MOST


async def test_a_claim_that_is_rolled_back_spent_nothing(store: Store, clock: TurnedClock) -> None:
    def break_off(tx: Tx) -> None:
        claim(tx, clock, [Waiting()] * MOST)
        raise ValueError

    with pytest.raises(ValueError):
        await store.write(break_off)
    assert (await store.write(lambda tx: claim(tx, clock, [Waiting()] * 50))).count(None) == MOST


async def test_accounts_without_a_limit_cost_no_statement(store: Store, clock: TurnedClock) -> None:
    said: list[str] = []

    def watched(tx: Tx) -> list[Any]:
        event.listen(tx, "before_cursor_execute", lambda _c, _k, statement, *_: said.append(statement))
        return claim(tx, clock, [Waiting(channel="email")] * 50 + [Waiting(channel="gone")])

    assert await store.write(watched) == [None] * 51
    assert said == []


async def test_a_robot_hears_no_more_than_it_may_however_many_workers_send(chatting: Desk) -> None:
    for n in range(MOST + 9):
        await chatting.shop.says("order.paid", f"N-{n}")
    await chatting.decide()
    await chatting.send()
    held = await chatting.shop.messages(channel="robot", reason="rate_limit")
    assert (len(await chatting.shop.messages(channel="robot", status="sent")), len(held)) == (MOST, 9)
    chatting.clock.turn(seconds=62)
    await chatting.send()
    assert len(await chatting.shop.messages(channel="robot", status="sent")) == MOST + 9
