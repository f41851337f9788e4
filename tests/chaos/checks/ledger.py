"""Judges the providers' ledger: how much arrived, and how much of it twice.

Run: python -m tests.chaos.checks.ledger LEDGER; prints JSON.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any


def judge(ledger: Path) -> dict[str, Any]:
    """Arrivals and repeats by kind."""
    lines = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()] if ledger.exists() else []
    seen = Counter((line["kind"], line["id"]) for line in lines)
    return {
        "arrived": dict(Counter(kind for kind, _ in seen)),
        "twice": dict(Counter(kind for (kind, _), times in seen.items() if times > 1)),
    }


if __name__ == "__main__":
    print(json.dumps(judge(Path(sys.argv[1]))))
