"""The same POST twice is one deed: one answer for a day, however close together the two come (promise D6)."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from tests.cast import Shopkeeper
from tests.conftest import TurnedClock
from tests.desk import Desk, desk
from tests.web.conftest import same_loop
from tests.web.doors import bearer, new_key, problem

from orderbell.store.schema import Audit, Card, Provider
from orderbell.web.app import make_app

__all__ = ["desk"]
KEY = {"idempotency-key": "k-1"}
HOOK = {"target_url": "http://127.0.0.1:9/x", "event": "order.paid"}
Client = httpx.AsyncClient


async def both(program: Client, path: str, body: Any, times: int = 8) -> list[httpx.Response]:
    """The same request at once, several times."""
    return await asyncio.gather(*(program.post(path, json=body, headers=KEY) for _ in range(times)))


async def test_of_requests_at_once_one_runs_and_all_get_its_answer(program: Client, shop: Shopkeeper) -> None:
    answers = await both(program, "/v1/webhooks", HOOK)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(await shop.rows(Provider)) == 1


async def test_of_imports_at_once_one_runs_and_all_get_its_answer(program: Client, shop: Shopkeeper) -> None:
    answers = await both(program, "/v1/products/steam-100/cards", {"cards": ["A-1", "A-2"]})
    assert {answer.json()["taken"] for answer in answers} == {2}
    assert len(await shop.rows(Card)) == 2
    assert [row.action for row in await shop.rows(Audit)].count("cards.import") == 1


async def test_of_two_bodies_at_once_one_is_a_conflict(program: Client, shop: Shopkeeper) -> None:
    bodies = [{"sku": f"p{n}", "title": "One"} for n in range(4)]
    answers = await asyncio.gather(*(program.post("/v1/products", json=body, headers=KEY) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {problem(answer) for answer in answers if answer.status_code == 409} == {(409, "idempotency_conflict")}


async def test_a_deed_that_was_refused_may_be_tried_again(program: Client) -> None:
    wrong = await program.post("/v1/products", json={"sku": "", "title": "One"}, headers=KEY)
    right = await program.post("/v1/products", json={"sku": "p1", "title": "One"}, headers=KEY)
    assert (wrong.status_code, right.status_code) == (400, 201)


async def test_the_same_key_at_another_address_is_another_request(program: Client) -> None:
    first = await program.post("/v1/products", json={"sku": "p1", "title": "One"}, headers=KEY)
    second = await program.post("/v1/webhooks", json=HOOK, headers=KEY)
    assert (first.status_code, second.status_code) == (201, 201)


async def test_another_shops_key_is_another_request(program: Client, shop: Shopkeeper) -> None:
    other = await Shopkeeper.open(shop.house)
    first = await program.post("/v1/webhooks", json=HOOK, headers=KEY)
    second = await program.post("/v1/webhooks", json=HOOK, headers={**KEY, **bearer(await new_key(other))})
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize(("hours", "hooks"), [(23.9, 1), (24.1, 2)])
async def test_an_answer_is_kept_for_a_day(desk: Desk, clock: TurnedClock, hours: float, hooks: int) -> None:
    headers = {**KEY, **bearer(await new_key(desk.shop))}
    async with Client(**same_loop(make_app(desk.house)), headers=headers) as program:
        await program.post("/v1/webhooks", json=HOOK)
        clock.turn(hours=hours)
        await program.post("/v1/webhooks", json=HOOK)
    assert len(await desk.shop.rows(Provider)) == hooks


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_of_no_fit_length_is_refused(program: Client, key: str) -> None:
    answer = await program.post("/v1/webhooks", json=HOOK, headers={"idempotency-key": key})
    assert problem(answer) == (400, "bad_idempotency_key")
