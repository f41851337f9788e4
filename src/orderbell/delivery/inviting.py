"""Sending an invitation by the shop's own mail account, at once: whoever invites sees whether it went."""

from __future__ import annotations

import asyncio

from orderbell.base.ids import new_id
from orderbell.channels.base import Address, Letter, SendFailed
from orderbell.delivery.book import ShopBook
from orderbell.delivery.live import LiveChannels

# Somebody sits before the page and waits for it.
WAIT_S = 15.0


async def send(book: ShopBook, channels: LiveChannels, letter: Letter, to: str) -> str:
    """How it went: `sent`, `failed`, or `no_account` when the shop has no mail account."""
    accounts = book.accounts.get("email", ())
    if not accounts:
        return "no_account"
    try:
        sending = channels.get(accounts[0]).send(letter, Address(value=to), new_id("message"))
        await asyncio.wait_for(sending, WAIT_S)
    except (SendFailed, TimeoutError):
        return "failed"
    return "sent"
