"""Tells how long messages took from the event to the provider's yes, by shop.

Run: python -m tests.chaos.checks.latency DATABASE LANE FROM TO; prints JSON: for each shop's id how many messages of
that lane belong to events heard between FROM and TO (seconds since 1970), how many wait, and their p50 and p99 in ms.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.crash.checker import ask

_SPANS = (
    "SELECT m.shop_id, m.sent_at - e.received_at FROM message m JOIN event e ON e.id = m.event_id"
    " WHERE m.channel = 'webhook' AND m.lane = {lane} AND e.received_at BETWEEN {start} AND {end}"
)


def judge(database: str, lane: int, start: float, end: float) -> dict[str, Any]:
    """The figures of each shop."""
    spans: dict[str, list[float]] = {}
    waiting: dict[str, int] = {}
    for shop, took in ask(database, _SPANS.format(lane=lane, start=int(start * 1e6), end=int(end * 1e6))):
        if took is None:
            waiting[shop] = waiting.get(shop, 0) + 1
        else:
            spans.setdefault(shop, []).append(took / 1000)
    return {shop: _figures(sorted(times), waiting.get(shop, 0)) for shop, times in spans.items()}


def _figures(times: list[float], waiting: int) -> dict[str, float]:
    return {
        "messages": len(times),
        "waiting": waiting,
        "p50_ms": round(times[len(times) // 2], 1),
        "p99_ms": round(times[int(len(times) * 0.99)], 1),
    }


if __name__ == "__main__":
    print(json.dumps(judge(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))))
