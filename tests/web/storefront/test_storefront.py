"""The demo storefront: only in the demo, through the signed door, and forgotten after a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import update
from tests.cast import Shopkeeper
from tests.web.doors import csrf_of

from orderbell.base.settings import Settings
from orderbell.domain import retention, tryouts
from orderbell.store.schema import Card, Customer, EventRow, Message, Order, Shop, SourceRow

Client = httpx.AsyncClient
HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}\u202e😀" + "长" * 140


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The house of a demo."""
    return replace(settings, demo=True)


@pytest.fixture
async def demo_shop(shop: Shopkeeper) -> Shopkeeper:
    """A shop that says of itself that it is a demo."""
    await shop.house.store.write(lambda tx: tx.execute(update(Shop).where(Shop.id == shop.id).values(demo=1)))
    await shop.stock("KEY-1", "KEY-2", "KEY-3", "KEY-4")
    return shop


async def buy(browser: Client, shop: Shopkeeper, sku: str = "steam-100", **more: str) -> str:
    """Order as a visitor; the order's number."""
    form = csrf_of(await browser.get("/demo"))
    await browser.post("/demo/orders", data={**form, "sku": sku, "contact": "v@example.com", **more})
    await shop.settled()
    return str((await shop.rows(Order))[-1].number)


async def act(browser: Client, shop: Shopkeeper, name: str) -> httpx.Response:
    """Press a button of the cashier."""
    answer = await browser.post(f"/demo/deeds/{name}", data=csrf_of(await browser.get("/demo")))
    await shop.settled()
    return answer


async def status(shop: Shopkeeper, number: str) -> str:
    return str((await shop.order(number)).status)


async def test_outside_the_demo_there_is_no_such_place(browser: Client, shop: Shopkeeper) -> None:
    assert (await browser.get("/demo")).status_code == 404
    assert (await browser.post("/demo/orders", data={})).status_code == 404


async def test_a_demo_shop_without_the_switch_has_no_window(
    app: Litestar, browser: Client, demo_shop: Shopkeeper
) -> None:
    app.state.house.settings = replace(demo_shop.house.settings, demo=False)
    assert (await browser.get("/demo")).status_code == 404


async def test_the_window_says_plainly_what_it_is(browser: Client, demo_shop: Shopkeeper) -> None:
    page = await browser.get("/demo", params={"lang": "en"})
    assert "This is a demo: nothing is sold" in page.text and page.text.count('type="radio"') == 3


async def test_an_order_comes_in_by_the_signed_door_of_its_own_connection(
    browser: Client, demo_shop: Shopkeeper
) -> None:
    number = await buy(browser, demo_shop)
    source = (await demo_shop.rows(SourceRow))[0]
    told = (await demo_shop.rows(EventRow, order_number=number))[0]
    assert (source.kind, told.source_id, told.type) == ("signed", source.id, "order.created")


async def test_paying_brings_the_card_and_a_refund_reaches_the_seller(browser: Client, demo_shop: Shopkeeper) -> None:
    number = await buy(browser, demo_shop)
    await act(browser, demo_shop, "pay")
    assert await status(demo_shop, number) == "delivered"
    await act(browser, demo_shop, "refund")
    page = await browser.get("/demo")
    assert "/demo/deeds/repay" in page.text
    assert await demo_shop.messages(event_type="refund.requested", audience="staff")
    await act(browser, demo_shop, "repay")
    assert await status(demo_shop, number) == "refunded"


async def test_a_payment_may_fail_twice_and_then_time_runs_out(browser: Client, demo_shop: Shopkeeper) -> None:
    number = await buy(browser, demo_shop)
    await act(browser, demo_shop, "fail")
    await act(browser, demo_shop, "fail")
    await act(browser, demo_shop, "expire")
    assert len(await demo_shop.rows(EventRow, order_number=number, type="payment.failed")) == 2
    assert await status(demo_shop, number) == "expired"


async def test_a_membership_can_be_taken_to_its_end(browser: Client, demo_shop: Shopkeeper) -> None:
    number = await buy(browser, demo_shop, sku="video-year")
    await act(browser, demo_shop, "pay")
    await act(browser, demo_shop, "ending")
    assert await demo_shop.rows(EventRow, order_number=number, type="membership.expiring")


async def test_what_the_cashier_does_not_offer_now_does_nothing(browser: Client, demo_shop: Shopkeeper) -> None:
    number = await buy(browser, demo_shop)
    await act(browser, demo_shop, "refund")
    assert [row.type for row in await demo_shop.rows(EventRow, order_number=number)] == ["order.created"]


@pytest.mark.parametrize("fields", [{"contact": " "}, {"contact": "x" * 201}, {"sku": "none"}])
async def test_what_cannot_be_ordered_is_refused_in_place(
    browser: Client, demo_shop: Shopkeeper, fields: dict[str, str]
) -> None:
    form = csrf_of(await browser.get("/demo"))
    sent = {**form, "sku": "steam-100", "contact": "v@example.com", "name": "N", **fields}
    answer = await browser.post("/demo/orders", data=sent)
    assert answer.status_code == 422 and 'role="alert"' in answer.text and 'value="N"' in answer.text
    assert await demo_shop.rows(Order) == []


async def test_a_visitor_in_a_hurry_is_asked_to_wait(browser: Client, demo_shop: Shopkeeper) -> None:
    form = csrf_of(await browser.get("/demo"))
    answers = []
    for _ in range(9):
        await browser.post("/demo/new", data=form)
        answers.append(await browser.post("/demo/orders", data={**form, "sku": "ebook-potter", "contact": "v"}))
    assert answers[-1].status_code == 429 and answers[0].status_code == 200


async def test_a_name_full_of_code_harms_neither_window_nor_mail(browser: Client, demo_shop: Shopkeeper) -> None:
    await buy(browser, demo_shop, name=HOSTILE)
    await act(browser, demo_shop, "pay")
    mail = (await demo_shop.messages(channel="email", event_type="order.delivered"))[0]
    page, letter = await browser.get("/demo"), await browser.get(f"/demo/letters/{mail.id}")
    assert "<img src=x" not in page.text + letter.text and "49" not in letter.text.partition("<body")[2][:200]
    assert "sandbox" in letter.headers["content-security-policy"]


async def test_nobody_reads_another_visitors_mail(browser: Client, demo_shop: Shopkeeper, sold: str) -> None:
    await buy(browser, demo_shop)
    theirs = (await demo_shop.messages(channel="email", audience="buyer", order_id=(await demo_shop.order(sold)).id))[0]
    assert (await browser.get(f"/demo/letters/{theirs.id}")).status_code == 404


async def test_after_a_day_only_the_card_remembers_a_visit(browser: Client, demo_shop: Shopkeeper) -> None:
    number = await buy(browser, demo_shop)
    await act(browser, demo_shop, "pay")
    await demo_shop.says("order.paid", "N-REAL")
    await demo_shop.settled()
    later = demo_shop.house.clock.now() + tryouts.KEPT + timedelta(minutes=1)
    await demo_shop.house.store.write(lambda tx: retention.forget_old(tx, now=later))
    left: list[Any] = await demo_shop.rows(EventRow) + await demo_shop.rows(Message)
    assert [row.number for row in await demo_shop.rows(Order)] == ["N-REAL"]
    assert number not in repr(left) and [row.natural_key for row in await demo_shop.rows(Customer)] == ["ref:u_88"]
    assert sum(row.state == "sold" for row in await demo_shop.rows(Card)) == 2
