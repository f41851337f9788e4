"""Servers without the wait: a process that has imported the house forks one `orderbell up` after another.

Loading the code takes four fifths of a start; a drill of a thousand kills cannot pay for it each time. A child is
a process of its own in every other way: own settings, own crash point, own log, killed like any other.
Run: python -m tests.chaos.nursery, then JSON lines in, JSON lines out.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orderbell.base import crash
from orderbell.base.settings import read
from orderbell.cli.up import serve


def bear(environ: Mapping[str, str], log: str) -> int:
    """Fork a server with that environment on top of ours; its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.close(0)
        os.environ.update(environ)
        crash.arm(environ.get("ORDERBELL_CRASH_AT", ""))
        asyncio.run(serve(read()))
        code = 0
    finally:
        # Never back into the nursery's own loop, whatever happened.
        sys.stderr.flush()
        os._exit(code)


def look(pid: int, within_s: float) -> int | None:
    """How a child ended (a signal is negative), None while it lives."""
    end = time.monotonic() + within_s
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end:
            return None
        time.sleep(0.01)


def main() -> None:
    """Answer until standard input closes."""
    for line in sys.stdin:
        asked = json.loads(line)
        answer = bear(asked["environ"], asked["log"]) if "environ" in asked else look(asked["pid"], asked["within_s"])
        print(json.dumps(answer), flush=True)


class Nursery:
    """The nursery as a drill sees it; used by one thread at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **words: Any) -> Any:
        """One line there, one line back."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def start(self, environ: Mapping[str, str], log: str) -> Child:
        """A fresh server."""
        return Child(self, self.ask(environ=dict(environ), log=log))

    def close(self) -> None:
        """No more children."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@dataclass
class Child:
    """A server; enough of `subprocess.Popen` for a stage."""

    nursery: Nursery
    pid: int
    returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended, None while it lives."""
        if self.returncode is None:
            self.returncode = self.nursery.ask(pid=self.pid, within_s=0)
        return self.returncode

    def wait(self, within_s: float = 60) -> int:
        """How it ended.

        Raises:
            TimeoutExpired: it still lives.
        """
        if self.returncode is None:
            self.returncode = self.nursery.ask(pid=self.pid, within_s=within_s)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("orderbell up", within_s)
        return self.returncode

    def kill(self) -> None:
        """SIGKILL."""
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        if self.returncode is None:
            os.kill(self.pid, signal.SIGTERM)


if __name__ == "__main__":
    main()
