"""What is stuck: grouped by reason, set going again or let be, each once and noted."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from tests.conftest import TurnedClock
from tests.desk import Desk

from orderbell.base.errors import Conflict
from orderbell.delivery import stuck
from orderbell.store.schema import Audit, EventRow, Message, State


async def groups(desk: Desk) -> list[tuple[str, str, int]]:
    found = await desk.house.store.read(lambda tx: stuck.groups(tx, desk.shop.id))
    return [(each.kind, each.reason, each.count) for each in found]


async def stick(desk: Desk, table: Any, **values: Any) -> None:
    await desk.house.store.write(lambda tx: tx.execute(update(table).values(state=int(State.STUCK), **values)))


async def again(desk: Desk, kind: str, reason: str) -> int:
    now = desk.clock.now()
    return await desk.house.store.write(lambda tx: stuck.again(tx, desk.shop.id, kind, reason, by="stf_1", now=now))


@pytest.fixture
async def paid(desk: Desk) -> Desk:
    """A paid order whose messages are made and wait."""
    await desk.shop.stock("KEY-1")
    await desk.hears("order.paid")
    return desk


async def test_rows_with_the_same_reason_are_one_group(paid: Desk) -> None:
    await stick(paid, Message, status="failed", reason="no_more_tries")
    await stick(paid, EventRow, error="ValueError('order N-1 is odd')")
    found = {(kind, reason) for kind, reason, _ in await groups(paid)}
    assert found == {("message", "no_more_tries"), ("event", "ValueError")}


async def test_a_stuck_event_that_goes_again_is_decided(desk: Desk, clock: TurnedClock) -> None:
    await desk.shop.says("order.paid", "N-1")
    await stick(desk, EventRow, tries=12, error="RuntimeError()")
    assert await again(desk, "event", "RuntimeError") == 1
    await desk.decide()
    assert (await desk.shop.order("N-1")).status == "paid" and await groups(desk) == []


async def test_a_stuck_message_goes_again_and_keeps_its_history(paid: Desk) -> None:
    await stick(paid, Message, status="failed", reason="no_more_tries", tries=6)
    count = await again(paid, "message", "no_more_tries")
    await paid.send()
    ended = await paid.shop.messages(channel="email")
    assert count >= 1 and {row.tries for row in ended} == {7}
    assert {row.status for row in ended} <= {"sent", "suppressed"} and await groups(paid) == []


async def test_what_is_let_be_is_never_sent(paid: Desk) -> None:
    await stick(paid, Message, status="failed", reason="no_more_tries")
    now = paid.clock.now()
    await paid.house.store.write(lambda tx: stuck.let_be(tx, paid.shop.id, "no_more_tries", by="stf_1", now=now))
    await paid.send()
    assert {row.status for row in await paid.shop.messages()} == {"cancelled"}


async def test_the_second_press_of_the_button_is_told_so(paid: Desk) -> None:
    await stick(paid, Message, status="failed", reason="no_more_tries")
    await again(paid, "message", "no_more_tries")
    with pytest.raises(Conflict):
        await again(paid, "message", "no_more_tries")


async def test_who_pressed_the_button_stands_in_the_audit(paid: Desk) -> None:
    await stick(paid, Message, status="failed", reason="no_more_tries")
    count = await again(paid, "message", "no_more_tries")
    (line,) = await paid.shop.rows(Audit, action="message.again")
    assert (line.actor, line.detail["count"]) == ("stf_1", count)


async def test_another_shops_stuck_rows_stay_where_they_are(paid: Desk) -> None:
    await stick(paid, Message, status="failed", reason="no_more_tries")
    now = paid.clock.now()
    with pytest.raises(Conflict):
        await paid.house.store.write(
            lambda tx: stuck.again(tx, "shp_other", "message", "no_more_tries", by="stf_1", now=now)
        )
