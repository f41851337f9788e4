"""Bulk resends on their pages: what it would mean, how far it is, and how it is stopped."""

from __future__ import annotations

from sqlalchemy import update
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends

from orderbell.store.schema import Message, ResendJob

HOME = "/panel/messages/again"


async def fail(shop: Shopkeeper, *, status: str = "failed") -> int:
    """Let every mail of the shop have failed; how many."""
    change = update(Message).where(Message.shop_id == shop.id, Message.channel == "email")
    values = {"status": status, "reason": "no_more_tries"}
    return await shop.house.store.write(lambda tx: tx.execute(change.values(**values)).rowcount)


async def test_the_preview_counts_what_failed_by_channel_and_reason(panel: Client, shop: Shopkeeper, sold: str) -> None:
    n = await fail(shop)
    page = (await panel.get(HOME, params={"q": "channel:email"})).text
    assert f"{n} messages that failed would be sent again." in page
    assert "All tries are used up." in page


async def test_what_arrived_is_never_part_of_a_bulk_resend(panel: Client, shop: Shopkeeper, sold: str) -> None:
    assert "Nothing to send again" in (await panel.get(HOME, params={"q": "status:delivered"})).text


async def test_what_is_unknown_is_taken_only_when_asked_for(panel: Client, shop: Shopkeeper, sold: str) -> None:
    await fail(shop, status="unknown")
    assert "Nothing to send again" in (await panel.get(HOME)).text
    page = (await panel.get(HOME, params={"q": "status:unknown"})).text
    assert "some readers may get them twice" in page


async def test_a_job_starts_with_what_the_preview_showed(
    panel: Client, shop: Shopkeeper, sold: str, send: Sends
) -> None:
    n = await fail(shop)
    oldest = (await shop.messages(channel="email"))[0].id
    page = await send(f"{HOME}?q=status:failed", HOME, q="status:failed", until=oldest)
    assert "It begins in a moment." in page.text and n > 1
    (job,) = await shop.rows(ResendJob)
    assert (job.total, job.query, job.status) == (1, "status:failed", "running")


async def test_a_job_is_stopped_from_its_page(panel: Client, shop: Shopkeeper, sold: str, send: Sends) -> None:
    await fail(shop)
    page = await send(HOME, HOME, q="")
    stopped = await send(page.url.path, f"{page.url.path}/stop")
    assert "Left unsent" in stopped.text
    assert (await shop.rows(ResendJob))[0].status == "cancelled"


async def test_nothing_that_failed_is_told_in_a_sentence(
    panel: Client, shop: Shopkeeper, sold: str, send: Sends
) -> None:
    assert (await send("/panel/keys", HOME, q="")).status_code == 400


async def test_another_shops_job_is_not_there(panel: Client, shop: Shopkeeper, sold: str, send: Sends) -> None:
    await fail(shop)
    page = await send(HOME, HOME, q="")
    other = await Shopkeeper.open(shop.house)
    await shop.house.store.write(lambda tx: tx.execute(update(ResendJob).values(shop_id=other.id)))
    assert (await panel.get(page.url.path)).status_code == 404
