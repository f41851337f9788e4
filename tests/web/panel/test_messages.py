"""The message log: found, filtered, explained, shown as it was, sent again."""

from __future__ import annotations

from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends

from orderbell.store.schema import Message

HTMX = {"hx-request": "true"}


async def mail_of(shop: Shopkeeper) -> str:
    rows = await shop.messages(channel="email", event_type="order.delivered")
    return str(rows[0].id)


async def test_the_log_shows_what_was_sent_with_masked_addresses(panel: Client, sold: str) -> None:
    page = await panel.get("/panel/messages")
    assert sold in page.text and "a***@example.com" in page.text
    assert "a@example.com" not in page.text


async def test_filters_leave_only_what_fits(panel: Client, sold: str) -> None:
    assert sold in (await panel.get("/panel/messages", params={"channel": "email", "q": "N-"})).text
    assert "Nothing fits" in (await panel.get("/panel/messages", params={"status": "failed"})).text


async def test_a_search_takes_percent_signs_as_they_are(panel: Client, sold: str) -> None:
    assert "Nothing fits" in (await panel.get("/panel/messages", params={"q": "%"})).text


async def test_htmx_gets_the_results_alone_and_a_clean_address(panel: Client, sold: str) -> None:
    part = await panel.get("/panel/messages?q=N-1&status=&channel=", headers={**HTMX, "hx-target": "results"})
    assert "<html" not in part.text and 'id="results"' in part.text
    assert part.headers["hx-push-url"] == "/panel/messages?q=N-1"


async def test_a_page_ends_where_the_next_begins(panel: Client, shop: Shopkeeper, sold: str) -> None:
    rows = await shop.messages()
    page = await panel.get("/panel/messages", params={"before": rows[1].id})
    assert f'href="/panel/messages/{rows[0].id}"' in page.text
    assert f'href="/panel/messages/{rows[1].id}"' not in page.text


async def test_the_drawer_tells_the_whole_way_of_a_message(panel: Client, shop: Shopkeeper, sold: str) -> None:
    path = f"/panel/messages/{await mail_of(shop)}"
    part = await panel.get(path, headers={**HTMX, "hx-target": "drawer"})
    assert "<html" not in part.text
    for step in ("Goods delivered", "A rule matched", "Put into words", "Kept in the sandbox mailbox"):
        assert step in part.text


async def test_the_mail_is_shown_in_a_frame_that_can_do_nothing(panel: Client, shop: Shopkeeper, sold: str) -> None:
    message = f"/panel/messages/{await mail_of(shop)}"
    assert 'sandbox=""' in (await panel.get(message)).text
    mail = await panel.get(f"{message}/mail")
    assert mail.headers["content-security-policy"].startswith("default-src 'none';")
    assert sold in mail.text and "/o/" not in mail.text


async def test_another_shops_message_is_not_there(panel: Client, shop: Shopkeeper, sold: str) -> None:
    other = await Shopkeeper.open(shop.house)
    await other.stock("OTHER-KEY")
    await other.says("order.paid", "N-2")
    await other.settled()
    assert (await panel.get(f"/panel/messages/{await mail_of(other)}")).status_code == 404
    assert "N-2" not in (await panel.get("/panel/messages")).text


async def test_sending_again_makes_a_fresh_message(panel: Client, shop: Shopkeeper, sold: str, send: Sends) -> None:
    path = f"/panel/messages/{await mail_of(shop)}"
    page = await send(path, f"{path}/resend")
    assert page.status_code == 200 and "A fresh copy is on its way." in page.text
    copies = [row for row in await shop.rows(Message) if row.resend_of]
    assert len(copies) == 1 and copies[0].id in page.url.path


async def test_who_may_only_look_cannot_send_again(onlooker: Client, shop: Shopkeeper, sold: str, send: Sends) -> None:
    path = f"/panel/messages/{await mail_of(shop)}"
    assert (await send(path, f"{path}/resend")).status_code == 403
