"""What JetStream adds: shares, lanes, memory of what was said, and life after it was away or wiped. Real servers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.engine.conftest import Rows, ids, pulled, seat, trust, works
from tests.nats import Nats

from orderbell.base.errors import Misconfigured
from orderbell.engine import jetstream as engine_module
from orderbell.engine.base import Kind, Work
from orderbell.engine.jetstream import JetStream
from orderbell.engine.streams import PARCEL_MOST, SHARE_MOST, judge, message_id, parcels, read_servers


async def test_what_was_done_is_never_handed_out_again(jetstream: JetStream) -> None:
    work = works(30)
    await jetstream.offer(Kind.MESSAGE, work)
    found = await pulled(jetstream, 30)
    jetstream.done(Kind.MESSAGE, found)
    await asyncio.sleep(2)
    assert (sorted(found), await pulled(jetstream, 30)) == (ids(work), [])


async def test_a_turn_that_is_said_twice_is_handed_out_once(jetstream: JetStream) -> None:
    (work,) = works(1)
    for _ in range(3):
        assert await jetstream.offer(Kind.MESSAGE, [work]) == {work.id}
    assert await pulled(jetstream, 3) == [work.id]


async def test_the_next_turn_of_a_row_is_news(jetstream: JetStream) -> None:
    (work,) = works(1)
    await jetstream.offer(Kind.MESSAGE, [work])
    await jetstream.offer(Kind.MESSAGE, [Work(work.id, work.lane, gen=1, share=work.share)])
    assert await pulled(jetstream, 3) == [work.id] * 2


async def test_a_busy_share_is_left_for_later_and_holds_up_no_other(jetstream: JetStream) -> None:
    slow, quick = works(20, share="prv_slow"), works(20, share="prv_quick")
    await jetstream.offer(Kind.MESSAGE, slow + quick)
    found = await pulled(jetstream, 40, busy=("prv_slow",))
    assert sorted(found) == ids(quick)
    jetstream.done(Kind.MESSAGE, found)
    await asyncio.sleep(2)
    assert sorted(await pulled(jetstream, 20)) == ids(slow)


async def test_every_lane_has_its_weight(jetstream: JetStream) -> None:
    lane_of = {each.id: lane for lane in (2, 1, 0) for each in works(12, lane=lane)}
    for id_, lane in lane_of.items():
        # One by one: a parcel is not opened for a part of it.
        await jetstream.offer(Kind.MESSAGE, [Work(id_, lane)])
    async with asyncio.timeout(10):
        while sum(len(lane._waiting) for lane in jetstream._lanes[Kind.MESSAGE]) < 32:
            await asyncio.sleep(0.01)
    found = [lane_of[id_] for id_ in jetstream.pull(Kind.MESSAGE, 12) or ()]
    assert [found.count(lane) for lane in (0, 1, 2)] == [8, 3, 1]


async def test_a_share_that_is_full_is_refused_and_others_are_not(nats: Nats) -> None:
    writer = seat(nats, pulls=False)
    await writer.start()
    held: set[str] = set()
    for _ in range(SHARE_MOST // 25 + 3):
        held |= await writer.offer(Kind.MESSAGE, works(25 * PARCEL_MOST))
    assert len(held) == SHARE_MOST * PARCEL_MOST
    other = works(3, share="prv_2")
    assert await writer.offer(Kind.MESSAGE, other) == set(ids(other))
    await writer.close()


async def test_an_engine_that_lost_everything_is_made_again(nats: Nats, jetstream: JetStream) -> None:
    work = works(10)
    await jetstream.offer(Kind.MESSAGE, work)
    before = jetstream.epoch
    nats.wipe()
    nats.start()
    async with asyncio.timeout(30):
        while jetstream.epoch == before or not await jetstream.offer(Kind.MESSAGE, work):
            await asyncio.sleep(0.1)
    trust(jetstream)
    assert set(await pulled(jetstream, 10)) == set(ids(work))


async def test_workers_look_for_themselves_while_the_engine_is_away(
    nats: Nats, jetstream: JetStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "AWAY_S", 0.5)
    nats.kill()
    await asyncio.sleep(0.7)
    assert jetstream.pull(Kind.MESSAGE, 5) is None
    assert await jetstream.offer(Kind.MESSAGE, works(1)) == set()


async def test_an_engine_that_is_not_there_yet_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_START_S", 0.1)
    late = Nats(tmp_path)
    engine = seat(late)
    await engine.start()
    assert engine.pull(Kind.EVENT, 5) is None
    late.start()
    async with asyncio.timeout(20):
        while not await engine.offer(Kind.EVENT, works(1)):
            await asyncio.sleep(0.1)
    await engine.close()
    late.kill()


async def test_two_processes_share_the_work(nats: Nats, rows: Rows) -> None:
    first, second = seat(nats), seat(nats)
    await asyncio.gather(first.start(), second.start())
    first.publish(Kind.MESSAGE, rows.put(works(400)))
    await rows.work_off(first, second)
    assert (len(rows.handled), set(rows.handled.values())) == (400, {1})
    await asyncio.gather(first.close(), second.close())


async def test_news_reach_the_pages_of_another_process(nats: Nats) -> None:
    worker, web = seat(nats), seat(nats, pulls=False)
    await asyncio.gather(worker.start(), web.start())
    heard = asyncio.Event()
    web.on_told(heard.set)
    worker.tell()
    await asyncio.wait_for(heard.wait(), 10)
    assert heard.is_set()
    await asyncio.gather(worker.close(), web.close())


async def test_a_ring_without_names_asks_the_relays(nats: Nats) -> None:
    relay, web = seat(nats, pulls=False), seat(nats, pulls=False)
    await asyncio.gather(relay.start(), web.start())
    while await relay.asked(0.2):
        await asyncio.sleep(0)
    web.publish(Kind.MESSAGE)
    assert await relay.asked(10)
    await asyncio.gather(relay.close(), web.close())


@pytest.mark.parametrize(
    ("sync", "replicas", "words"), [("2m", 1, "sync_interval: always"), ("always", 3, "ORDERBELL_ENGINE_REPLICAS=1")]
)
async def test_a_server_that_may_forget_is_refused(tmp_path: Path, sync: str, replicas: int, words: str) -> None:
    server = Nats(tmp_path, sync=sync)
    server.start()
    server.wait()
    engine = JetStream(read_servers(server.url, server.monitor, replicas=replicas, ack_wait_s=5), pulls=True)
    with pytest.raises(Misconfigured, match=words):
        await engine.start()
    server.kill()


async def test_a_server_nobody_can_look_at_is_refused(nats: Nats) -> None:
    engine = JetStream(read_servers(nats.url, "http://127.0.0.1:9", replicas=1, ack_wait_s=5), pulls=True)
    with pytest.raises(Misconfigured, match="http_port"):
        await engine.start()


def test_a_server_without_jetstream_is_refused() -> None:
    with pytest.raises(Misconfigured, match="JetStream is off"):
        judge("http://n1:8222", {}, replicas=1)


def test_two_copies_are_no_choice() -> None:
    with pytest.raises(Misconfigured, match="3, or 1"):
        read_servers("nats://n1", "", replicas=2, ack_wait_s=5)


def test_monitors_stand_beside_their_servers_unless_said_otherwise() -> None:
    found = read_servers("nats://u:p@n1:4222, n2, nats://[::1]:4222", "", replicas=3, ack_wait_s=5)
    assert found.monitors == ("http://n1:8222", "http://n2:8222", "http://[::1]:8222")


def test_rows_of_one_share_travel_together_and_never_those_of_two() -> None:
    said = [(Kind.EVENT, each) for each in works(PARCEL_MOST + 1) + works(2, share="prv_2")]
    assert [(subject[-5:], len(work)) for subject, work in parcels(said)] == [
        ("prv_1", PARCEL_MOST), ("prv_1", 1), ("prv_2", 2),
    ]  # fmt: skip


def test_a_parcel_is_named_after_the_turns_in_it() -> None:
    work = Work("msg_1", 0, gen=4)
    assert message_id([work]) == "msg_1:4"
    assert message_id([Work("msg_1", 0, gen=4, again=9)]) == "msg_1:4:9"
    assert message_id([work, work]) != message_id([work])
