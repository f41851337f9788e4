"""Guards that a test may take out, to see that its promise breaks without them. Never set in a shop.

ORDERBELL_MUTANT=`name` runs this process without that one guard; the names are those of promises.md's mutants.
"""

from __future__ import annotations

import os

NAMES = (
    "natural_key",
    "lease_gen",
    "card_not_checked",
    "fill_once",
    "stock_counted",
    "owed_task",
    "silent_sweep",
    "still_true",
    "in_order",
    "result_noted",
    "poison_counts",
    "stop_on_io_error",
    "rank_guard",
    "timers_wait",
    "mass_cancel_guard",
    "clock_guard",
    "sync_normal",
    "engine_sync",
    "rate_limit",
    "ack_before_commit",
    "allocation_journal",
    "audit_chain",
    "bound_secrets",
    "sealed",
    "idempotency",
)
_chosen = os.environ.get("ORDERBELL_MUTANT", "")


def without(name: str) -> bool:
    """Whether this process runs without the guard of that name; False in every real one."""
    return name == _chosen
