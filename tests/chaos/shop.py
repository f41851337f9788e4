"""A shop that tells whole lives of orders, notes every acknowledgement, and tells again what was not acknowledged.

An order's number says what becomes of it (`KINDS`), so that the checker needs nothing but numbers.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

CONNECTIONS = 8
EXPIRES_S = 2
KINDS = ("paid",) * 6 + ("reserved", "expired", "cancelled", "refunded")
LIVES = {
    "paid": ("order.paid",),
    "reserved": ("order.created", "order.paid"),
    "expired": ("order.created",),
    "cancelled": ("order.created", "order.cancelled"),
    "refunded": ("order.paid", "refund.requested", "refund.approved", "order.refunded"),
}


def kind_of(number: str) -> str:
    """What becomes of the order of that number."""
    return KINDS[int(number[1:]) % len(KINDS)]


def tell(type_: str, n: int, *, quantity: int = 1, copy: str = "", beside: str = "") -> dict[str, Any]:
    """One event of order N<n> as JSON; `copy` makes another fact of it, `beside` adds a line of that SKU."""
    kind = KINDS[n % len(KINDS)]
    sku = "gift-50" if kind in ("reserved", "expired", "cancelled") else "steam-100"
    line = {"sku": sku, "title": sku, "quantity": quantity, "price": "99.00"}
    lines = [line, {**line, "sku": beside, "quantity": 1}] if beside else [line]
    buyer = {"ref": f"u{n}", "email": f"u{n}@example.com", "locale": "en"}
    order: dict[str, Any] = {
        "number": f"N{n}", "amount": "99.00", "currency": "CNY", "buyer": buyer, "lines": lines,
    }  # fmt: skip
    if kind == "expired":
        order["expires_at"] = (datetime.now(UTC) + timedelta(seconds=EXPIRES_S)).isoformat()
    return {"id": f"{type_}:N{n}{copy}", "type": type_, "order": order}


@dataclass
class Shop:
    """The shop's side of the wire."""

    url: str
    token: str
    acks: Path
    dice: random.Random
    connections: int = CONNECTIONS
    most: int = 12
    """The largest number of events in one request."""
    eager: bool = False
    """Tell the next event of a life at once, before other lives are begun."""
    acked: int = 0
    _waiting: deque[list[dict[str, Any]]] = field(default_factory=deque)
    _away: int = 0

    def plan(self, lives: Sequence[list[dict[str, Any]]]) -> None:
        """Lists of events; each list is told in its order."""
        self._waiting.extend(lives)

    def plan_orders(self, first: int, count: int) -> None:
        """The lives of these orders."""
        self.plan([[tell(type_, n) for type_ in LIVES[KINDS[n % len(KINDS)]]] for n in range(first, first + count)])

    @property
    def left(self) -> int:
        """How many lives are not told to their end."""
        return len(self._waiting) + self._away

    async def talk(self) -> None:
        """Tell everything; cancel it when the server died, what was not acknowledged stays planned."""
        headers = {"Authorization": f"Bearer {self.token}"}
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(self.url, headers=headers, timeout=timeout) as session:
            await asyncio.gather(*(self._connection(session) for _ in range(self.connections)))

    async def _connection(self, session: aiohttp.ClientSession) -> None:
        while self.left:
            if not self._waiting:
                await asyncio.sleep(0.01)
                continue
            size = min(len(self._waiting), self.dice.randint(1, self.most))
            lives = [self._waiting.popleft() for _ in range(size)]
            self._away += len(lives)
            try:
                await self._say(session, lives)
            finally:
                self._away -= len(lives)
                left = [life for life in lives if life]
                self._waiting.extendleft(left) if self.eager else self._waiting.extend(left)

    async def _say(self, session: aiohttp.ClientSession, lives: list[list[dict[str, Any]]]) -> None:
        events = [life[0] for life in lives]
        body = events[0] if len(events) == 1 else {"events": events}
        try:
            async with session.post("/v1/events", json=body) as answer:
                taken = answer.status == 202
                await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            taken = False
        if not taken:
            await asyncio.sleep(0.05)
            return
        with self.acks.open("a") as log:
            log.writelines(f"{event['id']}\n" for event in events)
        self.acked += len(events)
        for life in lives:
            life.pop(0)
