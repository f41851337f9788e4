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
    "cards.after_slots",
    "cards.after_allocate",
    "cards.after_reserve",
    "cards.after_release",
    "cards.import_chunk",
    "cards.after_import",
    "send.after_claim",
    "send.before_provider",
    "send.sent_unrecorded",
    "send.before_record",
    "send.after_record",
    "timer.before_fire",
    "timer.after_fire",
    "goods.after_reveal",
    "goods.after_reissue",
    "outbox.after_resend",
    "api.after_deed",
    "api.after_note",
    "retention.after_forget",
    "sweep.after_find",
    "sql.before_commit",
    "sql.after_commit",
)
_left: dict[str, int] = {}


def arm(at: str) -> None:
    """Die at `name:n`, the n-th pass of that point (n is 1 when it is not said); empty disarms."""
    name, _, nth = at.partition(":")
    _left.clear()
    if name:
        _left[name] = int(nth or 1)


def crashpoint(name: str) -> None:
    """Die here if the test said so."""
    if name not in _left:
        return
    _left[name] -= 1
    if _left[name] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("ORDERBELL_CRASH_AT", ""))
