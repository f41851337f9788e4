"""The whole way through real doors: a process, HTTP, a mail server, a webhook receiver, and a buyer's browser."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook
from tests.crash.client import order
from tests.crash.stage import Stage, private

from orderbell.base.settings import Settings


@pytest.fixture
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    """A running server with three cards."""
    made = Stage(private(settings), 3)
    await made.set_up()
    made.start()
    await asyncio.to_thread(made.wait_up)
    yield made
    made.tear_down()


@pytest.fixture
def shop(stage: Stage) -> httpx.Client:
    """A program with the shop's key."""
    return httpx.Client(base_url=stage.url, headers={"Authorization": f"Bearer {stage.token}"}, timeout=20)


def wait_for(look: Callable[[], Any], within_s: float = 20) -> Any:
    """What `look` finds, as soon as it finds anything."""
    end = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return found


def link_of(stage: Stage, number: str) -> str:
    """The order page's address in the buyer's mail."""
    mail = wait_for(lambda: [line for line in stage.ledger("mail") if number in line["subject"]])[0]
    return re.findall(r"http://\S+/o/\S+", mail["text"])[0]


def test_a_paid_order_is_mailed_hooked_listed_and_told(stage: Stage, shop: httpx.Client) -> None:
    assert shop.post("/v1/events", json=order(1)).status_code == 202
    link_of(stage, "N1")
    hook = wait_for(lambda: [line for line in stage.ledger("hook") if line["type"] == "order.paid"])[0]
    assert Webhook(stage.webhook_secret).verify(hook["raw"], hook["signed"])["type"] == "order.paid"
    steps = shop.get("/v1/orders/N1/timeline").json()["steps"]
    told = {(step["kind"], step["what"]) for step in steps}
    assert {("event", "order.paid"), ("event", "order.delivered"), ("message", "order.delivered")} <= told
    inbox = shop.get("/v1/inbox", params={"order": "N1"}).json()["items"]
    assert "order.delivered" in {item["event_type"] for item in inbox}


def test_the_order_page_reveals_exactly_one_key_and_only_when_asked(stage: Stage, shop: httpx.Client) -> None:
    shop.post("/v1/events", json=order(1))
    with httpx.Client(follow_redirects=True) as buyer:
        page = buyer.get(link_of(stage, "N1"))
        assert "KEY-" not in page.text
        form = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page.text.split("reveal")[1]))
        shown = buyer.post(f"{stage.url}/o/reveal", data=form)
    assert len(set(re.findall(r"KEY-\d+", shown.text))) == 1
    assert shown.headers["cache-control"] == "no-store"


def test_the_same_event_again_from_sixteen_connections_changes_nothing(stage: Stage, shop: httpx.Client) -> None:
    shop.post("/v1/events", json=order(1))
    link_of(stage, "N1")
    # The mail is there a moment before it is written down that it went.
    wait_for(lambda: '"queued"' not in shop.get("/v1/messages", params={"order": "N1"}).text)
    before = (len(stage.ledger("mail")), shop.get("/v1/messages", params={"order": "N1"}).json())
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: shop.post("/v1/events", json=order(1)).json(), range(21)))
    time.sleep(1)
    assert {answer["events"][0]["status"] for answer in answers} == {"duplicate"}
    assert (len(stage.ledger("mail")), shop.get("/v1/messages", params={"order": "N1"}).json()) == before


def test_the_fourth_order_for_three_cards_waits_and_a_restock_serves_it(stage: Stage, shop: httpx.Client) -> None:
    shop.post("/v1/events", json={"events": [order(n) for n in range(1, 5)]})
    late = wait_for(lambda: [line for line in stage.ledger("hook") if line["type"] == "order.owed"])[0]["number"]
    told = shop.get("/v1/messages", params={"order": late, "limit": 50}).json()
    assert "order.delivered" not in str(told)
    shop.post("/v1/products/steam-100/cards", json={"cards": ["KEY-99"]})
    wait_for(lambda: shop.get(f"/v1/orders/{late}").json()["status"] == "delivered")
    assert link_of(stage, late)
