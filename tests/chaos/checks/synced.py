"""Judges from a trace whether the disk had each event before its sender heard 202.

Run: python -m tests.chaos.checks.synced TRACE NAME [TRACE_OF_DATABASE]; prints JSON. NAME is part of the log file's
path: between the read of the request and the write of its 202, that file is written, and then synced. With a second
trace (PostgreSQL's processes) the file is looked for there, by time instead of by line.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.chaos.trace import Answer, Call, Files, Requests, calls

_WRITES = ("write", "pwrite64", "writev")
_SYNCS = ("fsync", "fdatasync")


def judge(trace: Path, name: str, database: Path | None) -> dict[str, Any]:
    """How many requests were answered, and how many of them before their sync."""
    requests, files = Requests(), Files()
    writes: list[Call] = []
    syncs: list[Call] = []
    for source in [trace] if database is None else [trace, database]:
        keep = (writes, syncs) if source == (database or trace) else ([], [])
        for call in calls(source):
            path = files.see(call)
            if source == trace:
                requests.see(call)
            # A worker process of the database has files open that were opened before we looked on.
            if (path is not None and name in path) or (database is not None and call.name in _SYNCS):
                _sort(call, *keep)
    by_time = database is not None
    bare = [answer.ids[0] for answer in requests.answered if not _is_synced(answer, writes, syncs, by_time=by_time)]
    return {"requests": len(requests.answered), "syncs": len(syncs), "unsynced": len(bare), "first": bare[:5]}


def _sort(call: Call, writes: list[Call], syncs: list[Call]) -> None:
    if call.name in _WRITES and call.result > 0:
        writes.append(call)
    elif call.name in _SYNCS and call.result == 0:
        syncs.append(call)


def _is_synced(answer: Answer, writes: list[Call], syncs: list[Call], *, by_time: bool) -> bool:
    """Whether a write and after it a sync lie between the request and its answer."""
    if by_time:
        return any(answer.read.ended_at <= each.began_at and each.ended_at <= answer.said.began_at for each in syncs)
    between = [each for each in writes if answer.read.ended < each.began and each.ended < answer.said.began]
    if not between:
        return False
    first = between[0].ended
    return any(first < each.began and each.ended < answer.said.began for each in syncs)


if __name__ == "__main__":
    second = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    print(json.dumps(judge(Path(sys.argv[1]), sys.argv[2], second)))
