"""The journal: each fact once, for ever, and nobody harmed by another's request. On both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import msgspec
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from tests.conftest import TurnedClock

from orderbell.base.errors import NotReady
from orderbell.base.secrets import Box
from orderbell.events import Event, OrderDelivered, OrderFacts, OrderPaid
from orderbell.store import journal
from orderbell.store.database import Store, Tx
from orderbell.store.journal import Entry, Fresh, Intake
from orderbell.store.schema import Conflicting, EventRow, State

BOX = Box(b"k" * 32)


def paid(id_: str, clock: TurnedClock, *, number: str = "N-1", amount_minor: int = 9900) -> OrderPaid:
    return OrderPaid(id=id_, at=clock.now(), order=OrderFacts(number=number, amount_minor=amount_minor, currency="CNY"))


def entry(event: Event, *, shop_id: str = "shp_1", source_id: str | None = None, box: Box | None = None) -> Entry:
    return Entry(shop_id=shop_id, source_id=source_id, event=event, box=box)


def count(tx: Tx, table: type = EventRow) -> int:
    return tx.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture
async def intake(store: Store, clock: TurnedClock) -> AsyncIterator[Intake]:
    yield Intake(store, clock.now)


async def test_a_fact_is_kept_once_whatever_the_crowd(store: Store, intake: Intake, clock: TurnedClock) -> None:
    answers = await asyncio.gather(*(intake.put([entry(paid("e-1", clock))]) for _ in range(64)))
    said = [answer.status for (answer,) in answers]
    assert (said.count("accepted"), said.count("duplicate")) == (1, 63)
    assert len({answer.id for (answer,) in answers}) == 1
    assert await store.read(count) == 1


async def test_a_fact_said_twice_in_one_request_is_one(intake: Intake, clock: TurnedClock) -> None:
    answers = await intake.put([entry(paid(id_, clock)) for id_ in ("e-1", "e-2", "e-1")])
    assert [answer.status for answer in answers] == ["accepted", "accepted", "duplicate"]
    assert answers[0].id == answers[2].id


async def test_the_same_name_in_another_shop_is_another_fact(intake: Intake, clock: TurnedClock) -> None:
    mine, theirs = await intake.put([entry(paid("e-1", clock), shop_id=shop_id) for shop_id in ("shp_1", "shp_2")])
    assert (mine.status, theirs.status) == ("accepted", "accepted")


async def test_the_same_name_with_another_body_is_kept_to_be_seen(
    store: Store, intake: Intake, clock: TurnedClock
) -> None:
    await intake.put([entry(paid("e-1", clock))])
    (answer,) = await intake.put([entry(paid("e-1", clock, amount_minor=1))])
    assert answer.status == "conflict"
    assert await store.read(lambda tx: (count(tx), count(tx, Conflicting))) == (1, 1)


async def test_a_shop_system_may_say_the_same_in_other_words(intake: Intake, clock: TurnedClock) -> None:
    await intake.put([entry(paid("e-1", clock), source_id="src_1")])
    (answer,) = await intake.put([entry(paid("e-1", clock, amount_minor=1), source_id="src_1")])
    assert answer.status == "duplicate"


async def test_the_same_fact_at_another_moment_is_no_conflict(intake: Intake, clock: TurnedClock) -> None:
    await intake.put([entry(paid("e-1", clock))])
    clock.turn(hours=3)
    (answer,) = await intake.put([entry(paid("e-1", clock))])
    assert answer.status == "duplicate"


async def test_goods_are_never_written_in_clear_and_open_again(
    store: Store, intake: Intake, clock: TurnedClock
) -> None:
    order = OrderFacts(number="N-1")
    event = OrderDelivered(id="e-1", at=clock.now(), order=order, goods=("CANARY-1", "CANARY-2"))
    (kept,) = await intake.put([entry(event, box=BOX)])
    row = await store.read(lambda tx: tx.execute(select(EventRow.__table__)).one())
    assert "CANARY" not in repr(row)
    assert journal.open_goods(BOX, "shp_1", kept.id, row.goods_sealed) == ("CANARY-1", "CANARY-2")


async def test_crossed_requests_of_the_same_facts_never_block_each_other(
    store: Store, intake: Intake, clock: TurnedClock
) -> None:
    facts = [entry(paid(f"e-{n}", clock)) for n in range(20)]
    answers = await asyncio.gather(*(intake.put(facts if n % 2 else facts[::-1]) for n in range(10)))
    assert sum(answer.status == "accepted" for each in answers for answer in each) == 20
    assert await store.read(count) == 20


async def test_a_row_the_database_cannot_take_harms_only_its_own_request(
    store: Store, intake: Intake, clock: TurnedClock
) -> None:
    bad = entry(paid("e-bad", clock, number="\ud800"))
    asked = [intake.put([entry(paid(f"e-{n}", clock))]) for n in range(5)] + [intake.put([bad])]
    answers = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 10)
    assert isinstance(answers[-1], ValueError | SQLAlchemyError | msgspec.MsgspecError)
    assert [each[0].status for each in answers[:-1] if isinstance(each, list)] == ["accepted"] * 5
    assert await store.read(count) == 5


async def test_goods_without_a_box_are_refused_and_nobody_waits_for_ever(intake: Intake, clock: TurnedClock) -> None:
    event = OrderDelivered(id="e-1", at=clock.now(), order=OrderFacts(number="N-1"), goods=("KEY",))
    with pytest.raises(ValueError, match="box"):
        await asyncio.wait_for(intake.put([entry(event)]), 10)
    (answer,) = await intake.put([entry(paid("e-2", clock))])
    assert answer.status == "accepted"


async def test_a_database_that_is_closed_takes_nothing(store: Store, intake: Intake, clock: TurnedClock) -> None:
    await store.close()
    with pytest.raises((NotReady, RuntimeError)):
        await asyncio.wait_for(intake.put([entry(paid("e-1", clock))]), 10)


class Hands:
    """Takes what it is offered, as far as there is room."""

    def __init__(self, clock: TurnedClock, room: int) -> None:
        self.clock, self.left, self.got = clock, room, list[Fresh]()

    def room(self) -> int:
        return self.left

    def until(self) -> datetime:
        return self.clock.now() + timedelta(seconds=20)

    def offer(self, rows: Sequence[Fresh]) -> None:
        self.got += rows


async def test_a_fact_is_handed_over_under_a_lease_from_birth(store: Store, clock: TurnedClock) -> None:
    hands = Hands(clock, 9)
    intake = Intake(store, clock.now, hands=hands)
    for _ in range(2):
        await intake.put([entry(paid("e-1", clock))])
    (row,) = await store.read(lambda tx: tx.execute(select(EventRow.__table__)).all())
    (mine,) = hands.got
    assert (row.state, row.due_at, row.lease_gen, row.tries) == (State.LEASED, hands.until(), 1, 1)
    assert (mine.id, mine.event.id, mine.lease_gen, mine.tries) == (row.id, "e-1", 0, 0)


async def test_a_fact_nobody_has_room_for_waits_in_the_database(store: Store, clock: TurnedClock) -> None:
    hands = Hands(clock, 1)
    await Intake(store, clock.now, hands=hands).put([entry(paid(f"e-{n}", clock)) for n in range(2)])
    states = await store.read(lambda tx: set(tx.execute(select(EventRow.state)).scalars()))
    assert (hands.got, states) == ([], {State.READY})
