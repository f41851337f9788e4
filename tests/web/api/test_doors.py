"""What holds at every door of /v1: keys, scopes, other shops' rows, odd bodies, the schema."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from litestar import Litestar
from tests.cast import Shopkeeper
from tests.web.doors import bearer, new_key, problem

from orderbell.domain import access, catalog
from orderbell.store.schema import Rule
from orderbell.web.wall import CSP

Client = httpx.AsyncClient
BODIES: dict[str, Any] = {
    "/v1/products/{sku}/cards": {"cards": ["X"]},
    "/v1/channels/{account_id}": {"name": "x", "values": {}},
    "/v1/channels/{account_id}/test": {},
    "/v1/products/{sku}": {},
    "/v1/rules/{rule_id}": {"name": "x"},
}
ALWAYS_THERE = "/v1/templates/"
"""A wording nobody wrote is not missing: the stock text counts."""


def operations(app: Litestar) -> list[tuple[str, str]]:
    """Every method and path of the schema."""
    paths = app.openapi_schema.to_schema()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


async def test_every_operation_wants_a_key(app: Litestar, browser: Client) -> None:
    for method, path in operations(app):
        answer = await browser.request(method, path)
        assert problem(answer) == (401, "no_key"), (method, path)


async def test_every_operation_wants_its_scope(app: Litestar, shop: Shopkeeper, browser: Client) -> None:
    reach: dict[tuple[str, str], set[str]] = {each: set() for each in operations(app)}
    for name in access.SCOPES:
        key = bearer(await new_key(shop, name))
        for method, path in reach:
            if (await browser.request(method, path, headers=key)).status_code != 403:
                reach[method, path].add(name)
    assert {len(scopes) for scopes in reach.values()} == {1}


async def rows_of(shop: Shopkeeper) -> dict[str, str]:
    """What one shop has, by the names paths use."""
    await shop.says("order.paid", "N-1")
    await shop.settled()
    account, hook = [await shop.add_account("webhook", url=f"http://127.0.0.1:9/{n}") for n in range(2)]
    message, rule = (await shop.messages())[0].id, (await shop.rows(Rule))[0].id
    await shop.house.store.write(
        lambda tx: catalog.add_product(tx, shop.id, sku="mine", title="Mine", now=shop.house.clock.now())
    )
    return {"number": "N-1", "sku": "mine", "message_id": message, "account_id": account, "hook_id": hook,
            "rule_id": rule}  # fmt: skip


async def test_another_shops_rows_read_like_missing_ones(app: Litestar, shop: Shopkeeper, browser: Client) -> None:
    mine, key = await rows_of(shop), bearer(await new_key(await Shopkeeper.open(shop.house)))
    none = dict.fromkeys(mine, "none_such")
    for method, path in operations(app):
        if "{" in path and not path.startswith(ALWAYS_THERE):
            foreign, missing = [
                await browser.request(method, path.format(**names), headers=key, json=BODIES.get(path))
                for names in (mine, none)
            ]
            assert (foreign.status_code, foreign.text) == (missing.status_code, missing.text), (method, path)
            assert foreign.status_code == 404, (method, path)


async def test_a_revoked_key_is_refused_when_the_cache_forgets(
    app: Litestar, shop: Shopkeeper, program: Client
) -> None:
    assert (await program.get("/v1/orders")).status_code == 200
    keys = await shop.house.store.read(lambda tx: access.list_api_keys(tx, shop.id))
    now = shop.house.clock.now()
    await shop.house.store.write(lambda tx: access.revoke_api_key(tx, shop.id, keys[0].id, by="x", now=now))
    app.state.key_seats.forget()
    assert problem(await program.get("/v1/orders")) == (401, "bad_key")


@pytest.mark.parametrize(("body", "expected"), [
    (b"{", (400, "bad_input")), (b"[" * 90_000, (400, "bad_json")), (b'{"sku": 1, "title": "x"}', (400, "bad_input")),
    (b" " * 300_000, (413, "too_large")), (b"\xff\xfe", (400, "bad_input")),
])  # fmt: skip
async def test_an_odd_body_is_refused_with_a_code(program: Client, body: bytes, expected: tuple[int, str]) -> None:
    answer = await program.post("/v1/products", content=body, headers={"content-type": "application/json"})
    assert problem(answer) == expected


async def test_an_unknown_address_under_v1_is_a_problem_document(program: Client) -> None:
    assert problem(await program.get("/v1/nothing")) == (404, "not_found")
    assert problem(await program.patch("/v1/orders")) == (405, "method_not_allowed")


async def test_every_answer_carries_the_headers_that_keep_browsers_safe(browser: Client) -> None:
    for path in ("/healthz", "/v1/orders", "/o", "/nowhere", "/panel/sign-in"):
        headers = (await browser.get(path)).headers
        assert headers["content-security-policy"] == CSP and headers["x-content-type-options"] == "nosniff", path
        assert headers["cache-control"] == "no-store" and headers["referrer-policy"] == "no-referrer", path


async def test_the_schema_is_openapi_3_1_and_speaks_only_of_v1(browser: Client) -> None:
    schema = (await browser.get("/docs/openapi.json")).json()
    assert schema["openapi"].startswith("3.1")
    assert schema["paths"] and all(path.startswith("/v1/") for path in schema["paths"])


async def test_the_numbers_are_for_neighbours_only(browser: Client) -> None:
    assert (await browser.get("/readyz")).status_code == 200
    assert (await browser.get("/metrics")).status_code == 200
    assert (await browser.get("/metrics", headers={"x-forwarded-for": "203.0.113.9"})).status_code == 404


async def test_what_nobody_foresaw_is_told_only_by_a_number(app: Litestar, browser: Client, shop: Shopkeeper) -> None:
    key = bearer(await new_key(shop))
    del app.state["key_seats"]
    answer = await browser.get("/v1/orders", headers=key)
    assert problem(answer) == (500, "internal")
    assert "key_seats" not in answer.text
