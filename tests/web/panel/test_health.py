"""System health: what people read there, who may see it, and what its buttons do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import update
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends, enter

from orderbell.messages.i18n import catalogue
from orderbell.runtime import vitals
from orderbell.runtime.vitals import WORDS
from orderbell.store.schema import EventRow, Message, Provider, State
from orderbell.web.panel import health
from orderbell.web.panel.health import CHECKS, KINDS, age, size

HOME = "/panel/health"
PART = {"hx-request": "true", "hx-target": "health"}
SAY = catalogue("en")


async def stick(shop: Shopkeeper, table: Any, **values: Any) -> None:
    """Everything of a table is stuck."""
    await shop.house.store.write(lambda tx: tx.execute(update(table).values(state=int(State.STUCK), **values)))


async def test_an_idle_house_reads_as_one(panel: Client, shop: Shopkeeper) -> None:
    page = (await panel.get(HOME)).text
    for words in (
        "Everything runs",
        "nothing waits",
        "Nothing is stuck",
        "No tries yet",
        "No provider yet",
        "built in",
    ):
        assert words in page, words


async def test_tries_are_counted_by_outcome_in_words_and_a_picture(panel: Client, shop: Shopkeeper, sold: str) -> None:
    page = (await panel.get(HOME)).text
    assert "Kept in the sandbox mailbox" in page and '<svg class="bar"' in page and "100.0<small>%" in page


async def test_an_account_that_is_refused_leads_to_its_settings(panel: Client, shop: Shopkeeper) -> None:
    account, now = await shop.add_account("webhook", url="http://127.0.0.1:9/x"), shop.house.clock.now()
    await shop.house.store.write(lambda tx: tx.execute(update(Provider).values(failing_since=now)))
    page = (await panel.get(HOME)).text
    assert "failing for less than 1 s" in page and f"/panel/channels/webhook/{account}" in page
    assert "Works, but needs you" in page


async def test_stuck_messages_are_let_be_by_their_button(
    panel: Client, shop: Shopkeeper, sold: str, send: Sends
) -> None:
    await stick(shop, Message, status="failed", reason="no_more_tries")
    assert "All tries are used up." in (await panel.get(HOME)).text
    answer = await send(HOME, f"{HOME}/let-be", reason="no_more_tries")
    assert "Nothing is stuck" in answer.text
    assert {row.status for row in await shop.messages()} == {"cancelled"}


async def test_a_stuck_event_is_worked_through_by_its_button(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await shop.says("order.paid", "N-1")
    await shop.settled()
    await stick(shop, EventRow, error="RuntimeError('odd')", tries=12)
    assert "RuntimeError" in (await panel.get(HOME)).text
    await send(HOME, f"{HOME}/again", kind="event", reason="RuntimeError")
    await shop.settled()
    assert await shop.stuck() == []


async def test_a_button_pressed_too_late_says_so(panel: Client, send: Sends, shop: Shopkeeper) -> None:
    assert (await send(HOME, f"{HOME}/again", kind="message", reason="gone")).status_code == 409


@pytest.mark.parametrize(("role", "status"), [("manager", 200), ("support", 403), ("finance", 403), ("viewer", 403)])
async def test_only_owner_and_manager_see_it(browser: Client, shop: Shopkeeper, role: str, status: int) -> None:
    await enter(browser, shop, role)
    assert (await browser.get(HOME)).status_code == status
    assert (HOME in (await browser.get("/panel")).text) is (status == 200)


async def test_the_page_renews_only_its_inside(panel: Client, shop: Shopkeeper) -> None:
    part = (await panel.get(HOME, headers=PART)).text
    assert part.lstrip().startswith('<div class="stack" id="health"') and "<html" not in part


async def test_a_failed_check_is_told_in_the_readers_language(
    panel: Client, shop: Shopkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals, "FREE_LEAST_BYTES", 2**70)
    panel.cookies.set("ob_lang", "zh-CN")
    page = (await panel.get(HOME)).text
    assert "请清理空间" in page and "目前无法正常工作" in page


def test_work_that_waits_is_told_in_words() -> None:
    words = health._waits((12, 3, 40), 75.0, SAY)
    assert words == "12 wait, the oldest for 75 s · 3 in hand · 40 for later"
    assert health._waits((1, 0, 0), 0.2, SAY) == "1 waits, for less than 1 s"


@pytest.mark.parametrize(("seconds", "words"), [
    (0.2, "less than 1 s"), (3.9, "3 s"), (119, "119 s"), (600, "10 min"), (7200, "2 h"), (200_000, "2 days"),
])  # fmt: skip
def test_an_age_is_told_as_people_say_it(seconds: float, words: str) -> None:
    assert age(seconds, SAY) == words


@pytest.mark.parametrize(("many", "words"), [(900, "900 B"), (2048, "2 KB"), (5_000_000, "4.8 MB"), (2**41, "2.0 TB")])
def test_a_size_is_told_as_people_say_it(many: int, words: str) -> None:
    assert size(many) == words


def test_every_check_and_queue_has_its_chinese() -> None:
    chinese = catalogue("zh-CN")
    said = [*WORDS.values(), *CHECKS.values(), *(name for name, _ in KINDS.values())]
    assert [each for each in said if not chinese.knows(each)] == []


async def test_every_check_has_a_name(browser: httpx.AsyncClient) -> None:
    checks = (await browser.get("/readyz", headers={"accept": "application/json"})).json()["checks"]
    assert {each["name"] for each in checks} <= set(CHECKS)
