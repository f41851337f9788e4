"""Whether the house tells the truth about itself: /healthz, /readyz, /metrics."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import update
from tests.cast import Shopkeeper, event_json

from orderbell.base.errors import NotReady
from orderbell.runtime import vitals
from orderbell.runtime.house import House
from orderbell.store.marker import Restored
from orderbell.store.schema import Meta

JSON = {"accept": "application/json"}


@pytest.fixture
async def stranger(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody from far away."""
    transport = httpx.ASGITransport(app=app, client=("8.8.8.8", 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield client


async def failed(client: httpx.AsyncClient) -> dict[str, str]:
    """The failed checks and their words, as a neighbour is told; the status fits."""
    answer = await client.get("/readyz", headers=JSON)
    found = {each["name"]: each["words"] for each in answer.json()["checks"] if not each["ok"]}
    assert answer.status_code == (503 if found else 200) and answer.json()["ready"] is not bool(found)
    return found


async def test_a_house_that_works_is_ready_and_names_every_check(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/healthz")).text == "ok\n"
    assert (await browser.get("/readyz")).text == "ready\n"
    names = [each["name"] for each in (await browser.get("/readyz", headers=JSON)).json()["checks"]]
    assert names == ["database", "key", "disk", "worker", "sender", "clock", "not_paused"]


async def test_a_loop_that_no_longer_comes_round_makes_it_unready(browser: httpx.AsyncClient, house: House) -> None:
    house.sender.stop()
    house.sender.beat_at = time.monotonic() - 500
    assert "500 s" in (await failed(browser))["sender"]


async def test_a_database_that_takes_no_write_makes_it_unready(
    browser: httpx.AsyncClient, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.store, "write", house.store.read)
    assert set(await failed(browser)) == {"database"}


async def test_a_key_that_does_not_fit_makes_it_unready(browser: httpx.AsyncClient, house: House) -> None:
    await house.store.write(lambda tx: tx.execute(update(Meta).where(Meta.name == "key_check").values(value="other")))
    assert "key file" in (await failed(browser))["key"]


async def test_a_full_disk_makes_it_unready(browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vitals, "FREE_LEAST_BYTES", 2**70)
    assert "make room" in (await failed(browser))["disk"]


async def test_a_restored_house_is_unready_until_somebody_looked(browser: httpx.AsyncClient, house: House) -> None:
    now = house.clock.now()
    house.past.mark = Restored(source="backup", snapshot_at=now, restored_at=now)
    assert "confirm" in (await failed(browser))["not_paused"]


async def test_strangers_learn_which_check_failed_and_nothing_more(
    stranger: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals, "FREE_LEAST_BYTES", 2**70)
    answer = await stranger.get("/readyz", headers=JSON)
    assert (answer.status_code, answer.text) == (503, "not ready: disk\n")
    assert answer.headers["retry-after"] == "5"


async def test_many_who_ask_cost_one_write(browser: httpx.AsyncClient, house: House) -> None:
    await browser.get("/readyz")
    first = await house.store.read(_probed)
    for _ in range(20):
        await browser.get("/readyz")
    assert await house.store.read(_probed) == first


def _probed(tx: Any) -> Any:
    return tx.execute(Meta.__table__.select().where(Meta.name == "probed_at")).one().value


async def test_the_numbers_are_for_neighbours_only(browser: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    assert (await browser.get("/metrics")).status_code == 200
    assert (await stranger.get("/metrics")).status_code == 404
    assert (await browser.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"})).status_code == 404


async def numbers(client: httpx.AsyncClient) -> dict[str, float]:
    """Every number by its name and labels."""
    lines = (await client.get("/metrics")).text.splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line and line[0] != "#"}


async def grown(client: httpx.AsyncClient, before: dict[str, float], *names: str) -> list[float]:
    """By how much numbers grew."""
    now = await numbers(client)
    return [now.get(name, 0) - before.get(name, 0) for name in names]


async def test_an_order_is_counted_on_its_way(program: httpx.AsyncClient, shop: Shopkeeper) -> None:
    before = await numbers(program)
    for status in (202, 202):
        assert (await program.post("/v1/events", json=event_json("order.paid", "N-1"))).status_code == status
    assert (await program.post("/v1/events", json={"no": "event"})).status_code == 400
    await shop.settled()
    names = [
        f'orderbell_ingested_total{{source="api",status="{each}"}}' for each in ("accepted", "duplicate", "refused")
    ]
    assert await grown(program, before, *names, "orderbell_accept_seconds_count") == [1, 1, 1, 2]
    decided, commits = await grown(program, before, "orderbell_decide_batch_size_sum", "orderbell_commit_seconds_count")
    assert decided >= 1 and commits >= 2


async def test_what_waits_is_shown_by_kind_and_lane(program: httpx.AsyncClient, shop: Shopkeeper) -> None:
    found = await numbers(program)
    assert {found[f'orderbell_queue_due{{kind="{kind}",lane="{lane}"}}'] for kind in ("event", "message", "timer")
            for lane in (0, 1, 2)} == {0}  # fmt: skip
    assert found['orderbell_ready{check="database"}'] == 1 and found["orderbell_disk_free_bytes"] > 0
    assert any(name.startswith("orderbell_build_info{") and "embedded" in name for name in found)


async def test_the_numbers_still_come_while_the_database_is_away(
    browser: httpx.AsyncClient, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(fn: Any) -> Any:
        raise NotReady("The database is away.", code="database_away")

    monkeypatch.setattr(house.store, "write", away)
    monkeypatch.setattr(house.store, "read", away)
    assert (await numbers(browser))['orderbell_ready{check="database"}'] == 0
