"""Who listens to which inbox: one look into the database wakes the streams it concerns, however many listen.

A look sees what was born in the last moments, in every shop somebody listens to. What it cannot see (a message of an
older birth that only now came through, a mark made by another process) each stream finds by its own slow look.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from orderbell.base import log
from orderbell.base.errors import OrderBellError
from orderbell.runtime.house import House
from orderbell.store.schema import Message

LOOK_EVERY_S, LOOK_AT_MOST_EVERY_S = 1.0, 0.25
# Ids are born before their rows are committed; a slow commit still falls into the next looks.
LOOKED_BACK = timedelta(seconds=10)
_MOST_NEWS = 1000


class Hub:
    """The listeners of one process; looks only while there are any."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._bells: dict[str, asyncio.Event] = {}
        self._ears: Counter[str] = Counter()
        self._shops: Counter[str] = Counter()
        self._known: dict[str, None] = {}
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def listen(self, shop_id: str, owner: str) -> Iterator[None]:
        """Take part; `owner` is an order's or a customer's id."""
        self._ears[owner] += 1
        self._shops[shop_id] += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on())
        try:
            yield
        finally:
            self._leave(shop_id, owner)

    def _leave(self, shop_id: str, owner: str) -> None:
        self._ears -= Counter({owner: 1})
        self._shops -= Counter({shop_id: 1})
        if owner not in self._ears:
            self._bells.pop(owner, None)
        if not self._ears and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def bell(self, owner: str) -> asyncio.Event:
        """Rings at the next change in that inbox; take it before you look, so that no change falls between."""
        return self._bells.setdefault(owner, asyncio.Event())

    def ring(self, owner: str) -> None:
        """Something changed in that inbox: whoever waits looks for themselves."""
        bell = self._bells.pop(owner, None)
        if bell is not None:
            bell.set()

    async def _look_on(self) -> None:
        while True:
            await self._house.bus.wait(LOOK_EVERY_S)
            try:
                owners = await self._house.store.read(self._news)
            except (OrderBellError, SQLAlchemyError) as error:
                log.get("inbox").warning("the inboxes cannot be looked at now", why=str(error))
                owners = []
            for owner in owners:
                self.ring(owner)
            await asyncio.sleep(LOOK_AT_MOST_EVERY_S)

    def _news(self, tx: Connection) -> list[str]:
        since = int((self._house.clock.now() - LOOKED_BACK).timestamp() * 1000)
        query = (
            select(Message.id, Message.order_id, Message.customer_id)
            .where(
                Message.shop_id.in_(list(self._shops)), Message.channel == "inbox", Message.sent_at.is_not(None),
                Message.id > f"msg_{since:012x}",
            )
            .order_by(Message.id.desc())
            .limit(_MOST_NEWS)
        )  # fmt: skip
        rows = [row for row in tx.execute(query) if row.id not in self._known]
        self._known |= dict.fromkeys(row.id for row in reversed(rows))
        for old in list(self._known)[: -4 * _MOST_NEWS]:
            del self._known[old]
        return list({owner for row in rows for owner in (row.order_id, row.customer_id) if owner in self._ears})
