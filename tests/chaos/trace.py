"""Reads what strace saw a process do: which request was read when, what was written to which file, what was synced.

The lines are in the order of the kernel's stops: a call that ended on an earlier line was over before a call that
began on a later one was let through.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = "openat,close,read,recvfrom,write,writev,sendto,sendmsg,pwrite64,ftruncate,fsync,fdatasync"
_LINE = re.compile(r"^(\d+) +([\d.]+) (.*)$", re.DOTALL)
_START = re.compile(r"^(\w+)\((.*)$", re.DOTALL)
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$", re.DOTALL)
_RESULT = re.compile(r"^(.*)\) += (-?\d+|\?)[^=]*$", re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ID = re.compile(rb'"id": ?"([a-z.]+:[A-Za-z]+\d+)"')
_UNFINISHED = " <unfinished ...>"


def command(out: Path, *, bytes_most: int, extra: tuple[str, ...] = ()) -> list[str]:
    """The command in front of a server's own that writes its trace to `out`."""
    head = ["strace", "-f", "--seccomp-bpf", "-ttt", "-qq", "-o", str(out), "-s", str(bytes_most)]
    return [*head, "-e", f"trace={CALLS}", *extra]


@dataclass(frozen=True, slots=True)
class Call:
    """One finished call: the lines on which it began and ended, when, and what it said."""

    began: int
    ended: int
    began_at: float
    ended_at: float
    name: str
    words: str
    result: int

    @property
    def fd(self) -> int:
        """Its first argument, where that is a file."""
        head = self.words.partition(",")[0].strip()
        return int(head) if head.lstrip("-").isdigit() else -1

    @property
    def data(self) -> bytes:
        """The bytes of all its strings."""
        return b"".join(codecs.escape_decode(each.encode("latin-1"))[0] for each in _STRING.findall(self.words))  # type: ignore[attr-defined]

    @property
    def offset(self) -> int:
        """Where a pwrite64 put its bytes."""
        return int(self.words.rpartition(",")[2])


def calls(path: Path) -> Iterator[Call]:
    """Every finished call, in the order of their ends."""
    open_: dict[str, tuple[int, float, str, str]] = {}
    with path.open(encoding="latin-1", newline="\n") as lines:
        for n, line in enumerate(lines):
            found = _LINE.match(line.rstrip("\n"))
            if found is None:
                continue
            pid, at, rest = found[1], float(found[2]), found[3]
            started, resumed = _START.match(rest), _RESUMED.match(rest)
            if started and rest.endswith(_UNFINISHED):
                open_[pid] = (n, at, started[1], started[2].removesuffix(_UNFINISHED))
            elif started:
                yield from _finish(n, at, (n, at, started[1], started[2]), "")
            elif resumed and pid in open_:
                yield from _finish(n, at, open_.pop(pid), resumed[2])


def _finish(n: int, at: float, start: tuple[int, float, str, str], tail: str) -> Iterator[Call]:
    began, began_at, name, words = start
    found = _RESULT.match(words + tail)
    if found is not None and found[2] != "?":
        yield Call(began, n, began_at, at, name, found[1], int(found[2]))


@dataclass
class Requests:
    """Follows the sockets: which events were read on which, and on which line they were answered with 202."""

    answered: list[Answer] = field(default_factory=list)
    _heard: dict[int, list[Call]] = field(default_factory=dict)

    def see(self, call: Call) -> None:
        """Take note of a call, if it reads from or writes to a client."""
        if call.name in ("read", "recvfrom") and call.result > 0:
            self._heard.setdefault(call.fd, []).append(call)
        elif call.name == "close":
            self._heard.pop(call.fd, None)
        elif call.name in ("write", "writev", "sendto", "sendmsg") and "HTTP/1.1 202" in call.words:
            heard = self._heard.pop(call.fd, [])
            ids = [each.decode() for each in _ID.findall(b"".join(each.data for each in heard))]
            if ids:
                self.answered.append(Answer(tuple(ids), heard[-1], call))


@dataclass(frozen=True, slots=True)
class Answer:
    """A request that was answered with 202: its events, the call that read the last of it, the call that answered."""

    ids: tuple[str, ...]
    read: Call
    said: Call


@dataclass
class Files:
    """Follows the open files: the path behind a number."""

    paths: dict[int, str] = field(default_factory=dict)

    def see(self, call: Call) -> str | None:
        """Take note of a call; the path it speaks of."""
        if call.name == "openat" and call.result >= 0:
            found = _STRING.search(call.words)
            self.paths[call.result] = found[1] if found else ""
            return self.paths[call.result]
        if call.name == "close":
            return self.paths.pop(call.fd, None)
        return self.paths.get(call.fd)
