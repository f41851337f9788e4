"""A shop's till: posts orders at a pace and writes down every answer it gets; what was refused it posts again.

Run: python -m tests.chaos.shopper PLAN, where PLAN is JSON with the fields of `Plan`. Each answer is a JSON line of
the log: the event ids, the status (0: no answer), how long it took and what a refusal said.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to post: `count` requests of `batch` events each, over so many connections."""

    url: str
    token: str
    log: str
    count: int
    first: int = 0
    batch: int = 1
    connections: int = 8
    rate: float = 0.0
    """Requests a second; 0 is as fast as the answers come."""
    until_s: float = 120.0
    """Give up after so long."""
    type: str = "order.paid"
    prefix: str = "N"
    again: bool = True
    """Whether what was refused is posted again."""
    expires: float = 0.0
    """When the first order expires, in seconds since 1970; 0 leaves that to the server."""
    spread_s: float = 0.0
    """How much later the last one does."""


def event(plan: Plan, n: int) -> dict[str, Any]:
    """The n-th event; the same n is the same event."""
    number = f"{plan.prefix}{n}"
    line = {"sku": "steam-100", "title": "Steam", "quantity": 1, "price": "99.00"}
    buyer = {"ref": f"u{number}", "email": f"u{number}@example.com", "locale": "en"}
    facts: dict[str, Any] = {"number": number, "amount": "99.00", "currency": "CNY", "buyer": buyer, "lines": [line]}
    if plan.expires:
        at = plan.expires + plan.spread_s * (n / plan.batch - plan.first) / plan.count
        facts["expires_at"] = datetime.fromtimestamp(at, UTC).isoformat()
    return {"id": f"{plan.type}:{number}", "type": plan.type, "order": facts}


class Till:
    """The posting of one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.left = list(range(plan.first + plan.count - 1, plan.first - 1, -1))
        self.started = time.monotonic()
        self.posted = 0
        self.log = Path(plan.log).open("a", encoding="utf-8")  # noqa: SIM115 (it stays open as long as we post)

    async def run(self) -> int:
        """Post until all is taken or the time is up; how many requests were not taken."""
        timeout = aiohttp.ClientTimeout(total=20)
        connector = aiohttp.TCPConnector(limit=self.plan.connections)
        headers = {"Authorization": f"Bearer {self.plan.token}"}
        async with aiohttp.ClientSession(headers=headers, timeout=timeout, connector=connector) as session:
            await asyncio.gather(*(self._stand(session) for _ in range(self.plan.connections)))
        return len(self.left)

    async def _stand(self, session: aiohttp.ClientSession) -> None:
        while self.left and time.monotonic() - self.started < self.plan.until_s:
            n = self.left.pop()
            await self._pace()
            status = await self._post(session, n)
            if status != 202 and self.plan.again:
                self.left.append(n)
                await asyncio.sleep(0.05)

    async def _pace(self) -> None:
        self.posted += 1
        if self.plan.rate:
            due = self.started + (self.posted - 1) / self.plan.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _post(self, session: aiohttp.ClientSession, n: int) -> int:
        events = [event(self.plan, n * self.plan.batch + k) for k in range(self.plan.batch)]
        body: Any = events[0] if self.plan.batch == 1 else {"events": events}
        line: dict[str, Any] = {"ids": [each["id"] for each in events], "at": time.time(), "status": 0}
        began = time.monotonic()
        try:
            async with session.post(f"{self.plan.url}/v1/events", json=body) as answer:
                text = await answer.text()
                line["status"] = answer.status
                if answer.status != 202:
                    line |= {"retry_after": answer.headers.get("retry-after"), "words": text[:200]}
        except (aiohttp.ClientError, TimeoutError) as error:
            line["words"] = repr(error)[:200]
        line["ms"] = round((time.monotonic() - began) * 1000, 2)
        print(json.dumps(line), file=self.log, flush=True)
        return int(line["status"])


if __name__ == "__main__":
    sys.exit(min(1, asyncio.run(Till(Plan(**json.loads(sys.argv[1]))).run())))
