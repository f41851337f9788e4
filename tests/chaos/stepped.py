"""Migrates databases, each killed before its n-th statement and then migrated again; every try in a process of its own.

Run: python -m tests.chaos.stepped with JSON on standard input: a list of [n, folder, url], where n of 0 kills
nowhere. Prints JSON: for each how the first and the second try ended (a negative number is a signal), and how many
statements the first ran.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from orderbell.base import settings
from orderbell.store.migrate import migrate


class Counter:
    """Counts statements and commits, and ends the process before one of them."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.seen = 0

    def count(self, *_: Any) -> None:
        """Before each statement."""
        self.seen += 1
        if self.seen == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def attempt(last: int, folder: str, url: str) -> tuple[int, int]:
    """Migrate in a child; how it ended, and how many statements it ran."""
    out = Path(folder, "statements")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            counter = Counter(last)
            event.listen(Engine, "before_cursor_execute", counter.count)
            event.listen(Engine, "commit", counter.count)
            migrate(settings.Settings(data_dir=Path(folder), database_url=url))
            out.write_text(str(counter.seen))
            code = 0
        finally:
            # The parent's own ends (open files, the drill's loop) are none of the child's.
            os._exit(code)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return ended, int(out.read_text()) if out.exists() else 0


if __name__ == "__main__":
    results = []
    for n, folder, url in json.load(sys.stdin):
        first, statements = attempt(n, folder, url)
        second = attempt(0, folder, url)[0] if n else first
        results.append([first, second, statements])
    print(json.dumps(results))
