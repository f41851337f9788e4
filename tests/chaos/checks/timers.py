"""Judges timers by their rows: none early, how late, and what became of the orders they were for.

Run: python -m tests.chaos.checks.timers DATABASE [FROM TO]; prints JSON, moments in seconds. What was due between
FROM and TO, while the process was away, is held against the other bound.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.crash.checker import ask

# A timer's own moment is its lease's end once it rang; the order remembers when it was to expire.
_RUNG = "SELECT t.fired_at, o.expires_at FROM timer t JOIN orders o ON o.id = t.subject_id WHERE t.fired_at IS NOT NULL"
_BOTH = (
    "SELECT count(*) FROM orders WHERE status = 'expired'"
    " AND id IN (SELECT order_id FROM slot)"
)  # fmt: skip
_NEITHER = (
    "SELECT count(*) FROM orders WHERE status = 'pending' AND id IN (SELECT subject_id FROM timer WHERE state = 2)"
)
_SWALLOWED = (
    "SELECT count(*) FROM event e JOIN orders o ON o.id = e.order_id WHERE e.type = 'order.paid' AND e.state = 2"
    " AND o.status NOT IN ('delivered', 'completed', 'refunded') AND o.owed = 0"
    " AND o.id NOT IN (SELECT subject_id FROM task WHERE kind = 'late_payment' AND subject_id IS NOT NULL)"
)
_SPILT = (
    "SELECT count(*) FROM card c JOIN orders o ON o.id = c.reserved_for"
    " WHERE c.state = 'reserved' AND o.status <> 'pending'"
)
_TOLD_BOTH = (
    "SELECT count(*) FROM orders WHERE status = 'delivered'"
    " AND id IN (SELECT order_id FROM event WHERE type = 'order.expired')"
)


def judge(database: str, start: float = 0, end: float = 0) -> dict[str, Any]:
    """The figures a drill puts together into its verdicts."""
    rung = [(fired / 1e6, due / 1e6) for fired, due in ask(database, _RUNG)]
    lateness = sorted(fired - due for fired, due in rung if not start < due < end)
    waited = [fired - end for fired, due in rung if start < due < end]
    return {
        "rung": len(rung),
        "early": sum(fired < due for fired, due in rung),
        "late_p99_s": round(lateness[int(len(lateness) * 0.99)], 3) if lateness else 0,
        "late_over_stop_s": round(max(waited, default=0), 3),
        "waiting": _count(database, "SELECT count(*) FROM timer WHERE state < 2"),
        "held": _count(database, "SELECT count(*) FROM timer WHERE state = 4"),
        "both": _count(database, _BOTH),
        "neither": _count(database, _NEITHER),
        "expired_then_paid": _count(database, _TOLD_BOTH),
        "swallowed": _count(database, _SWALLOWED),
        "cards_not_returned": _count(database, _SPILT),
        "statuses": dict(ask(database, "SELECT status, count(*) FROM orders GROUP BY status")),
        "cards": dict(ask(database, "SELECT state, count(*) FROM card GROUP BY state")),
        "product": list(ask(database, "SELECT free, sold FROM product ORDER BY id LIMIT 1")[0]),
        "open_events": _count(database, "SELECT count(*) FROM event WHERE state <> 2"),
        "tasks": dict(ask(database, "SELECT kind, count(*) FROM task WHERE closed_at IS NULL GROUP BY kind")),
    }


def _count(database: str, query: str) -> int:
    return int(ask(database, query)[0][0])


if __name__ == "__main__":
    print(json.dumps(judge(sys.argv[1], *map(float, sys.argv[2:]))))
