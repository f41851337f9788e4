"""The channel objects in use: one per account and form, made once, closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from orderbell.channels import directory
from orderbell.channels.base import Channel
from orderbell.delivery.book import Account


class LiveChannels:
    """Live channels by account; a changed form makes a new one, the old one is closed at the end."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._live: dict[str, tuple[Mapping[str, str], Channel]] = {}
        self._old: list[Channel] = []

    def get(self, account: Account) -> Channel:
        """The live channel of an account."""
        known = self._live.get(account.id)
        if known and known[0] == account.values:
            return known[1]
        if known:
            self._old.append(known[1])
        channel = directory.make(account.kind, account.values, allow_private=self._allow_private)
        self._live[account.id] = (account.values, channel)
        return channel

    async def close(self) -> None:
        """Close them all."""
        everything = [channel for _, channel in self._live.values()] + self._old
        self._live.clear()
        self._old.clear()
        await asyncio.gather(*(channel.close() for channel in everything))
