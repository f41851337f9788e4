"""Automations through /v1: quiet hours, ready-made sets, a rule's own hours, and the dry-run."""

from __future__ import annotations

import httpx
import pytest
from tests.cast import Shopkeeper
from tests.web.doors import problem

from orderbell.store.schema import Audit, Rule

Client = httpx.AsyncClient
NIGHT = {"begins": "22:00", "ends": "08:00", "zone": "shop"}
NEVER = {"begins": None, "ends": None, "zone": "recipient"}


async def test_quiet_hours_are_set_read_and_ended(program: Client, shop: Shopkeeper) -> None:
    path = "/v1/rules/quiet-hours"
    assert (await program.put(path, json=NIGHT)).json() == NIGHT == (await program.get(path)).json()
    assert (await program.put(path, json=NEVER)).json() == NEVER


@pytest.mark.parametrize("hours", [{"begins": "22:00"}, {"begins": "25:00", "ends": "08:00"}, NIGHT | {"zone": "moon"}])
async def test_hours_that_are_none_are_refused(program: Client, hours: dict[str, str]) -> None:
    assert problem(await program.put("/v1/rules/quiet-hours", json=hours)) == (400, "bad_quiet")


async def test_a_ready_made_set_is_chosen_once(program: Client, shop: Shopkeeper) -> None:
    answers = [(await program.post("/v1/rules/set", json={"set": "minimal"})).json()["changed"] for _ in range(2)]
    assert answers == [True, False]
    assert problem(await program.post("/v1/rules/set", json={"set": "none"})) == (400, "unknown_set")


async def test_a_rule_keeps_hours_of_its_own_and_its_change_is_written_down(program: Client, shop: Shopkeeper) -> None:
    rule = (await shop.rows(Rule, preset="buyer:order.paid"))[0]
    own = {"quiet": "own", "quiet_from": 0, "quiet_until": 60}
    answer = (await program.put(f"/v1/rules/{rule.id}", json=own)).json()
    assert {name: answer[name] for name in own} == own
    (row,) = [each for each in await shop.rows(Audit) if each.action == "rule.changed"]
    assert row.detail["before"]["quiet"] == "shop" and row.detail["after"] == own


async def test_hours_of_its_own_need_both_ends(program: Client, shop: Shopkeeper) -> None:
    rule = (await shop.rows(Rule, preset="buyer:order.paid"))[0]
    assert problem(await program.put(f"/v1/rules/{rule.id}", json={"quiet": "own"})) == (400, "bad_quiet")


async def test_a_dry_run_tells_whom_an_order_would_tell(program: Client, shop: Shopkeeper, sold: str) -> None:
    events = (await program.get("/v1/rules/dry-run", params={"order": sold})).json()["events"]
    assert [each["type"] for each in events] == ["order.paid", "order.delivered"]
    goods = [one for told in events[1]["rules"] for one in told["messages"] if told["audience"] == "buyer"]
    assert {"channel": "email", "address": "a***@example.com"}.items() <= goods[0].items()


async def test_a_dry_run_of_something_else(program: Client, sold: str) -> None:
    asked = {"order": sold, "event": "order.refunded"}
    (scene,) = (await program.get("/v1/rules/dry-run", params=asked)).json()["events"]
    assert scene["type"] == "order.refunded" and scene["rules"]
    assert problem(await program.get("/v1/rules/dry-run", params={"order": "none"})) == (404, "not_found")
