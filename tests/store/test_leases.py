"""Leases on work rows: once to each, back after a death, and never settled by a stranger. On both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from tests.conftest import TurnedClock

from orderbell.base.ids import new_id
from orderbell.store import leases
from orderbell.store.database import Store, Tx
from orderbell.store.schema import State, Timer

LEASE_S = 60


def put(tx: Tx, clock: TurnedClock, count: int, *, lane: int = 1, late_s: float = 0) -> None:
    due_at = clock.now() - timedelta(seconds=late_s)
    plain = {"shop_id": "shp_1", "kind": "x", "gen": 0, "state": 0, "lease_gen": 0, "tries": 0}
    ids = [new_id("timer") for _ in range(count)]
    tx.execute(insert(Timer), [plain | {"id": id_, "subject_id": id_, "lane": lane, "due_at": due_at} for id_ in ids])


def take(tx: Tx, clock: TurnedClock, most: int) -> list[Any]:
    return leases.claim(tx, Timer, most=most, now=clock.now(), lease_s=LEASE_S)


def end(tx: Tx, rows: Sequence[Any], state: State = State.DONE) -> int:
    results = [{"b_id": row.id, "b_gen": row.lease_gen + 1, "state": int(state)} for row in rows]
    return leases.settle(tx, Timer, results, ("state",))


async def test_many_claimers_take_each_row_once(store: Store, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 300))
    taken = await asyncio.gather(*(store.write(lambda tx: take(tx, clock, 50)) for _ in range(12)))
    ids = [row.id for rows in taken for row in rows]
    assert len(ids) == len(set(ids)) == 300


async def test_a_leased_row_is_nobody_elses_until_its_lease_ends(store: Store, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 1))
    assert len(await store.write(lambda tx: take(tx, clock, 10))) == 1
    clock.turn(seconds=LEASE_S - 1)
    assert await store.write(lambda tx: take(tx, clock, 10)) == []


async def test_a_row_left_behind_comes_back_and_says_so(store: Store, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 1))
    await store.write(lambda tx: take(tx, clock, 10))
    clock.turn(seconds=LEASE_S)
    (again,) = await store.write(lambda tx: take(tx, clock, 10))
    assert (again.state, again.tries, again.lease_gen) == (State.LEASED, 1, 1)


async def test_who_lost_the_lease_settles_nothing(store: Store, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 1))
    slow = await store.write(lambda tx: take(tx, clock, 10))
    clock.turn(seconds=LEASE_S)
    quick = await store.write(lambda tx: take(tx, clock, 10))
    assert await store.write(lambda tx: end(tx, slow)) == 0
    assert await store.write(lambda tx: end(tx, quick)) == 1


async def test_settling_says_how_many_were_still_ours(store: Store, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 3))
    rows = await store.write(lambda tx: take(tx, clock, 10))
    stolen = update(Timer).where(Timer.id == rows[0].id).values(lease_gen=7)
    await store.write(lambda tx: tx.execute(stolen))
    assert await store.write(lambda tx: end(tx, rows)) == 2
    assert await store.write(lambda tx: end(tx, [])) == 0


async def test_what_is_not_due_done_or_stuck_is_left_alone(store: Store, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 1, late_s=-1))
    for state in (State.DONE, State.STUCK, State.HELD):
        await store.write(lambda tx: put(tx, clock, 1))
        rows = await store.write(lambda tx: take(tx, clock, 1))
        await store.write(partial(end, rows=rows, state=state))
    clock.turn(seconds=0.5)
    assert await store.write(lambda tx: take(tx, clock, 10)) == []


async def test_a_flood_in_a_slow_lane_delays_no_urgent_row(store: Store, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 200, lane=2, late_s=3600))
    await store.write(lambda tx: put(tx, clock, 5, lane=0))
    first = await store.write(lambda tx: take(tx, clock, 10))
    assert [row.lane for row in first] == [0] * 5 + [2] * 5


async def test_a_flood_of_urgent_rows_starves_no_slow_lane(store: Store, clock: TurnedClock) -> None:
    for lane in leases.LANES:
        await store.write(partial(put, clock=clock, count=50, lane=lane))
    lanes = [row.lane for row in await store.write(lambda tx: take(tx, clock, 25))]
    assert [lanes.count(lane) for lane in leases.LANES] == [20, 4, 1]


async def test_a_claim_for_one_takes_one(store: Store, clock: TurnedClock) -> None:
    for lane in leases.LANES:
        await store.write(partial(put, clock=clock, count=20, lane=lane))
    taken = [await store.write(partial(take, clock=clock, most=most)) for most in (1, 2, 3)]
    assert [len(rows) for rows in taken] == [1, 2, 3]


async def test_the_longest_overdue_row_of_a_lane_goes_first(store: Store, clock: TurnedClock) -> None:
    for late_s in (1, 30, 5):
        await store.write(partial(put, clock=clock, count=1, late_s=late_s))
    due = [row.due_at for row in await store.write(lambda tx: take(tx, clock, 10))]
    assert due == sorted(due)


async def test_a_claim_may_be_narrowed(store: Store, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 3))
    wanted = await store.read(lambda tx: tx.execute(select(Timer.id)).scalars().first())
    rows = await store.write(
        lambda tx: leases.claim(tx, Timer, most=9, now=clock.now(), lease_s=9, only=Timer.id == wanted)
    )
    assert [row.id for row in rows] == [wanted]


async def test_the_next_moment_is_the_earliest_of_all_lanes(store: Store, clock: TurnedClock) -> None:
    assert await store.read(lambda tx: leases.next_due(tx, Timer)) is None
    await store.write(lambda tx: put(tx, clock, 1, lane=0, late_s=-50))
    await store.write(lambda tx: put(tx, clock, 1, lane=2, late_s=-20))
    assert await store.read(lambda tx: leases.next_due(tx, Timer)) == clock.now() + timedelta(seconds=20)


async def test_a_row_two_workers_died_over_goes_alone(store: Store, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 3))
    for _ in range(2):
        await store.write(lambda tx: take(tx, clock, 10))
        clock.turn(seconds=LEASE_S)
    assert await store.write(lambda tx: take(tx, clock, 10)) == []
    alone = [
        await store.write(lambda tx: leases.claim_suspect(tx, Timer, now=clock.now(), lease_s=LEASE_S))
        for _ in range(4)
    ]
    assert [len(rows) for rows in alone] == [1, 1, 1, 0]


async def test_a_house_that_starts_again_takes_up_what_it_held_but_no_suspect(store: Store, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 2))
    first, second = await store.write(lambda tx: take(tx, clock, 2))
    twice = update(Timer).where(Timer.id == second.id).values(tries=2)
    await store.write(lambda tx: tx.execute(twice))
    await store.write(lambda tx: leases.release_all(tx, now=clock.now()))
    assert [row.id for row in await store.write(lambda tx: take(tx, clock, 9))] == [first.id]
    assert await store.write(lambda tx: leases.claim_suspect(tx, Timer, now=clock.now(), lease_s=LEASE_S)) == []


async def test_of_the_slowest_lane_only_the_front_is_looked_at_beside_a_busy_provider(
    store: Store, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "FRONT", 3)
    await store.write(lambda tx: put(tx, clock, 4, lane=2, late_s=9))
    await store.write(lambda tx: put(tx, clock, 1, lane=2))
    await store.write(lambda tx: put(tx, clock, 2, lane=1))
    busy = Timer.due_at > clock.now() - timedelta(seconds=5)
    claim = partial(leases.claim, work=Timer, most=9, now=clock.now(), lease_s=LEASE_S, only=busy)
    assert [row.lane for row in await store.write(claim)] == [1, 1]


async def test_a_lease_that_is_renewed_ends_later(store: Store, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 1))
    (row,) = await store.write(lambda tx: take(tx, clock, 1))
    later = clock.now() + timedelta(seconds=3 * LEASE_S)
    assert await store.write(lambda tx: leases.renew(tx, Timer, [(row.id, row.lease_gen + 1)], until=later)) == 1
    clock.turn(seconds=2 * LEASE_S)
    assert await store.write(lambda tx: take(tx, clock, 1)) == []
