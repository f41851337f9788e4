"""What buyers choose is obeyed at once, with its reason, and never keeps them from what they paid for."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.cast import Shopkeeper, heard_by
from tests.web.doors import csrf_of, link_to, problem

from orderbell.channels.directory import CHANNELS
from orderbell.delivery.wording import Writer
from orderbell.domain import rules
from orderbell.domain.rules import RuleDraft
from orderbell.domain.wishes import Way
from orderbell.store.schema import Consent, Preference

Client = httpx.AsyncClient
MAIL = Way("email", "a@example.com")


async def offer(shop: Shopkeeper, *channels: str) -> None:
    """A rule of the shop's own that tells buyers something no order asked for."""
    draft = RuleDraft(name="Offer", trigger="order.completed", audience="buyer", channels=channels, lane=2)
    await shop.house.store.write(lambda tx: rules.add_rule(tx, shop.id, draft, now=shop.house.clock.now()))


async def offered(shop: Shopkeeper, number: str = "N-1") -> Any:
    """The offer's mail to the buyer of an order."""
    await offer(shop, "email")
    await shop.says("order.completed", number)
    await shop.settled()
    return (await shop.messages(channel="email", event_type="order.completed"))[-1]


def letter_token(shop: Shopkeeper, row: Any) -> str:
    return Writer(shop.house.signer, "").letter_token(row.id)


async def choose(browser: Client, path: str, *names: str) -> httpx.Response:
    """Send the settings form with these switches on, and no others."""
    form = csrf_of(await browser.get(path))
    return await browser.post(path, data={**form, **dict.fromkeys(names, "on")})


async def test_the_settings_page_shows_each_way_masked(browser: Client, shop: Shopkeeper, sold: str) -> None:
    await browser.get(await link_to(shop, sold))
    page = await browser.get("/p", params={"lang": "en"})
    assert page.status_code == 200 and "a***@example.com" in page.text and "a@example.com" not in page.text
    assert page.text.count('role="switch"') == 3 and page.headers["cache-control"] == "no-store"


async def test_without_an_order_one_is_looked_up_first(browser: Client, shop: Shopkeeper) -> None:
    assert (await browser.get("/p")).url.path == "/o"


async def test_news_that_was_switched_off_is_not_sent_and_says_why(
    browser: Client, shop: Shopkeeper, sold: str
) -> None:
    await browser.get(await link_to(shop, sold))
    await choose(browser, "/p", "0.goods", "0.offers")
    await shop.says("refund.requested", sold)
    await shop.settled()
    told = {
        row.channel: (row.status, row.reason)
        for row in await shop.messages(event_type="refund.requested", audience="buyer")
    }
    assert told == {"email": ("suppressed", "buyer_wish"), "inbox": ("delivered", None)}


async def test_the_last_way_to_the_goods_stays_open(browser: Client, shop: Shopkeeper, sold: str) -> None:
    await browser.get(await link_to(shop, sold))
    page = await choose(browser, "/p")
    assert "one way to your goods stays open" in page.text or "保留了一种" in page.text
    await shop.stock("KEY-2")
    await shop.says("order.paid", "N-2")
    await shop.settled()
    assert [
        row.status for row in await shop.messages(channel="email", event_type="order.delivered", audience="buyer")
    ] == ["sent", "sent"]


async def test_goods_go_by_the_way_that_is_left(browser: Client, shop: Shopkeeper, sold: str) -> None:
    own = RuleDraft(name="SMS", trigger="order.delivered", audience="buyer", channels=("sms",))
    await shop.house.store.write(lambda tx: rules.add_rule(tx, shop.id, own, now=shop.house.clock.now()))
    await browser.get(await link_to(shop, sold))
    sms = [kind for kind in CHANNELS if kind in ("email", "sms")].index("sms")
    await choose(browser, "/p", f"{sms}.goods")
    await shop.stock("KEY-2")
    await shop.says("order.paid", "N-2")
    await shop.settled()
    told = heard_by(
        [row for row in await shop.messages(order_id=(await shop.order("N-2")).id) if row.status == "sent"],
        "order.delivered",
    )
    assert ("buyer", "sms") in told and ("buyer", "email") not in told


async def test_each_choice_is_a_line_of_the_log(browser: Client, shop: Shopkeeper, sold: str) -> None:
    await browser.get(await link_to(shop, sold))
    await choose(browser, "/p", "0.goods", "0.orders")
    await choose(browser, "/p", "0.goods", "0.orders", "0.offers")
    await choose(browser, "/p", "0.goods", "0.orders", "0.offers")
    lines = sorted(await shop.rows(Consent), key=lambda row: row.id)
    assert [(row.topic, row.allowed, row.how) for row in lines] == [("offers", 0, "page"), ("offers", 1, "page")]
    assert [row.off for row in await shop.rows(Preference)] == [[]]


