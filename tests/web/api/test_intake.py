"""POST /v1/events and the hooks of shop systems."""

from __future__ import annotations

import json

import httpx
import pytest
from tests.cast import Shopkeeper, event_json
from tests.web.doors import problem

from orderbell.base.signing import sign_webhook
from orderbell.domain import sources
from orderbell.domain.sources import OpenedSource
from orderbell.store.schema import EventRow

Client = httpx.AsyncClient


async def connect(shop: Shopkeeper) -> OpenedSource:
    vault, now = await shop.house.vault(shop.id), shop.house.clock.now()
    return await shop.house.store.write(
        lambda tx: sources.add_source(tx, vault, kind="signed", name="x", values={}, by="test", now=now)
    )


def signed(shop: Shopkeeper, secret: str, body: bytes) -> dict[str, str]:
    return sign_webhook([secret], "evt-1", shop.house.clock.now(), body)


async def test_an_event_is_accepted_once_and_then_a_duplicate(program: Client) -> None:
    event = event_json("order.paid", "N-1", id_="e1") | {"occurred_at": "2026-11-22T10:00:00+08:00"}
    first = await program.post("/v1/events", json=event)
    again = await program.post("/v1/events", json=event)
    assert (first.status_code, first.json()["events"][0]["status"]) == (202, "accepted")
    assert again.json()["events"] == [{"id": first.json()["events"][0]["id"], "status": "duplicate"}]


async def test_an_accepted_event_becomes_an_order(program: Client, shop: Shopkeeper) -> None:
    two = [event_json("order.paid", number) for number in ("N-1", "N-2")]
    await program.post("/v1/events", json={"events": two})
    await shop.settled()
    assert [item["number"] for item in (await program.get("/v1/orders")).json()["items"]] == ["N-2", "N-1"]


async def test_with_an_idempotency_key_the_first_answer_is_given_again(program: Client) -> None:
    event, key = event_json("order.paid", "N-1"), {"idempotency-key": "k-1"}
    first, again = [await program.post("/v1/events", json=event, headers=key) for _ in range(2)]
    assert (again.status_code, again.json()) == (202, first.json())
    other = await program.post("/v1/events", json=event_json("order.paid", "N-2"), headers=key)
    assert problem(other) == (409, "idempotency_conflict")


async def test_the_fast_door_refuses_as_the_others_do(browser: Client, program: Client) -> None:
    assert problem(await browser.post("/v1/events", json={})) == (401, "no_key")
    assert problem(await program.post("/v1/events", content=b"x" * 262_145)) == (413, "too_large")
    assert (await program.post("/v1/events", json={})).headers["content-security-policy"]


async def test_one_bad_event_keeps_the_whole_batch_out(program: Client, shop: Shopkeeper) -> None:
    bad = event_json("order.paid", "N-2", amount="1e2")
    answer = await program.post("/v1/events", json={"events": [event_json("order.paid", "N-1"), bad]})
    assert problem(answer) == (400, "bad_amount") and answer.json()["index"] == 1
    assert await shop.rows(EventRow) == []


async def test_a_signed_hook_is_written_down(browser: Client, shop: Shopkeeper) -> None:
    opened = await connect(shop)
    body = json.dumps(event_json("order.paid", "N-1")).encode()
    answer = await browser.post(f"/in/signed/{opened.token}", content=body, headers=signed(shop, opened.secret, body))
    assert answer.status_code == 202
    assert [row.source_id for row in await shop.rows(EventRow, type="order.paid")] == [opened.id]


async def test_an_altered_hook_is_refused_and_leaves_nothing(browser: Client, shop: Shopkeeper) -> None:
    opened = await connect(shop)
    body = json.dumps(event_json("order.paid", "N-1")).encode()
    answer = await browser.post(
        f"/in/signed/{opened.token}", content=body + b" ", headers=signed(shop, opened.secret, body)
    )
    assert problem(answer) == (401, "bad_signature")
    assert await shop.rows(EventRow) == []


@pytest.mark.parametrize("path", ["/in/signed/obi_wrong", "/in/woocommerce/{token}", "/in/nothing/{token}"])
async def test_a_wrong_address_is_not_found(browser: Client, shop: Shopkeeper, path: str) -> None:
    opened = await connect(shop)
    assert problem(await browser.post(path.format(token=opened.token))) == (404, "not_found")


async def test_a_paused_shop_is_asked_to_come_again(browser: Client, shop: Shopkeeper) -> None:
    opened, now = await connect(shop), shop.house.clock.now()
    await shop.house.store.write(
        lambda tx: sources.pause_source(tx, shop.id, opened.id, until_resumed=True, by="x", now=now)
    )
    answer = await browser.post(f"/in/signed/{opened.token}", content=b"{}")
    assert problem(answer) == (503, "paused") and answer.headers["retry-after"]


async def test_a_hook_larger_than_the_door_is_refused(browser: Client, shop: Shopkeeper) -> None:
    opened = await connect(shop)
    answer = await browser.post(f"/in/signed/{opened.token}", content=b"x" * 262_145)
    assert problem(answer) == (413, "too_large")
