"""Named points at which a test may kill the process; in a normal run they cost one comparison.

ORDERBELL_CRASH_AT=`name:n` kills this process with SIGKILL at the n-th pass of that point.
"""

from __future__ import annotations

import os
import signal

NAMES = (
    "ingest.before_insert",
    "ingest.after_insert",
    "ingest.after_commit",
    "decide.after_claim",
    "decide.before_flush",
    "decide.after_flush",
    "decide.after_commit",
    "cards.after_allocate",
    "cards.import_chunk",
    "send.after_claim",
    "send.before_provider",
    "send.sent_unrecorded",
    "send.before_record",
    "send.after_record",
    "timer.before_fire",
    "timer.after_fire",
    "sql.before_commit",
    "sql.after_commit",
)
_wanted, _, _nth = os.environ.get("ORDERBELL_CRASH_AT", "").partition(":")
_left = {_wanted: int(_nth or 1)}


def crashpoint(name: str) -> None:
    """Die here if the test said so."""
    if name != _wanted:
        return
    _left[name] -= 1
    if _left[name] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
