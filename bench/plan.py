"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The sizes of a run; the Celery side gets fewer orders, because it needs longer for each."""

    orders: int = 5_000
    celery_orders: int = 2_000
    rounds: int = 3
    lines: int = 32
    pace_per_s: float = 100
    paced_s: float = 20


QUICK = Plan(orders=1_000, celery_orders=400, rounds=1, paced_s=5)
