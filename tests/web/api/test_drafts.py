"""Templates through the API: drafted, tried, published, compared and brought back."""

from __future__ import annotations

from typing import Any

import httpx
from tests.cast import Shopkeeper
from tests.web.doors import bearer, new_key, problem

PLACE = "/v1/templates/order.paid/buyer/inbox/en"
SMS = "/v1/templates/order.delivered/buyer/sms/zh-CN"


async def publish(program: httpx.AsyncClient, body: str) -> dict[str, Any]:
    await program.put(f"{PLACE}/draft", json={"parts": {"title": "Paid", "body": body}})
    answer = await program.post(f"{PLACE}/publish", json={})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_draft_is_kept_and_thrown_away(program: httpx.AsyncClient) -> None:
    kept = (await program.put(f"{PLACE}/draft", json={"parts": {"body": "{broken"}})).json()
    assert (await program.get(f"{PLACE}/draft")).json() == kept and kept["rev"] == 1
    assert (await program.delete(f"{PLACE}/draft")).status_code == 204
    assert problem(await program.get(f"{PLACE}/draft")) == (404, "no_draft")


async def test_an_old_rev_is_refused(program: httpx.AsyncClient) -> None:
    await program.put(f"{PLACE}/draft", json={"parts": {"body": "one"}, "rev": 0})
    answer = await program.put(f"{PLACE}/draft", json={"parts": {"body": "two"}, "rev": 0})
    assert problem(answer) == (409, "draft_changed")


async def test_a_draft_that_does_not_work_is_not_published(program: httpx.AsyncClient) -> None:
    await program.put(f"{PLACE}/draft", json={"parts": {"body": "{nonsense}"}})
    answer = await program.post(f"{PLACE}/publish", json={})
    assert problem(answer) == (400, "unknown_variable") and answer.json()["part"] == "body"


async def test_versions_are_compared_and_brought_back(program: httpx.AsyncClient) -> None:
    first, second = [await publish(program, body) for body in ("Thanks a lot", "Thanks a bunch")]
    query = {"from": first["id"], "to": second["id"]}
    runs = (await program.get(f"{PLACE}/diff", params=query)).json()["parts"]["body"]
    assert [run["kind"] for run in runs] == ["same", "gone", "new"]
    listed = (await program.post(f"{PLACE}/restore", json={"version": first["id"]})).json()["items"]
    assert [(each["n"], each["current"]) for each in listed] == [(2, False), (1, True)]


async def test_a_text_is_tried_with_the_newest_order(program: httpx.AsyncClient, shop: Shopkeeper, sold: str) -> None:
    tried = (await program.post(f"{PLACE}/preview", json={"parts": {"title": "x", "body": "{order_number}"}})).json()
    assert (tried["order"], tried["text"], tried["faults"]) == (sold, sold, [])


async def test_an_sms_is_counted_and_its_faults_are_told(program: httpx.AsyncClient) -> None:
    tried = (await program.post(f"{SMS}/preview", json={"parts": {"text": "{订单好}" + "订" * 70}})).json()
    assert tried["segments"]["parts"] == 2
    assert [(each["code"], each["nearest"]) for each in tried["faults"]] == [("unknown_variable", "订单号")]


async def test_a_key_needs_the_scope(shop: Shopkeeper, program: httpx.AsyncClient) -> None:
    headers = bearer(await new_key(shop, "orders:read"))
    assert problem(await program.get(f"{PLACE}/versions", headers=headers)) == (403, "missing_scope")


async def test_a_webhook_has_no_text(program: httpx.AsyncClient) -> None:
    assert problem(await program.get("/v1/templates/order.paid/staff/webhook/en/draft")) == (400, "unknown_channel")
