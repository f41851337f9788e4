"""The widget's door: a token opens one inbox for a while, on pages the shop allowed, and a stream misses nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import update
from tests.cast import Shopkeeper
from tests.web.doors import bearer, link_to, new_key, problem

from orderbell.domain import inboxes as domain
from orderbell.store.schema import Order
from orderbell.web import inboxes
from orderbell.web.inboxes import InboxSeat
from orderbell.web.widget import reading, stream

Client = httpx.AsyncClient
SHOP_PAGE = "https://star.example"


async def token_for(shop: Shopkeeper, number: str, scope: str = inboxes.ORDER, lasts_s: int = 600) -> str:
    house, now = shop.house, shop.house.clock.now()
    made = await house.store.read(
        lambda tx: inboxes.for_order(tx, house.signer, shop.id, number, now=now, lasts_s=lasts_s, scope=scope)
    )
    return made.token


async def allow(shop: Shopkeeper, *origins: str) -> None:
    now = shop.house.clock.now()
    await shop.house.store.write(lambda tx: domain.set_origins(tx, shop.id, origins, by="test", now=now))


async def seat_for(shop: Shopkeeper, number: str) -> InboxSeat:
    house, token, now = shop.house, await token_for(shop, number), shop.house.clock.now()
    return await house.store.read(lambda tx: inboxes.find_seat(tx, house.signer, token, now=now))


async def test_a_guest_reads_the_messages_of_one_order_with_the_way_to_it(
    browser: Client, shop: Shopkeeper, sold: str
) -> None:
    await shop.says("order.paid", "N-2")
    await shop.settled()
    pile = (await browser.get("/inbox", headers=bearer(await token_for(shop, sold)))).json()
    assert pile["unread"] == len(pile["items"]) == len(await shop.messages(channel="inbox", order_id=sold_id(pile)))
    assert {each["url"] for each in pile["items"]} == {f"http://shop.test{await link_to(shop, sold)}"}


def sold_id(pile: dict[str, Any]) -> str:
    return str(pile["items"][0]["url"].rsplit("/", 1)[1].split(".")[0])


async def test_a_member_reads_the_messages_of_all_orders(
    program: Client, browser: Client, shop: Shopkeeper, sold: str
) -> None:
    await shop.says("order.created", "N-2")
    await shop.settled()
    made = await program.post("/v1/inbox/tokens", json={"customer": {"ref": "u_88"}})
    pile = (await browser.get("/inbox", headers=bearer(made.json()["token"]))).json()
    assert len({each["url"] for each in pile["items"]}) == 2


async def test_a_member_without_an_order_has_an_empty_inbox(program: Client, browser: Client) -> None:
    made = await program.post("/v1/inbox/tokens", json={"customer": {"email": "new@example.com"}})
    pile = (await browser.get("/inbox", headers=bearer(made.json()["token"]))).json()
    assert (pile["items"], pile["unread"], pile["more"]) == ([], 0, False)


async def test_staff_may_look_without_links_and_without_leaving_a_mark(
    browser: Client, shop: Shopkeeper, sold: str
) -> None:
    header = bearer(await token_for(shop, sold, inboxes.PEEK))
    pile = (await browser.get("/inbox", headers=header)).json()
    marked = await browser.post("/inbox/read", json={"until": pile["items"][0]["id"]}, headers=header)
    assert {each["url"] for each in pile["items"]} == {""} and marked.json()["unread"] == pile["unread"] > 0


async def test_reading_one_and_then_all_counts_down(browser: Client, shop: Shopkeeper, sold: str) -> None:
    header = bearer(await token_for(shop, sold))
    pile = (await browser.get("/inbox", headers=header)).json()
    one = await browser.post("/inbox/read", json={"ids": [pile["items"][-1]["id"]]}, headers=header)
    every = await browser.post("/inbox/read", json={"until": pile["items"][0]["id"]}, headers=header)
    assert [one.json()["unread"], every.json()["unread"]] == [pile["unread"] - 1, 0]


async def test_a_token_marks_nothing_in_another_orders_inbox(browser: Client, shop: Shopkeeper, sold: str) -> None:
    await shop.says_raw(
        {"id": "x", "type": "order.paid", "order": {"number": "X-1", "amount": "1", "currency": "CNY", "lines": []}}
    )
    await shop.settled()
    theirs = (await shop.messages(channel="inbox", order_id=(await shop.order("X-1")).id))[0].id
    await browser.post(
        "/inbox/read", json={"ids": [theirs], "until": theirs}, headers=bearer(await token_for(shop, sold))
    )
    assert (await shop.messages(id=theirs))[0].read_at is None


@pytest.mark.parametrize("header", [{}, bearer("obk_x"), bearer("shp_1.o.ord_1.0.9.AAAA")])
async def test_without_a_token_that_holds_nothing_is_told(browser: Client, header: dict[str, str]) -> None:
    for path in ("/inbox", "/inbox/stream"):
        assert problem(await browser.get(path, headers=header))[0] == 401


async def test_a_token_ends_with_its_time_and_with_the_orders_links(
    browser: Client, shop: Shopkeeper, sold: str
) -> None:
    house, header = shop.house, bearer(await token_for(shop, sold))
    later = house.clock.now() + timedelta(seconds=601)
    token = header["authorization"].split()[1]
    with pytest.raises(Exception, match="has ended"):
        await house.store.read(lambda tx: inboxes.find_seat(tx, house.signer, token, now=later))
    await house.store.write(lambda tx: tx.execute(update(Order).where(Order.shop_id == shop.id).values(link_gen=1)))
    assert problem(await browser.get("/inbox", headers=header)) == (401, "bad_inbox_token")


async def test_only_pages_the_shop_allowed_may_read_the_answer(browser: Client, shop: Shopkeeper, sold: str) -> None:
    await allow(shop, SHOP_PAGE)
    header = bearer(await token_for(shop, sold))
    mine = await browser.get("/inbox", headers={**header, "origin": SHOP_PAGE})
    other = await browser.get("/inbox", headers={**header, "origin": "https://evil.example"})
    assert mine.headers["access-control-allow-origin"] == SHOP_PAGE and mine.status_code == 200
    assert "access-control-allow-origin" not in other.headers and problem(other) == (403, "origin_not_allowed")


async def test_a_page_another_shop_allowed_may_not_show_this_ones(browser: Client, shop: Shopkeeper, sold: str) -> None:
    await allow(await Shopkeeper.open(shop.house), SHOP_PAGE)
    header = bearer(await token_for(shop, sold))
    assert problem(await browser.get("/inbox", headers={**header, "origin": SHOP_PAGE}))[0] == 403


async def test_a_browser_that_asks_first_is_answered(browser: Client, shop: Shopkeeper) -> None:
    await allow(shop, SHOP_PAGE)
    answer = await browser.options("/inbox/stream", headers={"origin": SHOP_PAGE})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == SHOP_PAGE
    assert "last-event-id" in answer.headers["access-control-allow-headers"]


async def test_the_script_may_be_loaded_by_every_page(browser: Client) -> None:
    answer = await browser.get("/static/order-inbox.js", headers={"origin": SHOP_PAGE})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert len(await gzipped(browser, "/static/order-inbox.js")) <= 5 * 1024


async def gzipped(browser: Client, path: str) -> bytes:
    async with browser.stream("GET", path, headers={"accept-encoding": "gzip"}) as answer:
        return b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize(
    "origin", ["star.example", "https://star.example/path", "https://*.example", "ftp://star.example", "https://a b"]
)
async def test_what_is_no_origin_is_refused_with_a_sentence(program: Client, origin: str) -> None:
    answer = await program.put("/v1/inbox/origins", json={"origins": [origin]})
    assert problem(answer) == (400, "bad_origin_address")


async def test_origins_are_kept_as_browsers_send_them(program: Client) -> None:
    given = ["HTTPS://Star.Example:443/", "", "http://localhost:8080", "https://star.example"]
    assert (await program.put("/v1/inbox/origins", json={"origins": given})).status_code == 200
    kept = (await program.get("/v1/inbox/origins")).json()["origins"]
    assert kept == ["https://star.example", "http://localhost:8080"]


@pytest.mark.parametrize("body", [{}, {"order": "N-1", "customer": {"ref": "u_88"}}, {"customer": {}}])
async def test_a_token_is_for_one_order_or_one_customer(program: Client, sold: str, body: dict[str, Any]) -> None:
    assert problem(await program.post("/v1/inbox/tokens", json=body)) == (400, "missing_owner")


async def test_a_token_for_an_order_nobody_has_or_for_a_year_is_refused(program: Client, sold: str) -> None:
    assert problem(await program.post("/v1/inbox/tokens", json={"order": "none"}))[0] == 404
    too_long = await program.post("/v1/inbox/tokens", json={"order": sold, "lasts_s": 10**7})
    assert problem(too_long) == (400, "bad_lifetime")


async def test_another_shops_order_reads_like_a_missing_one(browser: Client, shop: Shopkeeper, sold: str) -> None:
    key = bearer(await new_key(await Shopkeeper.open(shop.house), "inbox:tokens"))
    assert problem(await browser.post("/v1/inbox/tokens", json={"order": sold}, headers=key))[0] == 404


async def test_a_page_that_comes_back_is_told_only_when_something_changed(
    app: Litestar, shop: Shopkeeper, sold: str
) -> None:
    seat = await seat_for(shop, sold)
    first = await next_event(app, shop, seat, "")
    assert (first["event"], len(json.loads(first["data"])["items"]) > 1) == ("all", True)
    await shop.says("refund.requested", sold)
    await shop.settled()
    back = await next_event(app, shop, seat, first["id"])
    assert len(json.loads(back["data"])["items"]) == len(json.loads(first["data"])["items"]) + 1


async def test_a_stream_tells_new_messages_and_marks_without_repeating_the_rest(
    app: Litestar, browser: Client, shop: Shopkeeper, sold: str
) -> None:
    events = stream.follow(shop.house, app.state.inboxes, await seat_for(shop, sold), "")
    first = json.loads((await anext(events))["data"])
    await shop.says("refund.requested", sold)
    news = json.loads((await heard(events))["data"])
    assert [each["kind"] for each in news["items"]] == ["refund.requested"]
    read = {"ids": [first["items"][0]["id"]]}
    await browser.post("/inbox/read", json=read, headers=bearer(await token_for(shop, sold)))
    news = json.loads((await heard(events))["data"])
    assert [(each["id"], each["read"]) for each in news["items"]] == [(read["ids"][0], True)]
    await events.aclose()  # type: ignore[attr-defined]


async def test_the_first_order_of_a_member_reaches_the_open_stream(app: Litestar, shop: Shopkeeper) -> None:
    house, now = shop.house, shop.house.clock.now()
    token = inboxes.for_member(house.signer, shop.id, "ref:u_88", now=now).token
    seat = await house.store.read(lambda tx: inboxes.find_seat(tx, house.signer, token, now=now))
    events = stream.follow(house, app.state.inboxes, seat, "")
    assert json.loads((await anext(events))["data"])["items"] == []
    await shop.says("order.created", "N-9")
    assert len(json.loads((await heard(events))["data"])["items"]) == 1
    await events.aclose()  # type: ignore[attr-defined]


async def test_older_messages_follow_by_page_without_a_hole(browser: Client, shop: Shopkeeper) -> None:
    for n in range(reading.PAGE + 5):
        await shop.says("payment.failed", "N-1", id_=f"failed-{n}")
    await shop.settled()
    header = bearer(await token_for(shop, "N-1"))
    pile = (await browser.get("/inbox", headers=header)).json()
    rest = (await browser.get("/inbox", params={"before": pile["items"][-1]["id"]}, headers=header)).json()
    ids = [each["id"] for each in pile["items"] + rest["items"]]
    assert ids == sorted(ids, reverse=True) and len(set(ids)) == reading.PAGE + 5
    assert (pile["more"], rest["more"]) == (True, False)


async def next_event(app: Litestar, shop: Shopkeeper, seat: InboxSeat, last: str) -> dict[str, Any]:
    events = stream.follow(shop.house, app.state.inboxes, seat, last)
    event = await heard(events)
    await events.aclose()  # type: ignore[attr-defined]
    return event


async def heard(events: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    """The next event that is more than a sign of life."""
    async for event in events:
        if "data" in event:
            return event
    raise AssertionError("the stream ended")
