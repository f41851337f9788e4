"""Judges what a database kept of what its clients were told.

Run: python -m tests.chaos.checks.kept DATABASE LOG; prints JSON. DATABASE is a SQLite file or a PostgreSQL URL, LOG
what `tests.chaos.shopper` wrote.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.crash.checker import ask

# Card keepings that a half-written decision would leave behind.
_HALVES = (
    "SELECT count(*) FROM card WHERE state = 'sold' AND id NOT IN (SELECT card_id FROM slot WHERE card_id IS NOT NULL)",
    "SELECT count(*) FROM slot WHERE card_id IS NOT NULL AND card_id NOT IN (SELECT id FROM card WHERE state = 'sold')",
    (
        "SELECT count(*) FROM product p WHERE sold <> (SELECT count(*) FROM card c WHERE c.product_id = p.id"
        " AND c.state = 'sold')"
    ),
    "SELECT count(*) FROM line WHERE order_id NOT IN (SELECT id FROM orders)",
    "SELECT count(*) FROM slot WHERE order_id NOT IN (SELECT id FROM orders)",
    "SELECT count(*) FROM (SELECT card_id FROM slot WHERE card_id IS NOT NULL GROUP BY card_id HAVING count(*) > 1) t",
)


def judge(database: str, log: Path) -> dict[str, Any]:
    """What was promised and is not there, and what is there only in part."""
    answers = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    told = {id_ for each in answers if each["status"] == 202 for id_ in each["ids"]}
    kept = {row[0] for row in ask(database, "SELECT natural_id FROM event")}
    cut = [each["ids"][0] for each in answers if 0 < len(kept.intersection(each["ids"])) < len(each["ids"])]
    lite = not database.startswith("postgresql")
    return {
        "acked": len(told),
        "kept": len(kept),
        "lost": sorted(told - kept)[:5],
        "lost_count": len(told - kept),
        "half_requests": len(set(cut)),
        "half_rows": sum(ask(database, query)[0][0] for query in _HALVES),
        "integrity": ask(database, "PRAGMA integrity_check")[0][0] if lite else "ok",
        "statuses": Counter(str(each["status"]) for each in answers),
        "bare_503": sum(each["status"] == 503 and not each.get("retry_after") for each in answers),
        "no_202_after_s": _gaps(answers),
        "attempts": dict(ask(database, "SELECT outcome, count(*) FROM attempt GROUP BY 1")),
    }


def _gaps(answers: list[dict[str, Any]]) -> float:
    """The longest time without any acknowledgement while the client went on asking."""
    times = sorted(each["at"] + each["ms"] / 1000 for each in answers if each["status"] == 202)
    return round(max((b - a for a, b in pairwise(times)), default=0.0), 2)


if __name__ == "__main__":
    print(json.dumps(judge(sys.argv[1], Path(sys.argv[2]))))
