"""Judges what became of poison, and of everything that stood beside it.

Run: python -m tests.chaos.checks.poison DATABASE LEDGER; prints JSON. Poison orders' numbers begin with X.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.crash.checker import ask


def judge(database: str, ledger: Path) -> dict[str, Any]:
    """Orders by status, what is stuck, and how many of the good orders were mailed."""
    lines = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    mails = [line for line in lines if line["kind"] == "mail"]
    good = "number LIKE 'N%'"
    return {
        "good": ask(database, f"SELECT count(*) FROM orders WHERE {good}")[0][0],
        "delivered": ask(database, f"SELECT count(*) FROM orders WHERE {good} AND status = 'delivered'")[0][0],
        "mailed": len({line["to"][0] for line in mails if line["to"][0].startswith("uN")}),
        "stuck_events": [row[0] for row in ask(database, "SELECT natural_id FROM event WHERE state = 3")],
        "stuck_messages": dict(ask(database, "SELECT address, reason FROM message WHERE state = 3")),
        "waiting_events": dict(ask(database, "SELECT natural_id, error FROM event WHERE state < 2")),
        "waiting_messages": dict(
            Counter(row[0] for row in ask(database, "SELECT address FROM message WHERE state < 2"))
        ),
    }


if __name__ == "__main__":
    print(json.dumps(judge(sys.argv[1], Path(sys.argv[2]))))
