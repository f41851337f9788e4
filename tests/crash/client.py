"""A shop that posts paid orders and writes down each acknowledgement; what was not acknowledged it posts again.

Run: python -m tests.crash.client URL TOKEN FIRST COUNT ACKS. It ends when all are acknowledged (exit 0) or when
the server has been away for 20 s (exit 3).
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import aiohttp

AWAY_S = 20.0
CONNECTIONS = 8


def order(n: int) -> dict[str, object]:
    """The n-th order; the same n is the same event."""
    line = {"sku": "steam-100", "title": "Steam", "quantity": 1, "price": "99.00"}
    buyer = {"ref": f"u{n}", "email": f"u{n}@example.com", "locale": "en"}
    facts = {"number": f"N{n}", "amount": "99.00", "currency": "CNY", "buyer": buyer, "lines": [line]}
    return {"id": f"paid:N{n}", "type": "order.paid", "order": facts}


async def post_all(url: str, token: str, wanted: list[int], acks: Path) -> int:
    """Post until every order is acknowledged or the server stays away."""
    left = list(reversed(wanted))
    last = time.monotonic()
    away = False

    async def worker(session: aiohttp.ClientSession, log: object) -> None:
        nonlocal last, away
        while left and not away:
            n = left.pop()
            try:
                async with session.post(f"{url}/v1/events", json=order(n)) as answer:
                    if answer.status == 202:
                        print(n, file=log, flush=True)  # type: ignore[call-overload]
                        last = time.monotonic()
                        continue
            except aiohttp.ClientError:
                away = time.monotonic() - last > AWAY_S
            left.append(n)
            await asyncio.sleep(0.05)

    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        with acks.open("a") as log:
            await asyncio.gather(*(worker(session, log) for _ in range(CONNECTIONS)))
    return 3 if left else 0


if __name__ == "__main__":
    url_, token_, first, count, acks_ = sys.argv[1:]
    path = Path(acks_)
    done = {int(line) for line in path.read_text().split()} if path.exists() else set()
    todo = [n for n in range(int(first), int(first) + int(count)) if n not in done]
    sys.exit(asyncio.run(post_all(url_, token_, todo, path)))
