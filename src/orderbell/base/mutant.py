"""Guards that a test may take out, to see that its promise breaks without them. Never set in a shop.

ORDERBELL_MUTANT=`name` runs this process without that one guard; the names are those of promises.md's mutants.
"""

from __future__ import annotations

import os

NAMES = (
    "sync_normal",
    "ack_before_commit",
)
_chosen = os.environ.get("ORDERBELL_MUTANT", "")


def without(name: str) -> bool:
    """Whether this process runs without the guard of that name; False in every real one."""
    return name == _chosen
