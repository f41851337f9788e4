"""Automations: switches that count at once and can be taken back, conditions in words, and a dry-run."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends

from orderbell.store.schema import Audit, Rule, RuleChange, Shop

HOME = "/panel/automations"
ROW = {"hx-request": "true", "hx-target": "a-row"}
NASTY = "<script>alert(1)</script>{{7*7}}\u202e😀" + "x" * 60


async def rule(shop: Shopkeeper, preset: str = "buyer:order.created") -> Any:
    return (await shop.rows(Rule, preset=preset))[0]


def toast(answer: Any) -> Any:
    return json.loads(answer.headers["hx-trigger"])["toast"]


async def test_the_matrix_shows_every_event_and_the_old_address_leads_to_it(panel: Client, shop: Shopkeeper) -> None:
    page = await panel.get("/panel/rules?audience=staff")
    assert str(page.url).endswith(f"{HOME}?audience=staff")
    for row in await shop.rows(Rule, audience="staff"):
        assert f'id="{row.id}"' in page.text


async def test_a_channel_switched_off_carries_nothing_and_the_order_says_why(
    panel: Client, shop: Shopkeeper, send: Sends
) -> None:
    row = await rule(shop)
    part = await send(HOME, f"{HOME}/{row.id}/channels/inbox", headers=ROW, on="")
    assert "<html" not in part.text and 'aria-checked="true"' not in part.text
    await shop.says("order.created", "N-3")
    await shop.settled()
    assert await shop.messages(audience="buyer") == []
    assert "switched off for this event" in (await panel.get("/panel/orders/N-3")).text


async def test_the_word_of_a_change_carries_the_way_back(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    row = await rule(shop)
    said = toast(await send(HOME, f"{HOME}/{row.id}/channels/email", headers=ROW, on="1"))
    assert (await rule(shop)).channels == ["inbox", "email"]
    page = await send(HOME, said["undo"]["action"], **said["undo"]["fields"])
    assert "Taken back." in page.text and (await rule(shop)).channels == ["inbox"]


async def test_a_change_that_somebody_changed_again_stays(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    row = await rule(shop)
    said = toast(await send(HOME, f"{HOME}/{row.id}/channels/email", headers=ROW, on="1"))
    await send(HOME, f"{HOME}/{row.id}/channels/sms", headers=ROW, on="1")
    page = await send(HOME, said["undo"]["action"], **said["undo"]["fields"])
    assert "Somebody changed it again since then" in page.text
    assert (await rule(shop)).channels == ["inbox", "email", "sms"]


@pytest.mark.parametrize("kind", ["dingtalk", "pigeon"])
async def test_a_channel_that_cannot_reach_a_buyer_is_refused(
    shop: Shopkeeper, panel: Client, send: Sends, kind: str
) -> None:
    row = await rule(shop)
    assert (await send(HOME, f"{HOME}/{row.id}/channels/{kind}", on="1")).status_code == 400


async def test_who_may_only_look_finds_no_switch_to_turn(onlooker: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await onlooker.get(HOME)
    switches = re.findall(r'<button class="cell[^>]*>', page.text)
    assert switches and all("disabled" in each for each in switches)
    row = await rule(shop)
    assert (await send(HOME, f"{HOME}/{row.id}/channels/email", on="1")).status_code == 403


async def test_a_ready_made_set_is_put_in_place_and_shown_as_chosen(
    panel: Client, shop: Shopkeeper, send: Sends
) -> None:
    page = await send(HOME, f"{HOME}/set", set="minimal", audience="buyer")
    assert "The set is in place." in page.text and (await rule(shop)).enabled == 0
    assert 'value="minimal" aria-current=true' in page.text


async def test_quiet_hours_are_set_shown_and_taken_away(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await send(HOME, f"{HOME}/quiet", on="1", quiet_from="22:30", quiet_until="07:00", zone="shop")
    assert "22:30 – 07:00" in page.text
    await send(HOME, f"{HOME}/quiet", quiet_from="22:30", quiet_until="07:00")
    assert "quiet" not in (await shop.house.store.read(lambda tx: tx.execute(Shop.__table__.select()).one())).settings


async def test_settings_are_saved_in_one_go_and_written_down(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    row = await rule(shop)
    filled = {
        "enabled": "1", "channels": ["inbox"], "p0-0": "order.amount", "o0-0": ">=", "v0-0": "100", "lane": "2",
        "quiet": "own", "quiet_from": "21:00", "quiet_until": "09:00",
    }  # fmt: skip
    await send(f"{HOME}/{row.id}", f"{HOME}/{row.id}", **filled)
    after = await rule(shop)
    assert (after.condition, after.lane, after.quiet, after.quiet_from) == ("order.amount >= 100", 2, "own", 1260)
    (kept,) = [each for each in await shop.rows(Audit) if each.action == "rule.changed"]
    assert kept.detail["before"]["condition"] == "" and kept.detail["after"]["lane"] == 2


async def test_saving_in_the_drawer_draws_the_row_behind_it(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    row = await rule(shop)
    drawer = {"hx-request": "true", "hx-target": "drawer"}
    part = await send(HOME, f"{HOME}/{row.id}", headers=drawer, enabled="1", channels=["inbox"], lane="0")
    assert part.headers["hx-retarget"] == f"#{row.id}" and "saved-rule" in part.headers["hx-trigger"]
    assert "Urgent" in part.text and "<html" not in part.text


async def test_a_question_without_its_value_is_refused_beside_it(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    row = await rule(shop)
    filled = {"enabled": "1", "p0-0": "order.amount", "o0-0": ">=", "v0-0": "much"}
    page = await send(f"{HOME}/{row.id}", f"{HOME}/{row.id}", **filled)
    assert page.status_code == 400 and 'id="e0-0">Please write a number.' in page.text and 'value="much"' in page.text
    assert await shop.rows(RuleChange) == []


async def test_every_press_of_the_builder_is_drawn_and_nothing_is_kept(panel: Client, shop: Shopkeeper) -> None:
    row, headers = await rule(shop), {"hx-request": "true", "hx-target": "condition"}
    ready = await panel.get(f"{HOME}/{row.id}?do=ready-large", headers=headers)
    assert 'name="v0-0"' in ready.text and "<html" not in ready.text
    asked = "p0-0=order.country&o0-0=in&t0-0=CN%2C+US&w0-0=order.country"
    more = await panel.get(f"{HOME}/{row.id}?{asked}&do=group", headers=headers)
    assert 'value="CN, US"' in more.text and 'name="p1-0"' in more.text
    text = await panel.get(f"{HOME}/{row.id}?{asked}&do=text", headers=headers)
    assert "order.country in [&#34;CN&#34;, &#34;US&#34;]" in text.text
    gone = await panel.get(f"{HOME}/{row.id}?{asked}&do=drop-0-0", headers=headers)
    assert "No condition" in gone.text and (await rule(shop)).condition == ""


async def test_a_text_that_no_list_can_draw_is_kept_as_text(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    row = await rule(shop)
    own = "order.attributes.channel == 'app'"
    await send(f"{HOME}/{row.id}", f"{HOME}/{row.id}", enabled="1", channels=["inbox"], mode="text", condition=own)
    page = await panel.get(f"{HOME}/{row.id}")
    assert (await rule(shop)).condition == own
    assert "This one asks more than the list can draw." in page.text and "Edit as a list" not in page.text


async def test_a_text_that_cannot_be_asked_is_refused(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    row = await rule(shop)
    page = await send(f"{HOME}/{row.id}", f"{HOME}/{row.id}", enabled="1", mode="text", condition="order.amount >")
    assert page.status_code == 400 and "This condition cannot be asked." in page.text


async def test_the_builder_says_whether_the_newest_order_fits(panel: Client, shop: Shopkeeper, sold: str) -> None:
    row, headers = await rule(shop), {"hx-request": "true", "hx-target": "condition"}
    asked = "p0-0=order.amount&o0-0=%3E%3D&v0-0={}&w0-0=order.amount&do=draw"
    yes = await panel.get(f"{HOME}/{row.id}?{asked.format(50)}", headers=headers)
    no = await panel.get(f"{HOME}/{row.id}?{asked.format(500)}", headers=headers)
    assert f"The newest order {sold} would fit." in yes.text and f"{sold} would not fit." in no.text


async def test_an_automation_of_ones_own_comes_goes_and_comes_back(
    panel: Client, shop: Shopkeeper, send: Sends
) -> None:
    new = f"{HOME}/new"
    page = await send(new, new, name=NASTY, trigger="order.paid", audience="staff", channels=["email"])
    (own,) = await shop.rows(Rule, preset=None)
    assert own.name == NASTY and "<script>alert" not in page.text and "49" not in page.text.split("</h1>")[0][-200:]
    gone = await send(f"{HOME}/{own.id}", f"{HOME}/{own.id}/remove")
    assert "The automation is gone." in gone.text and await shop.rows(Rule, preset=None) == []
    change = max(row.id for row in await shop.rows(RuleChange))
    await send(HOME, f"{HOME}/undo", change=change)
    assert [row.id for row in await shop.rows(Rule, preset=None)] == [own.id]


async def test_an_automation_without_a_name_is_refused_in_words(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await send(f"{HOME}/new", f"{HOME}/new", name=" ", trigger="order.paid", audience="staff")
    assert page.status_code == 400 and await shop.rows(Rule, preset=None) == []


async def test_a_stock_automation_is_never_removed(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    row = await rule(shop)
    assert (await send(HOME, f"{HOME}/{row.id}/remove")).status_code == 404


async def test_a_dry_run_shows_what_was_told_and_to_whom(panel: Client, shop: Shopkeeper, sold: str) -> None:
    before = len(await shop.messages())
    page = (await panel.get(f"{HOME}/try")).text
    assert f'value="{sold}"' in page and "a***@example.com" in page
    assert "Better news about the order went out instead." in page
    assert len(await shop.messages()) == before


async def test_a_dry_run_of_what_did_not_happen(panel: Client, shop: Shopkeeper, sold: str) -> None:
    page = (await panel.get(f"{HOME}/try?order={sold}&event=refund.requested")).text
    assert "Refund request received" in page and "Goods delivered</a>" not in page


@pytest.mark.parametrize("number", ["none", NASTY])
async def test_a_dry_run_of_an_unknown_order_is_an_empty_place(panel: Client, sold: str, number: str) -> None:
    page = await panel.get(f"{HOME}/try", params={"order": number})
    assert page.status_code == 200 and "No such order" in page.text and "<script>alert" not in page.text


async def test_without_an_order_there_is_nothing_to_try(panel: Client, shop: Shopkeeper) -> None:
    assert "No order yet" in (await panel.get(f"{HOME}/try")).text


async def test_a_choice_is_offered_in_words(panel: Client, shop: Shopkeeper) -> None:
    row, headers = await rule(shop), {"hx-request": "true", "hx-target": "condition"}
    part = await panel.get(f"{HOME}/{row.id}?do=ready-paid", headers=headers)
    assert part.text.count("checked") == 3 and "Waiting for payment" in part.text
