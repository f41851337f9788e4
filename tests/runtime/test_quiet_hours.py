"""Quiet hours in a running house: what waits, until when, what does not, and what is no longer true in the morning."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from tests.desk import Desk, desk

from orderbell.domain import rule_changes
from orderbell.domain.quiet import Quiet
from orderbell.domain.rule_changes import By
from orderbell.store.database import Tx
from orderbell.store.schema import EventRow, Rule

__all__ = ["desk"]
MORNING = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
LONDON = {"buyer": {"ref": "u_3", "email": "a@b.cc", "timezone": "Europe/London"}}


@pytest.fixture
async def night(desk: Desk) -> Desk:
    """A shop that keeps quiet from ten to eight, at eleven in its evening."""
    who = By(shop_id=desk.shop.id, actor="test", now=desk.clock.now())
    await desk.house.store.write(lambda tx: rule_changes.keep_quiet(tx, who, Quiet(22 * 60, 8 * 60)))
    desk.clock.turn(hours=5)
    return desk


async def story(desk: Desk, type_: str) -> list[Any]:
    query = select(EventRow.story).where(EventRow.shop_id == desk.shop.id, EventRow.type == type_)
    found: list[Any] = await desk.house.store.read(lambda tx: tx.execute(query).scalar_one())
    return found


async def test_news_of_the_night_waits_until_the_readers_morning(night: Desk) -> None:
    await night.hears("order.cancelled")
    mail = await night.message(channel="email", audience="buyer")
    assert (mail.status, mail.reason, mail.due_at) == ("queued", "quiet_hours", MORNING)
    await night.send()
    assert (await night.message(id=mail.id)).status == "queued"


async def test_in_the_morning_it_goes(night: Desk) -> None:
    await night.hears("order.cancelled")
    night.clock.turn(hours=9, seconds=1)
    await night.send()
    mail = await night.message(channel="email", audience="buyer")
    assert (mail.status, mail.reason) == ("sent", "sandbox")


async def test_what_is_no_longer_true_in_the_morning_is_not_sent(night: Desk) -> None:
    await night.hears("refund.requested")
    await night.hears("refund.approved")
    night.clock.turn(hours=9, seconds=1)
    await night.send()
    mail = await night.message(channel="email", audience="buyer", event_type="refund.requested")
    assert (mail.status, mail.reason) == ("suppressed", "no_longer_true")


async def test_a_buyer_elsewhere_is_told_by_their_own_clock(night: Desk) -> None:
    await night.hears("order.cancelled", **LONDON)
    assert (await night.message(channel="email", audience="buyer")).reason == "sandbox"


async def test_urgent_news_programs_and_the_inbox_never_wait(night: Desk) -> None:
    await night.shop.add_account("webhook", url="http://127.0.0.1:9/x")
    await night.hears("order.cancelled")
    await night.shop.stock("KEY-1")
    await night.hears("order.paid", "N-2")
    waiting = {row.channel for row in await night.shop.messages(reason="quiet_hours")}
    assert waiting <= {"email", "dingtalk"}
    assert (await night.message(channel="email", event_type="order.delivered")).reason == "sandbox"


async def test_the_story_says_until_when_it_waits(night: Desk) -> None:
    await night.hears("order.cancelled")
    told = [each for each in await story(night, "order.cancelled") if each.get("until")]
    assert [datetime.fromisoformat(each["until"]) for each in told] == [MORNING]


async def test_the_story_names_the_channel_that_was_switched_off(desk: Desk) -> None:
    who = By(shop_id=desk.shop.id, actor="test", now=desk.clock.now())

    def deed(tx: Tx) -> None:
        row = tx.execute(select(Rule.id).where(Rule.shop_id == who.shop_id, Rule.preset == "buyer:order.cancelled"))
        id_ = row.scalar_one()
        for channel in ("email", "inbox"):
            rule_changes.set_channel(tx, who, id_, channel=channel, on=False)

    await desk.house.store.write(deed)
    await desk.hears("order.cancelled")
    (told,) = [each for each in await story(desk, "order.cancelled") if each.get("audience") == "buyer"]
    assert told["messages"] == 0
    assert told["nobody"] == ["email: switched off for this event", "inbox: switched off for this event"]


async def test_only_a_buyers_first_order_is_a_first_order(desk: Desk) -> None:
    who = By(shop_id=desk.shop.id, actor="test", now=desk.clock.now())

    def deed(tx: Tx) -> None:
        row = tx.execute(select(Rule.id).where(Rule.shop_id == who.shop_id, Rule.preset == "buyer:order.created"))
        rule_changes.change(tx, who, row.scalar_one(), {"condition": "order.first"})

    await desk.house.store.write(deed)
    await desk.shop.says("order.created", "N-1")
    await desk.hears("order.created", "N-2")
    await desk.hears("order.created", "N-3")
    told = await desk.shop.messages(channel="inbox", event_type="order.created")
    assert [(await desk.shop.order("N-1")).id] == [row.order_id for row in told]
