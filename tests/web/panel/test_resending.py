"""One message sent again: as it went or by another channel, and called off while it waits."""

from __future__ import annotations

from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends

from orderbell.store.schema import Message

DRAWER = {"hx-request": "true", "hx-target": "drawer"}


async def mail_of(shop: Shopkeeper) -> str:
    """The address of the page of a mail that was sent."""
    rows = await shop.messages(channel="email", event_type="order.delivered")
    return f"/panel/messages/{rows[0].id}"


async def copy_of(shop: Shopkeeper) -> Message:
    """The message that repeats another."""
    (row,) = [row for row in await shop.rows(Message) if row.resend_of]
    return row  # type: ignore[no-any-return]


async def test_a_copy_waits_a_moment_and_can_be_called_off(
    panel: Client, shop: Shopkeeper, sold: str, send: Sends
) -> None:
    path = await mail_of(shop)
    page = await send(path, f"{path}/resend")
    assert "A fresh copy leaves at" in page.text
    copy = await copy_of(shop)
    assert copy.status == "queued"
    await send(path, f"/panel/messages/{copy.id}/call-off")
    assert (await copy_of(shop)).status == "cancelled"


async def test_what_has_left_cannot_be_called_off(panel: Client, shop: Shopkeeper, sold: str, send: Sends) -> None:
    path = await mail_of(shop)
    assert (await send(path, f"{path}/call-off")).status_code == 409


async def test_a_message_is_sent_by_another_channel_that_has_an_address(
    panel: Client, shop: Shopkeeper, sold: str, send: Sends
) -> None:
    path = await mail_of(shop)
    assert "Send by another channel" in (await panel.get(path)).text
    await send(path, f"{path}/resend", way="sms:")
    copy = await copy_of(shop)
    assert (copy.channel, copy.address) == ("sms", "+8613800000000")


async def test_a_way_nobody_offered_is_refused(panel: Client, shop: Shopkeeper, sold: str, send: Sends) -> None:
    path = await mail_of(shop)
    assert (await send(path, f"{path}/resend", way="email:prv_stranger")).status_code == 400


async def test_the_drawer_answers_with_the_copy_it_made(
    panel: Client, shop: Shopkeeper, sold: str, send: Sends
) -> None:
    path = await mail_of(shop)
    part = await send(path, f"{path}/resend", headers=DRAWER)
    assert "<html" not in part.text and "A fresh copy leaves at" in part.text
    assert (await copy_of(shop)).id in part.text


async def test_who_only_looks_is_offered_nothing_and_sees_no_address(
    onlooker: Client, shop: Shopkeeper, sold: str
) -> None:
    page = (await onlooker.get(await mail_of(shop))).text
    assert "a@example.com" not in page and "/resend" not in page
