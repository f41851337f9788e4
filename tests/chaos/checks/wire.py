"""Judges what reached the providers over a bad wire: everything, repeats only where nobody could know, how soon.

Run: python -m tests.chaos.checks.wire DATABASE LEDGER [FROM TO]; prints JSON. The webhooks' times between FROM and TO
(seconds since 1970, while the other provider was away) are told apart from the rest.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.crash.checker import ask

_SPANS = (
    "SELECT m.sent_at - e.received_at, e.received_at FROM message m JOIN event e ON e.id = m.event_id"
    " WHERE m.channel = 'webhook' AND m.sent_at IS NOT NULL AND e.type = 'order.paid'"
)
# Tries after which nobody can know whether the mail arrived.
_OPEN = "SELECT message_id, count(*) FROM attempt WHERE outcome NOT IN ('taken', 'sent') GROUP BY 1"


def judge(database: str, ledger: Path, start: float = 0, end: float = 0) -> dict[str, Any]:
    """Mails missing, mails repeated without a doubt to excuse it, and the other provider's times."""
    lines = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    arrived = Counter(line["id"].strip("<>").split("@")[0] for line in lines if line["kind"] == "mail")
    wanted = {
        row[0] for row in ask(database, "SELECT id FROM message WHERE channel = 'email' AND status <> 'suppressed'")
    }
    doubts = dict(ask(database, _OPEN))
    spans = [(took / 1000, heard / 1e6) for took, heard in ask(database, _SPANS)]
    return {
        "mails": len(wanted),
        "lost": len(wanted - set(arrived)),
        "repeated": sum(n - 1 for n in arrived.values() if n > 1),
        "repeated_without_doubt": sum(n - 1 > doubts.get(id_, 0) for id_, n in arrived.items()),
        "waiting": ask(database, "SELECT count(*) FROM message WHERE state < 2")[0][0],
        "stuck": ask(database, "SELECT count(*) FROM message WHERE state = 3")[0][0],
        "outcomes": dict(ask(database, "SELECT outcome, count(*) FROM attempt GROUP BY 1")),
        "others_p99_ms": _p99([took for took, heard in spans if not start < heard < end]),
        "others_p99_ms_meanwhile": _p99([took for took, heard in spans if start < heard < end]),
    }


def _p99(times: list[float]) -> float:
    return round(sorted(times)[int(len(times) * 0.99)], 1) if times else 0.0


if __name__ == "__main__":
    print(json.dumps(judge(sys.argv[1], Path(sys.argv[2]), *map(float, sys.argv[3:]))))
