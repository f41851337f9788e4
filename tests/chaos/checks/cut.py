"""Judges disks after a power cut: is the file whole, is every acknowledged event there, and nothing in part.

Run: python -m tests.chaos.checks.cut FOLDER; each folder below it holds one disk and its client's log. Prints JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2

from tests.chaos.checks import kept


def judge(folder: Path) -> dict[str, Any]:
    """How many disks were looked at, and how many of them break which promise."""
    found = {"cuts": 0, "unreadable": 0, "not_whole": 0, "lost": 0, "cuts_with_loss": 0, "half": 0}
    for disk in sorted(folder.iterdir()):
        found["cuts"] += 1
        try:
            seen = kept.judge(str(disk / "orderbell.db"), disk / "log")
        except dbapi2.DatabaseError:
            found["unreadable"] += 1
            continue
        found["not_whole"] += seen["integrity"] != "ok"
        found["lost"] += seen["lost_count"]
        found["cuts_with_loss"] += seen["lost_count"] > 0
        found["half"] += seen["half_requests"] + seen["half_rows"]
    return found


if __name__ == "__main__":
    print(json.dumps(judge(Path(sys.argv[1]))))
