"""The order page: opened by link or by number and contact, goods shown on request, nothing told to strangers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import update
from tests.cast import Shopkeeper
from tests.web.doors import csrf_of, link_to

from orderbell.base.errors import NotFound
from orderbell.store.schema import Order, Reveal
from orderbell.web.buyer import finding

Client = httpx.AsyncClient
KEY = "KEY-CANARY-1"


async def change(shop: Shopkeeper, **values: Any) -> None:
    await shop.house.store.write(lambda tx: tx.execute(update(Order).where(Order.shop_id == shop.id).values(**values)))


async def look_up(browser: Client, number: str, contact: str) -> Any:
    form = csrf_of(await browser.get("/o", params={"find": "1"}))
    return await browser.post("/o/find", data={**form, "number": number, "contact": contact})


async def test_a_link_leads_to_a_clean_address_with_the_goods_masked(
    browser: Client, shop: Shopkeeper, sold: str
) -> None:
    page = await browser.get(await link_to(shop, sold))
    assert (page.status_code, page.url.path) == (200, "/o")
    assert sold in page.text and KEY not in page.text
    assert page.headers["x-robots-tag"].startswith("noindex")


async def test_looking_changes_nothing_however_often_a_scanner_does_it(
    browser: Client, shop: Shopkeeper, sold: str
) -> None:
    link, before = await link_to(shop, sold), await shop.order(sold)
    for method in ("GET", "HEAD", "GET"):
        await browser.request(method, link)
    assert await shop.order(sold) == before and await shop.rows(Reveal) == []


async def test_the_button_shows_the_goods_and_writes_it_down(browser: Client, shop: Shopkeeper, sold: str) -> None:
    page = await browser.get(await link_to(shop, sold))
    shown = await browser.post("/o/reveal", data=csrf_of(page))
    await shop.settled()
    assert KEY in shown.text
    assert [row.by for row in await shop.rows(Reveal)] == ["buyer"]
    assert (await shop.order(sold)).revealed_at is not None


async def test_a_form_without_its_token_shows_nothing(browser: Client, shop: Shopkeeper, sold: str) -> None:
    await browser.get(await link_to(shop, sold))
    refused = await browser.post("/o/reveal", data={"_csrf_token": "0.0"})
    assert refused.status_code == 403 and KEY not in refused.text
    assert await shop.rows(Reveal) == []


async def test_a_form_sent_from_another_site_shows_nothing(browser: Client, shop: Shopkeeper, sold: str) -> None:
    page = await browser.get(await link_to(shop, sold))
    foreign = {"sec-fetch-site": "cross-site"}
    assert (await browser.post("/o/reveal", data=csrf_of(page), headers=foreign)).status_code == 403
    foreign = {"origin": "https://evil.example"}
    assert (await browser.post("/o/reveal", data=csrf_of(page), headers=foreign)).status_code == 403


@pytest.mark.parametrize("values", [{"status": "refunded"}, {"held": 1}, {"status": "cancelled"}])
async def test_goods_of_an_order_that_was_stopped_stay_hidden(
    browser: Client, shop: Shopkeeper, sold: str, values: dict[str, Any]
) -> None:
    page = await browser.get(await link_to(shop, sold))
    await change(shop, **values)
    shown = await browser.post("/o/reveal", data=csrf_of(page))
    assert shown.status_code == 409 and KEY not in shown.text


async def test_after_ten_views_a_day_the_goods_rest(browser: Client, shop: Shopkeeper, sold: str) -> None:
    form = csrf_of(await browser.get(await link_to(shop, sold)))
    seen = [(await browser.post("/o/reveal", data=form)).status_code for _ in range(11)]
    assert seen == [200] * 10 + [429]


async def test_raising_the_generation_revokes_links_and_cookies(browser: Client, shop: Shopkeeper, sold: str) -> None:
    link = await link_to(shop, sold)
    await browser.get(link)
    await change(shop, link_gen=1)
    assert sold not in (await browser.get("/o")).text
    assert (await browser.get(link)).status_code == 404


async def test_an_altered_link_is_a_friendly_404_in_the_readers_language(browser: Client) -> None:
    page = await browser.get("/o/ord_1.0.AAAA", headers={"accept-language": "en-GB,en"})
    assert page.status_code == 404 and "not valid any more" in page.text


@pytest.mark.parametrize("contact", ["a@example.com", " A@Example.COM", "+8613800000000", "138 0000 0000"])
async def test_number_and_contact_find_the_order(browser: Client, sold: str, contact: str) -> None:
    page = await look_up(browser, sold, contact)
    assert (page.status_code, page.url.path) == (200, "/o") and sold in page.text


async def test_a_wrong_contact_and_an_unknown_number_read_the_same(browser: Client, sold: str) -> None:
    wrong, unknown = [await look_up(browser, number, "b@example.com") for number in (sold, "N-9")]
    assert wrong.status_code == unknown.status_code == 422
    alike = unknown.text.replace("N-9", sold)
    assert strip_tokens(alike) == strip_tokens(wrong.text)


async def test_after_five_wrong_tries_even_the_right_pair_waits_but_the_link_works(
    browser: Client, shop: Shopkeeper, sold: str
) -> None:
    for _ in range(5):
        await look_up(browser, sold, "b@example.com")
    assert (await look_up(browser, sold, "a@example.com")).status_code == 429
    assert (await browser.get(await link_to(shop, sold))).status_code == 200


async def test_the_last_message_is_sent_again_at_most_three_times_an_hour(
    browser: Client, shop: Shopkeeper, sold: str
) -> None:
    form = csrf_of(await browser.get(await link_to(shop, sold)))
    seen = []
    for _ in range(4):
        seen.append((await browser.post("/o/resend", data=form)).status_code)
        await shop.settled()
    assert seen == [200, 200, 200, 429]
    assert len([row for row in await shop.messages(audience="buyer") if row.resend_of]) == 3


async def test_the_guests_inbox_lists_this_order_only(browser: Client, shop: Shopkeeper, sold: str) -> None:
    await shop.says("order.created", "N-2")
    await shop.settled()
    assert (await browser.get("/o/inbox.json")).json() == {"messages": [], "unread": 0}
    await browser.get(await link_to(shop, sold))
    box = (await browser.get("/o/inbox.json")).json()
    order = await shop.order(sold)
    assert {each["order_id"] for each in box["messages"]} == {order.id} and box["unread"] == len(box["messages"])


async def test_the_buyers_own_language_is_spoken_unless_they_choose_another(
    browser: Client, shop: Shopkeeper, sold: str
) -> None:
    link = await link_to(shop, sold)
    assert "您的商品已送达" in (await browser.get(link, headers={"accept-language": "en"})).text
    assert "Your goods are here" in (await browser.get("/o", params={"lang": "en"})).text
    assert '<html lang="en">' in (await browser.get("/o")).text


async def test_a_name_with_markup_stays_text(browser: Client, shop: Shopkeeper) -> None:
    line = {"sku": "steam-100", "title": "<img src=x onerror=alert(1)>", "quantity": 1, "price": "9.00"}
    await shop.says("order.created", "N-1", lines=[line])
    await shop.settled()
    page = await browser.get(await link_to(shop, "N-1"))
    assert "<img" not in page.text and "&lt;img" in page.text


async def test_leaving_forgets_the_order_on_this_device(browser: Client, shop: Shopkeeper, sold: str) -> None:
    page = await browser.get(await link_to(shop, sold))
    await browser.post("/o/leave", data=csrf_of(page))
    assert sold not in (await browser.get("/o")).text


@pytest.mark.parametrize(("known", "given", "same"), [
    ("a@b.co", "A@B.CO", True), ("+8613800000000", "13800000000", True), ("13800000000", "+86 138-0000-0000", True),
    ("+8613800000000", "0000", False), ("+8613800000000", "000000000000", False), ("12345678", "345678", False),
    ("a@b.co", "", False), ("QQ12345", "qq12345", True),
])  # fmt: skip
def test_contacts_are_compared_as_people_write_them(known: str, given: str, same: bool) -> None:
    assert finding.is_contact({"contact": known}, given) is same


async def test_an_order_cookie_of_another_order_or_purpose_opens_nothing(shop: Shopkeeper, sold: str) -> None:
    order, now = await shop.order(sold), shop.house.clock.now()
    signer = shop.house.signer
    link = signer.sign("order", order.id, "0")
    found = await shop.house.store.read(lambda tx: finding.order_of_cookie(tx, signer, link, now=now))
    assert found is None
    with pytest.raises(NotFound):
        await shop.house.store.read(lambda tx: finding.order_of_link(tx, signer, link[:-1] + "x"))


def strip_tokens(text: str) -> str:
    """A page without what differs at each drawing."""
    return text.replace(csrf_of_text(text), "")


def csrf_of_text(text: str) -> str:
    """The first token of a page."""
    return text.split('name="_csrf_token" value="')[1].split('"')[0]
