"""Rules: the stock ones every shop starts with, and a merchant's own."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from tests.domain.stand import LATER, NOW, Stand

from orderbell.base.errors import BadInput, NotFound
from orderbell.domain import rules
from orderbell.domain.rules import PRESETS, RuleDraft
from orderbell.events import BY_TYPE
from orderbell.store.database import Tx
from orderbell.store.schema import Rule, Shop

OWN = RuleDraft(name="Large orders", trigger="order.paid", audience="staff", channels=["email"], condition="true")


def rows(tx: Tx, shop_id: str) -> list[Any]:
    return list(tx.execute(select(Rule.__table__).where(Rule.shop_id == shop_id)))


def gen(tx: Tx, shop_id: str) -> int:
    return tx.execute(select(Shop.settings_gen).where(Shop.id == shop_id)).scalar_one()


def test_every_event_but_our_own_inner_ones_has_a_stock_rule() -> None:
    assert {preset.trigger for preset in PRESETS} == set(BY_TYPE)


def test_no_two_stock_rules_say_the_same_to_the_same_people() -> None:
    assert len({(preset.audience, preset.trigger) for preset in PRESETS}) == len(PRESETS)


def test_stock_rules_fit_their_own_checks() -> None:
    for preset in PRESETS:
        rules.check({
            "name": preset.name, "trigger": preset.trigger, "audience": preset.audience, "lane": preset.lane,
            "channels": list(preset.channels), "condition": preset.condition,
        })  # fmt: skip


async def test_a_new_shop_has_every_stock_rule(stand: Stand) -> None:
    found = await stand.store.read(lambda tx: rows(tx, stand.vault.shop_id))
    assert len(found) == len(PRESETS)
    assert {row.enabled for row in found} == {1}


async def test_a_rule_added_changed_and_removed_is_noticed_each_time(stand: Stand) -> None:
    shop_id = stand.vault.shop_id
    gens = [await stand.store.read(lambda tx: gen(tx, shop_id))]
    id_ = await stand.store.write(lambda tx: rules.add_rule(tx, shop_id, OWN, now=NOW))
    gens.append(await stand.store.read(lambda tx: gen(tx, shop_id)))
    await stand.store.write(lambda tx: rules.change_rule(tx, shop_id, id_, now=LATER, enabled=0))
    gens.append(await stand.store.read(lambda tx: gen(tx, shop_id)))
    await stand.store.write(lambda tx: rules.remove_rule(tx, shop_id, id_))
    gens.append(await stand.store.read(lambda tx: gen(tx, shop_id)))
    assert gens == sorted(set(gens))
    assert len(await stand.store.read(lambda tx: rows(tx, shop_id))) == len(PRESETS)


async def test_a_stock_rule_cannot_be_removed(stand: Stand) -> None:
    shop_id = stand.vault.shop_id
    preset = (await stand.store.read(lambda tx: rows(tx, shop_id)))[0]
    with pytest.raises(NotFound):
        await stand.store.write(lambda tx: rules.remove_rule(tx, shop_id, preset.id))


async def test_another_shops_rule_is_not_there(stand: Stand) -> None:
    other = await Stand.open(stand.store)
    id_ = await stand.store.write(lambda tx: rules.add_rule(tx, other.vault.shop_id, OWN, now=NOW))
    with pytest.raises(NotFound):
        await stand.store.write(lambda tx: rules.change_rule(tx, stand.vault.shop_id, id_, now=NOW, enabled=0))
    with pytest.raises(NotFound):
        await stand.store.write(lambda tx: rules.remove_rule(tx, stand.vault.shop_id, id_))


@pytest.mark.parametrize(("field", "value", "code"), [
    ("trigger", "order.eaten", "unknown_event_type"), ("audience", "everybody", "bad_audience"),
    ("name", " ", "bad_name"), ("lane", 3, "bad_lane"), ("channels", ["email", "email"], "bad_channels"),
    ("condition", "order.", "bad_condition"),
])  # fmt: skip
def test_a_rule_that_does_not_fit_is_refused(field: str, value: object, code: str) -> None:
    good = {"name": "x", "trigger": "order.paid", "audience": "staff", "lane": 1, "channels": [], "condition": ""}
    rules.check(good)
    with pytest.raises(BadInput) as refused:
        rules.check(good | {field: value})
    assert refused.value.code == code


def test_a_stock_event_never_speaks_to_a_buyer() -> None:
    with pytest.raises(BadInput, match="no buyer"):
        rules.check({
            "name": "x", "trigger": "stock.low", "audience": "buyer", "lane": 1, "channels": [], "condition": "",
        })  # fmt: skip


async def test_what_a_rule_is_about_cannot_be_changed(stand: Stand) -> None:
    shop_id = stand.vault.shop_id
    id_ = await stand.store.write(lambda tx: rules.add_rule(tx, shop_id, OWN, now=NOW))
    with pytest.raises(BadInput) as refused:
        await stand.store.write(lambda tx: rules.change_rule(tx, shop_id, id_, now=NOW, trigger="order.created"))
    assert refused.value.code == "not_changeable"
