"""Cuts the power of a process that was traced: what its disk could look like at any line of the trace.

A write that no sync covered may be on the disk, may be missing, or may be there in some of its sectors; so may a
file's new length and a new file's name. What a finished sync covered is there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.trace import Call, Files, Requests, calls

SECTOR = 512
DATABASE = "orderbell.db"
LOG = "orderbell.db-wal"


@dataclass(frozen=True, slots=True)
class Unsynced:
    """A change that only the page cache has for certain: bytes at an offset, or (`data` None) a new length."""

    ended: int
    offset: int
    data: bytes | None


@dataclass
class Disk:
    """One file: what a sync covered, and what came since."""

    durable: bytearray
    named: bool
    waiting: list[Unsynced] = field(default_factory=list)

    def sync(self, began: int) -> None:
        """A sync that began on that line is over: what was done before it is safe."""
        for change in self.waiting:
            if change.ended < began:
                put(self.durable, change.offset, change.data)
        self.waiting = [change for change in self.waiting if change.ended >= began]

    def after_cut(self, dice: random.Random) -> bytes:
        """What is found when the power is back."""
        image = bytearray(self.durable)
        for change in self.waiting:
            fate = dice.choice(("kept", "torn", "dropped"))
            if fate == "kept" or (fate == "torn" and change.data is None):
                put(image, change.offset, change.data)
            elif fate == "torn" and change.data is not None:
                for start in range(0, len(change.data), SECTOR):
                    if dice.random() < 0.5:
                        put(image, change.offset + start, change.data[start : start + SECTOR])
        return bytes(image)


def put(image: bytearray, offset: int, data: bytes | None) -> None:
    """Write bytes into an image, or give it a length."""
    end = offset + (len(data) if data else 0)
    if len(image) < end:
        image.extend(bytes(end - len(image)))
    if data is None:
        del image[offset:]
    else:
        image[offset:end] = data


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut: the files as they are found, and which events had been acknowledged by then."""

    files: dict[str, bytes]
    acked: tuple[tuple[str, ...], ...]


@dataclass
class Machine:
    """The traced process's disk, line by line."""

    folder: str
    disks: dict[str, Disk]
    files: Files = field(default_factory=Files)
    requests: Requests = field(default_factory=Requests)

    def see(self, call: Call) -> None:
        """Take the next call."""
        path = self.files.see(call)
        self.requests.see(call)
        if path is None or not path.startswith(self.folder):
            return
        name = path.removeprefix(self.folder).strip("/")
        if name == "" and call.name in ("fsync", "fdatasync") and call.result == 0:
            for disk in self.disks.values():
                disk.named = True
        if name in (DATABASE, LOG):
            self._change(name, call)

    def _change(self, name: str, call: Call) -> None:
        disk = self.disks.setdefault(name, Disk(bytearray(), named=False))
        if call.name == "pwrite64" and call.result > 0:
            disk.waiting.append(Unsynced(call.ended, call.offset, call.data[: call.result]))
        elif call.name == "ftruncate" and call.result == 0:
            disk.waiting.append(Unsynced(call.ended, int(call.words.rpartition(",")[2]), None))
        elif call.name in ("fsync", "fdatasync") and call.result == 0:
            disk.sync(call.began)

    def cut(self, dice: random.Random) -> Cut:
        """Cut the power now."""
        found = {name: disk.after_cut(dice) for name, disk in self.disks.items() if disk.named or dice.random() < 0.5}
        return Cut(found, tuple(answer.ids for answer in self.requests.answered))


def cuts(trace: Path, folder: Path, base: bytes, wanted: int, dice: random.Random) -> Iterator[Cut]:
    """So many cuts of one run: half of them right behind an acknowledgement, where a lie would show.

    `base` is the database file as the process found it, `folder` where it lies.
    """
    acked, last = _moments(trace)
    lines = sorted(dice.choices(acked, k=wanted // 2) + dice.choices(range(acked[0], last), k=wanted - wanted // 2))
    machine = Machine(str(folder), {DATABASE: Disk(bytearray(base), named=True)})
    for call in calls(trace):
        while lines and call.ended > lines[0]:
            lines.pop(0)
            yield machine.cut(dice)
        machine.see(call)


def _moments(trace: Path) -> tuple[Sequence[int], int]:
    """On which lines a 202 was written, and the last line."""
    requests, last = Requests(), 0
    for call in calls(trace):
        requests.see(call)
        last = call.ended
    return [answer.said.ended for answer in requests.answered], last
