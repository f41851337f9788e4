"""Changes to automations: at once, in the audit trail, and taken back by one press."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from tests.domain.stand import LATER, NOW, Stand

from orderbell.base.errors import BadInput, Conflict, NotFound
from orderbell.domain import rule_changes
from orderbell.domain.quiet import Quiet
from orderbell.domain.rule_changes import By, Reach
from orderbell.domain.rules import PRESETS, RuleDraft
from orderbell.store.database import Store, Tx
from orderbell.store.schema import Audit, Rule, RuleChange, Shop

PAID = "buyer:order.paid"
KNOWN = ["email", "inbox", "sms", "wechat", "webhook", "dingtalk", "wecom"]
REACH = Reach(known=KNOWN, connected={"buyer": ["inbox", "sms"], "staff": ["dingtalk"]}, demo=False)


def by(stand: Stand, now: Any = NOW) -> By:
    return By(shop_id=stand.vault.shop_id, actor="stf_1", now=now)


@pytest.fixture
async def stand(store: Store) -> Stand:
    """A shop whose stock rules speak by the channels of KNOWN."""
    opened = await Stand.open(store)
    await opened.store.write(lambda tx: rule_changes.choose_set(tx, by(opened), "recommended", REACH))
    return opened


def rule(tx: Tx, by: By, preset: str = PAID) -> Any:
    return tx.execute(select(Rule.__table__).where(Rule.shop_id == by.shop_id, Rule.preset == preset)).one()


async def test_a_channel_is_switched_off_remembered_and_on_again(stand: Stand) -> None:
    who = by(stand)

    def deed(tx: Tx) -> None:
        id_ = rule(tx, who).id
        rule_changes.set_channel(tx, who, id_, channel="email", on=False)
        assert (rule(tx, who).channels, rule(tx, who).muted) == (["inbox"], ["email"])
        rule_changes.set_channel(tx, who, id_, channel="email", on=True)
        assert (rule(tx, who).channels, rule(tx, who).muted) == (["inbox", "email"], [])
        assert rule_changes.set_channel(tx, who, id_, channel="email", on=True) == ""

    await stand.store.write(deed)


async def test_a_channel_brings_a_rule_that_is_off_back_with_it_alone(stand: Stand) -> None:
    who = by(stand)

    def deed(tx: Tx) -> Any:
        rule_changes.change(tx, who, rule(tx, who).id, {"enabled": 0})
        rule_changes.set_channel(tx, who, rule(tx, who).id, channel="sms", on=True)
        return rule(tx, who)

    row = await stand.store.write(deed)
    assert (row.enabled, row.channels) == (1, ["sms"])


async def test_a_change_is_written_down_with_before_and_after(stand: Stand) -> None:
    who = by(stand)

    def deed(tx: Tx) -> Any:
        rule_changes.change(
            tx, who, rule(tx, who).id, {"lane": 2, "condition": "order.first", "name": rule(tx, who).name}
        )
        return tx.execute(select(Audit.__table__).where(Audit.action == "rule.changed")).one().detail

    before, after = {"lane": 1, "condition": ""}, {"lane": 2, "condition": "order.first"}
    assert await stand.store.write(deed) == {"before": before, "after": after}


async def test_a_change_is_taken_back_once(stand: Stand) -> None:
    who = by(stand)
    change = await stand.store.write(
        lambda tx: rule_changes.set_channel(tx, who, rule(tx, who).id, channel="email", on=False)
    )
    await stand.store.write(lambda tx: rule_changes.undo(tx, by(stand, LATER), change))
    row = await stand.store.read(lambda tx: rule(tx, who))
    assert (row.channels, row.muted) == (["email", "inbox"], [])
    with pytest.raises(NotFound):
        await stand.store.write(lambda tx: rule_changes.undo(tx, by(stand, LATER), change))


async def test_nobody_who_came_later_is_overruled(stand: Stand) -> None:
    who, later = by(stand), by(stand, LATER)

    def deed(tx: Tx) -> None:
        change = rule_changes.change(tx, who, rule(tx, who).id, {"lane": 2})
        rule_changes.change(tx, later, rule(tx, who).id, {"lane": 0})
        rule_changes.undo(tx, later, change)

    with pytest.raises(Conflict):
        await stand.store.write(deed)


async def test_a_ready_made_set_is_chosen_and_taken_back_whole(stand: Stand) -> None:
    who = by(stand)

    def state(tx: Tx) -> list[Any]:
        query = select(Rule.preset, Rule.enabled, Rule.channels).where(Rule.shop_id == who.shop_id)
        return [tuple(row) for row in tx.execute(query.order_by(Rule.id))]

    first = await stand.store.read(state)
    who = by(stand, LATER)
    change = await stand.store.write(lambda tx: rule_changes.choose_set(tx, who, "minimal", REACH))
    on = {preset for preset, enabled, _ in await stand.store.read(state) if enabled}
    assert on == rule_changes.MINIMAL
    await stand.store.write(lambda tx: rule_changes.undo(tx, who, change))
    assert await stand.store.read(state) == first


async def test_everything_means_every_connected_channel(stand: Stand) -> None:
    who = by(stand)
    await stand.store.write(lambda tx: rule_changes.choose_set(tx, who, "everything", REACH))
    row = await stand.store.read(lambda tx: rule(tx, who))
    assert sorted(row.channels) == ["email", "inbox", "sms"]


async def test_recommended_is_what_a_new_shop_has(stand: Stand) -> None:
    assert await stand.store.write(lambda tx: rule_changes.choose_set(tx, by(stand), "recommended", REACH)) == ""


def test_the_least_one_should_hear_are_stock_rules() -> None:
    assert {f"{each.audience}:{each.trigger}" for each in PRESETS} >= rule_changes.MINIMAL


async def test_an_unknown_set_is_refused(stand: Stand) -> None:
    with pytest.raises(BadInput):
        await stand.store.write(lambda tx: rule_changes.choose_set(tx, by(stand), "none", REACH))


async def test_a_removed_rule_of_ones_own_comes_back_as_it_was(stand: Stand) -> None:
    who = by(stand)
    draft = RuleDraft(name="Mine", trigger="order.paid", audience="staff", channels=["email"], condition="order.first")

    def deed(tx: Tx) -> tuple[Any, Any]:
        id_, _ = rule_changes.add(tx, who, draft)
        before = rule_changes.get(tx, who.shop_id, id_)
        rule_changes.undo(tx, who, rule_changes.remove(tx, who, id_))
        return before, rule_changes.get(tx, who.shop_id, id_)

    before, after = await stand.store.write(deed)
    assert before == after


async def test_an_added_rule_is_gone_when_taken_back(stand: Stand) -> None:
    who = by(stand)
    draft = RuleDraft(name="Mine", trigger="order.paid", audience="staff", channels=["email"])

    def deed(tx: Tx) -> None:
        id_, change = rule_changes.add(tx, who, draft)
        rule_changes.undo(tx, who, change)
        rule_changes.get(tx, who.shop_id, id_)

    with pytest.raises(NotFound):
        await stand.store.write(deed)


async def test_quiet_hours_are_set_and_taken_back(stand: Stand) -> None:
    who = by(stand)

    def kept(tx: Tx) -> Any:
        return tx.execute(select(Shop.settings).where(Shop.id == who.shop_id)).scalar_one().get("quiet")

    change = await stand.store.write(lambda tx: rule_changes.keep_quiet(tx, who, Quiet(1320, 480)))
    assert await stand.store.read(kept) == {"from": 1320, "until": 480, "zone": "recipient"}
    await stand.store.write(lambda tx: rule_changes.undo(tx, who, change))
    assert await stand.store.read(kept) is None


async def test_only_the_newest_changes_are_kept(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    who = by(stand)
    monkeypatch.setattr(rule_changes, "KEPT", 2)

    def deed(tx: Tx) -> int:
        for lane in (2, 1, 0, 2):
            rule_changes.change(tx, who, rule(tx, who).id, {"lane": lane})
        return len(tx.execute(select(RuleChange.id).where(RuleChange.shop_id == who.shop_id)).all())

    assert await stand.store.write(deed) == 2
