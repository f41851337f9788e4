"""The rooms of /v1: orders, messages, inbox, products, channels, webhooks, rules, templates."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from aiohttp import web
from standardwebhooks import Webhook
from tests.cast import Shopkeeper
from tests.web.doors import problem

from orderbell.store.schema import Answered

Client = httpx.AsyncClient
WORDING = "/v1/templates/order.paid/buyer/inbox/en"


async def test_an_order_is_shown_with_decimal_money_and_its_lines(program: Client, sold: str) -> None:
    order = (await program.get(f"/v1/orders/{sold}")).json()
    assert (order["status"], order["amount"], order["currency"]) == ("delivered", "99.00", "CNY")
    line = {"sku": "steam-100", "title": "Steam 充值卡 ¥100", "quantity": 1, "price": "99.00"}
    assert order["lines"] == [line]


async def test_a_timeline_tells_events_rules_messages_and_attempts_but_no_key(program: Client, sold: str) -> None:
    answer = await program.get(f"/v1/orders/{sold}/timeline")
    steps = answer.json()["steps"]
    assert {step["kind"] for step in steps} == {"event", "message", "attempt"}
    assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)
    assert "KEY-CANARY-1" not in answer.text


async def test_messages_are_filtered_and_addresses_masked(program: Client, sold: str) -> None:
    answer = (await program.get("/v1/messages", params={"order": sold, "channel": "email"})).json()
    assert {item["channel"] for item in answer["items"]} == {"email"}
    assert "a***@example.com" in {item["address"] for item in answer["items"]}
    assert (await program.get("/v1/messages", params={"order": "none"})).json()["items"] == []


async def test_pages_follow_one_another_without_a_gap(program: Client, shop: Shopkeeper) -> None:
    for n in range(5):
        await shop.says("order.created", f"N-{n}")
    await shop.settled()
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = (await program.get("/v1/orders", params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        seen += [item["number"] for item in page["items"]]
        cursor = page["next"]
    assert seen == ["N-4", "N-3", "N-2", "N-1", "N-0"] and cursor is None


@pytest.mark.parametrize("query", [{"cursor": "' or 1=1"}, {"cursor": "prd_1"}, {"limit": "0"}, {"limit": "201"}])
async def test_a_cursor_or_limit_that_is_none_of_ours_is_refused(program: Client, query: dict[str, str]) -> None:
    assert (await program.get("/v1/orders", params=query)).status_code == 400


async def test_a_message_is_sent_again_as_a_new_one(program: Client, shop: Shopkeeper, sold: str) -> None:
    old = (await shop.messages(channel="email", audience="buyer"))[0]
    answer = await program.post(f"/v1/messages/{old.id}/resend")
    await shop.settled()
    fresh = (await program.get(f"/v1/messages/{answer.json()['id']}")).json()
    assert answer.status_code == 201 and (fresh["resend_of"], fresh["status"]) == (old.id, "sent")


async def test_an_inbox_message_is_read_once(program: Client, sold: str) -> None:
    items = (await program.get("/v1/inbox", params={"order": sold})).json()["items"]
    assert items and all(item["title"] and item["read_at"] is None for item in items)
    path = f"/v1/inbox/{items[0]['id']}/read"
    assert [(await program.post(path)).json()["was_unread"] for _ in range(2)] == [True, False]


async def test_an_inbox_needs_an_owner(program: Client) -> None:
    assert problem(await program.get("/v1/inbox")) == (400, "missing_owner")


async def test_a_product_is_added_changed_and_archived(program: Client) -> None:
    assert (await program.post("/v1/products", json={"sku": "p1", "title": "One"})).status_code == 201
    changed = (await program.put("/v1/products/p1", json={"title": "Two", "free": 99})).json()
    assert (changed["title"], changed["free"], changed["low_at"]) == ("Two", 0, 5)
    assert (await program.delete("/v1/products/p1")).status_code == 204
    assert "p1" not in {item["sku"] for item in (await program.get("/v1/products")).json()["items"]}


@pytest.mark.parametrize(("kind", "body"), [
    ("application/json", b'{"cards": ["A-1", " A-2 ", "A-1", ""]}'), ("text/plain", b"A-1\r\n\nA-2\nA-1\n"),
    ("text/csv", "\ufeffcard,note\nA-1,x\n\"A-2\",y\nA-1,z\n".encode()),
])  # fmt: skip
async def test_cards_come_in_as_json_text_or_csv(program: Client, kind: str, body: bytes) -> None:
    answer = await program.post("/v1/products/steam-100/cards", content=body, headers={"content-type": kind})
    assert answer.json() == {"taken": 2, "duplicates": 1, "refused": []}


async def test_an_empty_import_is_refused(program: Client) -> None:
    assert problem(await program.post("/v1/products/steam-100/cards", json={"cards": []})) == (400, "no_cards")


async def test_the_same_idempotency_key_gives_the_same_answer(program: Client, shop: Shopkeeper) -> None:
    key, body = {"idempotency-key": "k-1"}, {"target_url": "http://127.0.0.1:9/x", "event": "order.paid"}
    first, again = [await program.post("/v1/webhooks", json=body, headers=key) for _ in range(2)]
    assert first.json() == again.json()
    assert len((await program.get("/v1/webhooks")).json()["items"]) == 1
    assert first.json()["secret"].encode() not in (await shop.rows(Answered))[0].answer


async def test_the_same_idempotency_key_with_another_body_is_a_conflict(program: Client) -> None:
    key = {"idempotency-key": "k-1"}
    await program.post("/v1/products", json={"sku": "p1", "title": "One"}, headers=key)
    answer = await program.post("/v1/products", json={"sku": "p2", "title": "Two"}, headers=key)
    assert problem(answer) == (409, "idempotency_conflict")


async def test_a_repeated_import_with_the_same_key_gives_the_first_answer(program: Client) -> None:
    key, body = {"idempotency-key": "k-1"}, {"cards": ["A-1"]}
    answers = [await program.post("/v1/products/steam-100/cards", json=body, headers=key) for _ in range(2)]
    assert [answer.json()["taken"] for answer in answers] == [1, 1]


async def test_an_account_never_gives_its_secrets_back(program: Client) -> None:
    form = {"kind": "webhook", "name": "W", "values": {"url": "http://127.0.0.1:9/x"}}
    account = (await program.post("/v1/channels", json=form)).json()
    assert account["secrets"] == ["secret"] and "secret" not in account["values"]
    assert "whsec_" not in (await program.get(f"/v1/channels/{account['id']}")).text


async def test_an_account_with_a_field_nobody_knows_is_refused(program: Client) -> None:
    form = {"kind": "webhook", "name": "W", "values": {"url": "http://127.0.0.1:9/x", "colour": "red"}}
    assert (await program.post("/v1/channels", json=form)).status_code == 400


async def test_a_subscribed_webhook_hears_only_its_events_signed(program: Client, shop: Shopkeeper) -> None:
    heard: list[tuple[bytes, dict[str, str]]] = []
    url = await receiver(heard)
    hook = (await program.post("/v1/webhooks", json={"target_url": url, "events": ["order.cancelled"]})).json()
    await shop.says("order.created", "N-1")
    await shop.says("order.cancelled", "N-1")
    await shop.settled()
    assert [Webhook(hook["secret"]).verify(body, headers)["type"] for body, headers in heard] == ["order.cancelled"]


async def test_an_unsubscribed_webhook_is_gone(program: Client) -> None:
    hook = (await program.post("/v1/webhooks", json={"target_url": "http://127.0.0.1:9/x"})).json()
    assert (await program.delete(f"/v1/webhooks/{hook['id']}")).status_code == 204
    assert (await program.get("/v1/webhooks")).json()["items"] == []


async def test_a_test_message_tells_its_steps(program: Client, shop: Shopkeeper) -> None:
    heard: list[Any] = []
    account = await shop.add_account("webhook", url=await receiver(heard))
    report = (await program.post(f"/v1/channels/{account}/test", json={})).json()
    assert report["ok"] and [step["name"] for step in report["steps"]] == ["worded", "request", "answer"]
    assert len(heard) == 1


async def test_a_rule_is_added_switched_off_and_removed(program: Client) -> None:
    new = {"name": "Big", "trigger": "order.paid", "audience": "staff", "channels": ["email"]}
    rule = (await program.post("/v1/rules", json=new)).json()
    off = (await program.put(f"/v1/rules/{rule['id']}", json={"enabled": False})).json()
    assert (off["enabled"], off["name"]) == (False, "Big")
    assert (await program.delete(f"/v1/rules/{rule['id']}")).status_code == 204
    assert problem(await program.get(f"/v1/rules/{rule['id']}")) == (404, "not_found")


async def test_a_rule_for_a_channel_nobody_knows_is_refused(program: Client) -> None:
    new = {"name": "Big", "trigger": "order.paid", "audience": "staff", "channels": ["pigeon"]}
    assert problem(await program.post("/v1/rules", json=new)) == (400, "unknown_channel")


async def test_a_wording_is_written_and_given_up_again(program: Client) -> None:
    written = await program.put(WORDING, json={"parts": {"title": "Paid: {order_number}", "body": "Thank you."}})
    assert written.status_code == 200 and written.json()["version"]
    assert [item["event_type"] for item in (await program.get("/v1/templates")).json()["items"]] == ["order.paid"]
    assert (await program.delete(WORDING)).status_code == 204
    assert (await program.get(WORDING)).json()["version"] is None


async def test_a_wording_with_an_unknown_variable_is_refused_when_saving(program: Client) -> None:
    answer = await program.put(WORDING, json={"parts": {"title": "Paid: {order_nmuber}", "body": "Thank you."}})
    assert problem(answer) == (400, "unknown_variable")


async def receiver(heard: list[Any]) -> str:
    """A real HTTP server that remembers what it was sent; its address."""

    async def take(request: web.Request) -> web.Response:
        heard.append((await request.read(), {name.lower(): value for name, value in request.headers.items()}))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}/"
