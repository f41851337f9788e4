"""When to try again: a schedule per lane and one for webhooks, with jitter, bent by what the provider asks."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

MINUTE, HOUR = 60, 3600
# Lane 0 carries goods and warnings: quick, then a person must know. Lane 1 may take a day, lane 2 four hours.
BY_LANE: dict[int, tuple[int, ...]] = {
    0: (5, 15, 60, 5 * MINUTE, 10 * MINUTE, 13 * MINUTE),
    1: (10, 60, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 16 * HOUR),
    2: (60, 10 * MINUTE, HOUR, 3 * HOUR),
}
# Standard Webhooks 1.0.0, "deliverability and reliability" (read 2026-11-22).
WEBHOOK = (5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
LONGEST_WISH_S = 24 * HOUR
JITTER = 0.15
CRASHES_MOST = 5


def next_try(
    *, lane: int, channel: str, tries: int, now: datetime, wish_s: float | None, dice: random.Random
) -> datetime | None:
    """When to try again after `tries` failed tries; None when it is time to stop.

    `wish_s` is the provider's own Retry-After; it can only lengthen the wait, up to a day.
    """
    schedule = WEBHOOK if channel == "webhook" else BY_LANE[lane]
    if tries > len(schedule):
        return None
    wait_s = schedule[tries - 1] * dice.uniform(1 - JITTER, 1 + JITTER)
    if wish_s is not None:
        wait_s = max(wait_s, min(wish_s, LONGEST_WISH_S))
    return now + timedelta(seconds=wait_s)