async def test_only_what_no_order_asked_for_carries_the_way_out(shop: Shopkeeper, sold: str) -> None:
    mail, writer = await offered(shop), shop.house.writer
    order = await shop.order(sold)
    assert "/u/" in writer.links(mail, order).unsubscribe_url
    paid = (await shop.messages(channel="email", event_type="order.delivered"))[0]
    assert writer.links(paid, order).unsubscribe_url == ""


@pytest.mark.parametrize("as_file", [False, True])
async def test_one_click_of_a_mail_program_ends_offers_without_a_page(
    browser: Client, shop: Shopkeeper, sold: str, as_file: bool
) -> None:
    path = f"/u/{letter_token(shop, await offered(shop))}"
    body = {"List-Unsubscribe": "One-Click"}
    sent = {"files": {name: (None, text) for name, text in body.items()}} if as_file else {"data": body}
    assert (await browser.post(path, **sent)).status_code == 200  # type: ignore[arg-type]
    assert [(row.channel, row.reach, row.off) for row in await shop.rows(Preference)] == [
        ("email", "a@example.com", ["offers"])
    ]
    assert [row.how for row in await shop.rows(Consent)] == ["one_click"]


async def test_looking_at_the_way_out_changes_nothing_and_its_button_can_be_taken_back(
    browser: Client, shop: Shopkeeper, sold: str
) -> None:
    path = f"/u/{letter_token(shop, await offered(shop))}"
    await browser.get(path)
    assert await shop.rows(Preference) == []
    assert "undo" in (await browser.post(path)).text
    assert (await shop.rows(Preference))[0].off == ["offers"]
    await browser.post(path, data={"undo": "1"})
    assert (await shop.rows(Preference))[0].off == []


async def test_offers_stop_while_the_goods_go_on(browser: Client, shop: Shopkeeper, sold: str) -> None:
    await browser.post(f"/u/{letter_token(shop, await offered(shop))}", data={"List-Unsubscribe": "One-Click"})
    await shop.stock("KEY-2")
    await shop.says("order.paid", "N-2")
    await shop.says("order.completed", "N-2")
    await shop.settled()
    order = (await shop.order("N-2")).id
    told = {
        row.event_type: row.status for row in await shop.messages(channel="email", audience="buyer", order_id=order)
    }
    assert (told["order.delivered"], told["order.completed"]) == ("sent", "suppressed")


@pytest.mark.parametrize("path", ["/u/msg_1.AAAA", "/p/msg_1.AAAA"])
async def test_an_altered_link_opens_nothing(browser: Client, shop: Shopkeeper, path: str) -> None:
    assert (await browser.get(path)).status_code == 404
    assert (await browser.post(path, data={"List-Unsubscribe": "One-Click"})).status_code in (403, 404)


async def test_settings_by_a_message_need_their_own_form(browser: Client, shop: Shopkeeper, sold: str) -> None:
    path = f"/p/{letter_token(shop, await offered(shop))}"
    assert (await browser.post(path, data={"0.goods": "on"})).status_code == 403
    assert (await choose(browser, path, "0.goods")).status_code == 200
    assert (await shop.rows(Preference))[0].off == ["offers", "orders"]


async def test_another_shops_buyer_of_the_same_address_still_hears(
    browser: Client, shop: Shopkeeper, sold: str
) -> None:
    await browser.get(await link_to(shop, sold))
    await choose(browser, "/p", "0.goods")
    other = await Shopkeeper.open(shop.house)
    await other.says("refund.requested", "X-1")
    await other.settled()
    assert [
        row.status for row in await other.messages(channel="email", event_type="refund.requested", audience="buyer")
    ] == ["sent"]


async def test_a_program_reads_and_keeps_a_choice(program: Client, shop: Shopkeeper) -> None:
    asked = {"channel": "email", "address": "A@Example.com"}
    assert (await program.get("/v1/preferences", params=asked)).json()["topics"]["offers"] is True
    kept = await program.put("/v1/preferences", json={**asked, "topics": {"offers": False}})
    assert kept.json()["topics"] == {"goods": True, "orders": True, "offers": False}
    assert [row.how for row in await shop.rows(Consent)] == ["api"]
    wrong = await program.put("/v1/preferences", json={**asked, "topics": {"weather": False}})
    assert problem(wrong) == (400, "unknown_topic")


async def test_a_shop_in_which_nobody_chose_is_asked_nothing(shop: Shopkeeper, sold: str) -> None:
    book = await shop.house.store.read(lambda tx: shop.house.books.one(tx, shop.id))
    assert book.has_wishes is False
