"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The sizes of a run; the rivals' queues get fewer orders, because they need longer for each."""

    orders: int = 5_000
    queue_orders: int = 2_000
    rounds: int = 3
    lines: int = 32
    pace_per_s: float = 100
    paced_s: float = 20
    workers: tuple[int, ...] = (1, 2, 4)
    """How many workers there are behind JetStream, one measurement after the other; rising."""
    stored: tuple[int, ...] = (10_000, 100_000)
    """How many orders lie in the database, one measurement after the other; rising."""
    grown_orders: int = 3_000
    timers: int = 100_000
    timers_s: float = 60
    expiring: int = 1_000
    """How many of the timers belong to unpaid orders; the others find their order paid."""
    waiting: int = 1_000_000
    crowd_per_s: float = 50
    idle_s: float = 5.0


QUICK = Plan(
    orders=1_000, queue_orders=400, rounds=1, paced_s=5, workers=(1, 2), stored=(1_000, 5_000), grown_orders=500,
    timers=5_000, timers_s=5, expiring=100, waiting=20_000, idle_s=2.0,
)  # fmt: skip
GROWN = (10_000, 100_000, 1_000_000)
