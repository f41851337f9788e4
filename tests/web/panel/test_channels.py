"""Channels: set up by their own form, secrets never shown again, a test that tells each step."""

from __future__ import annotations

import re

import pytest
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends

from orderbell.channels.base import Letter
from orderbell.channels.directory import CHANNELS
from orderbell.domain import rules
from orderbell.store.schema import Provider, Rule
from orderbell.web.panel import preview

MAIL = {"name": "Shop mail", "host": "127.0.0.1", "port": "1", "security": "none", "from_address": "shop@example.com",
        "password": "CANARY-SECRET"}  # fmt: skip
STREAM = {"hx-request": "true"}


async def set_up(send: Sends) -> str:
    page = await send("/panel/channels/email", "/panel/channels/email", **MAIL)
    assert page.status_code == 200, page.text
    return page.url.path


async def test_every_channel_has_a_card_and_a_page(panel: Client) -> None:
    cards = (await panel.get("/panel/channels")).text
    for kind in CHANNELS:
        assert f'href="/panel/channels/{kind}"' in cards
        assert (await panel.get(f"/panel/channels/{kind}")).status_code == 200


async def test_a_form_asks_what_the_channels_class_asks(panel: Client) -> None:
    page = (await panel.get("/panel/channels/email")).text
    for setting in CHANNELS["email"].settings:
        assert f'name="{setting.name}"' in page


async def test_a_secret_is_never_shown_again(panel: Client, send: Sends) -> None:
    page = await panel.get(await set_up(send))
    assert "127.0.0.1" in page.text and "CANARY-SECRET" not in page.text


async def test_an_empty_secret_keeps_the_stored_one(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    path = await set_up(send)
    await send(path, path, **{**MAIL, "password": "", "name": "Renamed"})
    book = await shop.house.store.read(lambda tx: shop.house.books.one(tx, shop.id))
    account = book.accounts["email"][0]
    assert (account.name, account.values["password"]) == ("Renamed", "CANARY-SECRET")


async def test_a_bad_field_is_marked_and_the_rest_stays(panel: Client, send: Sends) -> None:
    page = await send("/panel/channels/email", "/panel/channels/email", **{**MAIL, "from_address": "nobody"})
    assert page.status_code == 400 and 'value="127.0.0.1"' in page.text
    assert re.search(r'name="from_address"[^>]*aria-invalid="true"', page.text)
    assert "CANARY-SECRET" not in page.text


async def test_a_test_tells_each_step_and_the_providers_own_words(panel: Client, send: Sends) -> None:
    path = await set_up(send)
    answer = await send(path, f"{path}/test", to="me@example.com", headers=STREAM)
    for told in ("Put into words", "The request", "SMTP 127.0.0.1:1", "not taken now"):
        assert told in answer.text
    assert "CANARY-SECRET" not in answer.text


async def test_a_switched_off_account_says_so_when_tried(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    path = await set_up(send)
    assert "switched off" in (await send(path, f"{path}/switch")).text
    answer = await send(path, f"{path}/test", to="me@example.com", headers=STREAM)
    assert "This account is switched off." in answer.text


async def test_a_webhook_can_ask_for_some_events_only(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    form = {"name": "Mine", "url": "http://127.0.0.1:9/hook", "events": ["order.paid", "stock.out"]}
    await send("/panel/channels/webhook", "/panel/channels/webhook", **form)
    assert [row.settings["events"] for row in await shop.rows(Provider)] == [["order.paid", "stock.out"]]


async def test_a_removed_account_is_gone(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    path = await set_up(send)
    await send(path, f"{path}/remove")
    assert await shop.rows(Provider) == []


async def test_who_may_only_look_cannot_set_up_a_channel(onlooker: Client, send: Sends) -> None:
    assert (await send("/panel", "/panel/channels/email", **MAIL)).status_code == 403


async def test_the_sandbox_shows_the_message_and_the_request_behind_it(
    panel: Client, shop: Shopkeeper, sold: str
) -> None:
    mail = (await shop.messages(channel="email", event_type="order.delivered"))[0]
    page = (await panel.get("/panel/sandbox", params={"channel": "email", "open": mail.id})).text
    assert "a***@example.com" in page and "The request that goes out" in page
    assert f"/panel/messages/{mail.id}/mail" in page


async def test_a_message_of_every_channel_can_be_opened(panel: Client, shop: Shopkeeper) -> None:
    now = shop.house.clock.now()
    for audience in ("buyer", "staff"):
        kinds = [kind for kind, channel in CHANNELS.items() if audience in channel.traits.audiences]
        rule = (await shop.rows(Rule, preset=f"{audience}:order.paid"))[0]
        await shop.house.store.write(
            lambda tx, rule=rule, kinds=kinds: rules.change_rule(tx, shop.id, rule.id, now=now, channels=kinds)  # type: ignore[misc]
        )
    elsewhere = {"sku": "elsewhere", "title": "Elsewhere", "quantity": 1, "price": "99.00"}
    await shop.says("order.paid", "N-4", lines=[elsewhere])
    await shop.settled()
    sent = await shop.messages(event_type="order.paid")
    assert {row.channel for row in sent} >= {"email", "inbox", "sms", "wechat", "wecom", "telegram"}
    for row in sent:
        page = await panel.get(f"/panel/messages/{row.id}")
        assert page.status_code == 200 and "It is put into words" not in page.text, row.channel


@pytest.mark.parametrize(("text", "parts"), [("x" * 70, 1), ("x" * 71, 2), ("字" * 134, 2), ("字" * 135, 3)])
def test_an_sms_is_counted_by_mainland_rules(text: str, parts: int) -> None:
    assert preview.Shown(form="bubble", letter=Letter(text=text, locale="zh-CN"), draft=None).parts == parts


def test_the_signature_counts_too() -> None:
    letters = [Letter(text="x" * count, sender_name="星河", locale="zh-CN") for count in (66, 67)]
    assert [preview.Shown(form="bubble", letter=each, draft=None).parts for each in letters] == [1, 2]
