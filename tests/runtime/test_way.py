"""One order's whole way: every step with its moment, its row and its trace."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from tests.desk import Desk

from orderbell.base.errors import NotFound
from orderbell.cli.way import span, way_table
from orderbell.runtime import deeds, way


async def steps_of(desk: Desk, number: str = "N-1") -> list[way.Step]:
    return await desk.house.store.read(lambda tx: way.of_order(tx, desk.shop.id, number))


@pytest.fixture
async def sent(desk: Desk) -> Desk:
    """A paid order whose messages went to the sandbox mailbox."""
    await desk.shop.stock("KEY-1")
    await desk.hears("order.paid")
    await desk.send()
    return desk


async def test_a_sent_order_shows_every_step_in_order_of_time(sent: Desk) -> None:
    steps = await steps_of(sent)
    assert {step.what for step in steps} >= {"told", "written", "decided", "made", "claimed", "answered", "recorded"}
    assert [step.at for step in steps] == sorted(step.at for step in steps)


async def test_messages_and_tries_carry_the_trace_of_their_event(sent: Desk) -> None:
    messages = {row.id: row.event_id[4:] for row in await sent.shop.messages()}
    steps = [step for step in await steps_of(sent) if step.id in messages]
    assert len(steps) > 3 and all(step.trace == messages[step.id] for step in steps)


async def test_what_is_not_decided_yet_stops_at_the_journal(desk: Desk) -> None:
    await desk.shop.says("order.paid", "N-1")
    assert {step.what for step in await steps_of(desk)} == {"told", "written"}


async def test_another_shop_finds_no_such_order(sent: Desk) -> None:
    with pytest.raises(NotFound):
        await sent.house.store.read(lambda tx: way.of_order(tx, "shp_other", "N-1"))


async def test_the_command_prints_the_way_as_a_table(sent: Desk) -> None:
    told = await deeds.do(sent.house, "trace", {"order": "N-1", "shop": sent.shop.id})
    screen = Console(record=True, width=160, file=io.StringIO())
    screen.print(way_table("N-1", told["steps"]))
    text = screen.export_text()
    assert "order.paid" in text and "answered" in text and told["steps"][0]["trace"] in text


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 ms"), (0.0421, "42 ms"), (3.21, "3.2 s"), (600, "10 min")])
def test_a_span_is_told_as_people_say_it(seconds: float, words: str) -> None:
    assert span(seconds) == words
