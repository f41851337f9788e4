"""The relay: whatever waits in the database is told to the engine, once a turn, and again when it was forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from tests.conftest import TurnedClock
from tests.nats import Nats, nats

from orderbell.base.ids import new_id
from orderbell.engine.base import Kind
from orderbell.engine.jetstream import JetStream
from orderbell.engine.streams import PARCEL_MOST, SHARE_MOST, read_servers
from orderbell.runtime.relay import AGAIN_AFTER_S, GRACE, Relay, work_of
from orderbell.store import leases
from orderbell.store.database import Store, Tx
from orderbell.store.schema import EventRow, State

__all__ = ["nats"]

NOW = timedelta()


@pytest.fixture
async def engine(nats: Nats) -> AsyncIterator[JetStream]:
    made = JetStream(read_servers(nats.url, nats.monitor, replicas=1, ack_wait_s=20), pulls=False)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def relay(store: Store, engine: JetStream, clock: TurnedClock) -> Relay:
    return Relay(store, engine, clock)


def put(tx: Tx, clock: TurnedClock, count: int, *, shop_id: str = "shp_1", **more: Any) -> list[str]:
    """Facts that wait; their ids."""
    ids = [new_id("event") for _ in range(count)]
    plain = {
        "shop_id": shop_id, "type": "order.paid", "occurred_at": clock.now(), "received_at": clock.now(), "payload": "",
        "body_hash": "", "state": int(State.READY), "lane": 0, "due_at": clock.now(), "lease_gen": 0, "tries": 0,
    }  # fmt: skip
    tx.execute(insert(EventRow), [plain | {"id": id_, "natural_id": id_} | more for id_ in ids])
    return ids


async def test_what_is_due_is_told_once(store: Store, relay: Relay, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 30))
    assert [await relay.sweep(NOW) for _ in range(3)] == [30, 0, 0]


async def test_what_is_held_done_stuck_or_not_due_is_not_told(store: Store, relay: Relay, clock: TurnedClock) -> None:
    later = clock.now() + timedelta(seconds=5)
    for state, due_at in ((State.LEASED, later), (State.READY, later), (State.DONE, clock.now())):
        await store.write(partial(put, clock=clock, count=2, state=int(state), due_at=due_at))
    await store.write(partial(put, clock=clock, count=2, state=int(State.STUCK)))
    assert await relay.sweep(NOW) == 0


async def test_what_a_dead_worker_held_is_told_when_its_lease_ends(
    store: Store, relay: Relay, clock: TurnedClock
) -> None:
    await store.write(lambda tx: put(tx, clock, 4))
    await relay.sweep(NOW)
    await store.write(lambda tx: leases.claim(tx, EventRow, most=9, now=clock.now(), lease_s=20))
    assert await relay.sweep(NOW) == 0
    clock.turn(seconds=20)
    assert await relay.sweep(NOW) == 4


async def test_what_was_written_this_moment_is_left_to_its_writer(
    store: Store, relay: Relay, clock: TurnedClock
) -> None:
    await store.write(lambda tx: put(tx, clock, 2))
    assert await relay.sweep(GRACE) == 0
    clock.turn(seconds=1)
    assert await relay.sweep(GRACE) == 2


async def test_a_full_share_holds_up_nobody_behind_it(store: Store, relay: Relay, clock: TurnedClock) -> None:
    full = SHARE_MOST * PARCEL_MOST
    await store.write(lambda tx: put(tx, clock, full + 3000))
    clock.turn(seconds=1)
    behind = await store.write(lambda tx: put(tx, clock, 3, shop_id="shp_2"))
    told = 0
    for _ in range(8):
        told += await relay.sweep(NOW)
    assert told < full + 3
    assert {id_ for id_, _ in relay._told} >= set(behind)


async def test_an_engine_that_was_wiped_is_told_everything_again(
    store: Store, relay: Relay, clock: TurnedClock, nats: Nats, engine: JetStream
) -> None:
    await store.write(lambda tx: put(tx, clock, 20))
    await relay.sweep(NOW)
    epoch = engine.epoch
    nats.wipe()
    nats.start()
    async with asyncio.timeout(30):
        while engine.epoch == epoch:
            await asyncio.sleep(0.1)
    assert await relay.sweep(NOW) == 20


async def test_two_relays_say_a_turn_once(store: Store, relay: Relay, clock: TurnedClock, engine: JetStream) -> None:
    await store.write(lambda tx: put(tx, clock, 40))
    await asyncio.gather(relay.sweep(NOW), Relay(store, engine, clock).sweep(NOW))
    client = engine._client
    assert client is not None
    stream = await client.jetstream().stream_info(f"ORDERBELL_{Kind.EVENT.upper()}_0")
    assert stream.state.messages == 40 // PARCEL_MOST + 1


async def test_a_row_nobody_takes_is_said_again_now_and_then(store: Store, clock: TurnedClock) -> None:
    await store.write(lambda tx: put(tx, clock, 1))
    query = partial(leases.waiting, work=EventRow, lane=0, after=None, most=1)
    (row,) = await store.read(lambda tx: query(tx, until=clock.now()))
    assert work_of(row, clock.now() + timedelta(seconds=AGAIN_AFTER_S)).again == 0
    later = [work_of(row, clock.now() + timedelta(seconds=AGAIN_AFTER_S * n + 1)).again for n in (1, 2)]
    assert later[1] == later[0] + 1 > 1


async def test_suspects_are_left_to_those_who_take_them_alone(store: Store, relay: Relay, clock: TurnedClock) -> None:
    ids = await store.write(lambda tx: put(tx, clock, 1))
    suspect = update(EventRow).where(EventRow.id == ids[0]).values(state=int(State.LEASED), tries=2)
    await store.write(lambda tx: tx.execute(suspect))
    assert await relay.sweep(NOW) == 0
    assert await store.read(lambda tx: tx.execute(select(EventRow.id)).scalars().all()) == ids
