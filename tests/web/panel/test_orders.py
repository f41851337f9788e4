"""Orders: found by number or buyer, and a page that answers why."""

from __future__ import annotations

from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends

from orderbell.store.schema import Card


async def test_an_order_is_found_by_the_start_of_its_number_and_by_its_buyer(panel: Client, sold: str) -> None:
    for q in ("N-", "u_88"):
        assert f'href="/panel/orders/{sold}"' in (await panel.get("/panel/orders", params={"q": q})).text
    assert "Nothing fits" in (await panel.get("/panel/orders", params={"q": "X"})).text


async def test_an_order_page_tells_every_event_and_message(panel: Client, sold: str) -> None:
    page = (await panel.get(f"/panel/orders/{sold}")).text
    for told in ("Order paid", "Goods delivered", "Goods handed out: 1", "a***@example.com"):
        assert told in page


async def test_an_order_page_says_why_a_rule_did_not_reach_anybody(panel: Client, sold: str) -> None:
    page = (await panel.get(f"/panel/orders/{sold}")).text
    assert "no endpoint asked for this event" in page


async def test_a_late_event_says_that_the_order_stayed_as_it_was(panel: Client, shop: Shopkeeper, sold: str) -> None:
    await shop.says("order.cancelled", sold)
    await shop.settled()
    assert "The order stayed as it was" in (await panel.get(f"/panel/orders/{sold}")).text


async def test_an_order_page_never_shows_a_key(panel: Client, sold: str) -> None:
    assert "KEY-CANARY-1" not in (await panel.get(f"/panel/orders/{sold}")).text


async def test_owed_orders_can_be_listed_alone(panel: Client, shop: Shopkeeper, sold: str) -> None:
    await shop.says("order.paid", "N-OWED")
    await shop.settled()
    page = (await panel.get("/panel/orders", params={"owed": "1"})).text
    assert "N-OWED" in page and f'href="/panel/orders/{sold}"' not in page


async def test_search_leads_straight_to_an_exact_number(panel: Client, sold: str) -> None:
    assert (await panel.get("/panel/search", params={"q": sold})).url.path == f"/panel/orders/{sold}"


async def test_search_lists_orders_and_messages(panel: Client, sold: str) -> None:
    page = (await panel.get("/panel/search", params={"q": "N"})).text
    assert f'href="/panel/orders/{sold}"' in page and "/panel/messages/msg_" in page


async def test_a_card_that_did_not_work_is_replaced_and_the_buyer_told(
    panel: Client, send: Sends, shop: Shopkeeper, sold: str
) -> None:
    await shop.stock("KEY-FRESH")
    await shop.settled()
    slot = (await shop.slots())[0]
    order = f"/panel/orders/{sold}"
    await send(order, f"{order}/replace", slot=slot.id, reason="already used")
    await shop.settled()
    assert sorted(card.state for card in await shop.rows(Card)) == ["sold", "void"]
    again = [row for row in await shop.messages(event_type="order.delivered") if row.resend_of]
    assert {row.channel for row in again} == {"email", "inbox"}


async def test_without_a_free_card_nothing_is_replaced(panel: Client, send: Sends, shop: Shopkeeper, sold: str) -> None:
    slot = (await shop.slots())[0]
    order = f"/panel/orders/{sold}"
    page = await send(order, f"{order}/replace", slot=slot.id, reason="already used")
    assert page.status_code == 409 and "no free card" in page.text
    assert [card.state for card in await shop.rows(Card)] == ["sold"]
