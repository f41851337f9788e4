"""Processes of ours: started, looked at through /proc, and stopped by their id."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Broken(RuntimeError):
    """A process or a count is not as it must be; the figures would be worth nothing."""


def environment(**more: str) -> dict[str, str]:
    """The environment of every process here: none of the caller's ORDERBELL_ settings, and bytecode is kept."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORDERBELL_")}
    # Without its bytecode every start compiles some thousand files anew; no installed program runs like that.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    path = [str(ROOT), str(ROOT / "src"), kept.get("PYTHONPATH", "")]
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, path)), "PYTHONUNBUFFERED": "1"} | more


@dataclass(frozen=True)
class Running:
    """A process we started, and its log."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    def check(self) -> None:
        """Raises Broken when it has ended."""
        if self.popen.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise Broken(f"process {self.pid} ended with {self.popen.returncode}: {tail}")

    def cpu_s(self) -> float:
        """Processor seconds of the process, its threads and its children, also those that have ended."""
        return cpu_s(self.pid)

    def memory_mb(self, name: str = "VmRSS") -> float:
        """Resident memory now (VmRSS) or at its highest (VmHWM)."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


@dataclass(frozen=True)
class Thread:
    """What one thread has used: processor seconds, and the bytes it read and wrote by system calls on files."""

    cpu_s: float
    read_bytes: int
    written_bytes: int


def cpu_s(pid: int) -> float:
    """Processor seconds of a process, of its living children and of those that have ended and were waited for."""
    living = sum(_cpu_s(Path(f"/proc/{child}"), 2) for child in _children(pid))
    return _cpu_s(Path(f"/proc/{pid}"), 4) + living


def threads(pid: int) -> dict[int, Thread]:
    """The living threads of a process."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            io = dict(line.split(": ") for line in (task / "io").read_text().splitlines())
            found[int(task.name)] = Thread(_cpu_s(task, 2), int(io["rchar"]), int(io["wchar"]))
    return found


def _cpu_s(where: Path, most: int) -> float:
    try:
        # The name in brackets may hold spaces; utime and stime are the 12th and 13th fields behind it, those of
        # children that have ended the two after them.
        fields = (where / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11 : 11 + most])) * TICK_S


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


@contextmanager
def running(command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A process for as long as the block lasts; then SIGTERM, and SIGKILL when 20 s did not help."""
    with log.open("wb") as out:
        popen = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env or environment(), cwd=ROOT
        )
    try:
        yield Running(popen, log)
    finally:
        children = _children(popen.pid)
        popen.terminate()
        try:
            popen.wait(20)
        except subprocess.TimeoutExpired:
            for pid in (popen.pid, *children):
                _kill(pid)
            popen.wait(5)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def python(module: str, *words: str) -> list[str]:
    """The command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *words]


def first_json(process: Running, within_s: float = 30) -> dict[str, Any]:
    """The first line of JSON the process prints."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        for line in process.log.read_text(errors="replace").splitlines(keepends=True):
            if line.startswith("{") and line.endswith("}\n"):
                return dict(json.loads(line))
        process.check()
        select.select([], [], [], 0.01)
    raise Broken(f"process {process.pid} said nothing within {within_s:.0f} s")


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
