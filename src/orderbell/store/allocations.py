"""The allocation journal: which card went to which order, on the disk before the database commits, and outside of it.

A restored database does not know what was sold after its snapshot was taken; this file does. Lines are appended
only, one per card, each with a MAC over itself and the line before it. A process holds its file locked: a second
one beside it writes a file of its own. A line whose transaction was lost is possible, a sale without a line is not.
"""

from __future__ import annotations

import errno
import fcntl
import hmac
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec
import uuid_utils

from orderbell.base import log, mutant
from orderbell.base.errors import Misconfigured, NotReady
from orderbell.store import meta
from orderbell.store.database import Tx

ROTATE_BYTES = 64 * 2**20
POSITION = "allocations/"
"""Begins the names in `meta` under which the database keeps how far it knows each file."""
_PENDING = "orderbell.allocations"
_NOTED_EVERY_S = 1.0
_TAIL_BYTES = 65_536
_FILES_MOST = 64
_FULL = (errno.ENOSPC, errno.EDQUOT)
_log = log.get("allocations")


class Given(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One card that went to one piece of an order. `at`: microseconds since 1970; `fingerprint`: hex."""

    at: int
    shop_id: str
    card_id: str
    slot_id: str
    order_number: str
    line_n: int
    piece: int
    gen: int
    product_id: str
    sku: str
    fingerprint: str


class _Head(msgspec.Struct, frozen=True, array_like=True):
    """A file's first line: its own name, and the last MAC of the file it goes on from (empty for the first)."""

    what: str
    form: int
    id: str
    previous: str


@dataclass
class Pending:
    """What a transaction gives away; `start` is where its lines lie once they are written."""

    lines: list[Given] = field(default_factory=list)
    start: int | None = None


def is_kept(tx: Tx) -> bool:
    """Whether this transaction keeps a journal; tools and tests may open a database without one."""
    return _PENDING in tx.info


def note(tx: Tx, given: Sequence[Given]) -> None:
    """Have these lines written down before this transaction commits."""
    tx.info[_PENDING].lines.extend(given)


def mark(tx: Tx) -> int:
    """How many lines wait; for `forget_since` when a savepoint is rolled back."""
    return len(tx.info[_PENDING].lines) if is_kept(tx) else 0


def forget_since(tx: Tx, mark: int) -> None:
    """Drop the lines of a part of the transaction that did not happen."""
    if is_kept(tx):
        del tx.info[_PENDING].lines[mark:]


class NoJournal:
    """The journal of a store that keeps none."""

    def begin(self, tx: Tx) -> Pending | None:
        """Nothing is kept."""
        return None

    def write_down(self, tx: Tx) -> None:
        """Nothing is written."""

    def end(self, pending: Pending | None) -> None:
        """Nothing is settled."""

    def close(self) -> None:
        """Nothing is open."""


class AllocationJournal(NoJournal):
    """The file this process appends to; it is opened at the first sale, or by `open`."""

    def __init__(self, path: Path, key: bytes, *, rotate_bytes: int = ROTATE_BYTES) -> None:
        self.path = path
        self.key = key
        self._rotate_bytes = rotate_bytes
        self._lock = threading.Lock()
        self._file: _OpenFile | None = None
        self._flying: list[int] = []
        self._before: tuple[str, int] | None = None
        self._noted_at = 0.0

    def open(self) -> str:
        """Take the file and put its end in order; its id."""
        with self._lock:
            return self._opened().id

    def begin(self, tx: Tx) -> Pending:
        """A transaction begins; it has given nothing away."""
        pending: Pending = tx.info.setdefault(_PENDING, Pending())
        pending.lines.clear()
        pending.start = None
        return pending

    def write_down(self, tx: Tx) -> None:
        """Put the transaction's lines on the disk; called last before its commit.

        Raises:
            NotReady: the disk is full; the transaction must not commit.
        """
        pending: Pending = tx.info[_PENDING]
        if not pending.lines or mutant.without("allocation_journal"):
            return
        with self._lock:
            file = self._ready()
            pending.start = file.append(pending.lines, self.key)
            places = self._places(file)
            self._flying.append(pending.start)
        if places:
            for id_, offset in places:
                keep_place(tx, id_, offset)

    def end(self, pending: Pending | None) -> None:
        """The transaction is kept. Lines of one that never says so stay in doubt until the next start looks at them."""
        if pending is not None and pending.start is not None:
            with self._lock:
                self._flying.remove(pending.start)
            pending.start = None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._file is not None:
                os.close(self._file.handle)
                self._file = None

    def _opened(self) -> _OpenFile:
        if self._file is None:
            self._file = _take_file(self.path, self.key)
        return self._file

    def _ready(self) -> _OpenFile:
        file = self._opened()
        if file.size >= self._rotate_bytes and not self._flying:
            self._before = (file.id, file.size)
            self._file = file.rotated(self.key)
            self._noted_at = 0.0
            return self._file
        return file

    def _places(self, file: _OpenFile) -> list[tuple[str, int]]:
        """How far the database knows the files once this transaction is kept; empty when that was just said."""
        now = time.monotonic()
        if now - self._noted_at < _NOTED_EVERY_S and self._noted_at:
            return []
        self._noted_at = now
        return [(file.id, min(self._flying, default=file.size)), *([self._before] if self._before else [])]


def keep_place(tx: Tx, file_id: str, offset: int) -> None:
    """Remember that the database knows that file up to there."""
    meta.put(tx, POSITION + file_id, str(offset))


@dataclass
class _OpenFile:
    path: Path
    handle: int
    id: str
    size: int
    mac: str

    def append(self, lines: Sequence[Given], key: bytes) -> int:
        """Write and sync; where the first line begins."""
        start, mac, pieces = self.size, self.mac, []
        for line in lines:
            body = msgspec.json.encode(line)
            mac = _mac(key, mac, body)
            pieces.append(b"%b\t%b\n" % (body, mac.encode()))
        self.write(b"".join(pieces))
        self.mac = mac
        return start

    def write(self, data: bytes) -> None:
        """Write and sync bytes that are whole lines, or none of them."""
        try:
            written = os.write(self.handle, data)
            while written < len(data):
                written += os.write(self.handle, data[written:])
        except OSError as error:
            os.ftruncate(self.handle, self.size)
            if error.errno in _FULL:
                raise NotReady(
                    "The disk of the allocation journal is full; nothing was kept.", code="journal_disk_full"
                ) from None
            raise
        _sync_or_stop(self.handle)
        self.size += len(data)

    def rotated(self, key: bytes) -> _OpenFile:
        """A fresh file that goes on from this one, which keeps its content under a name with the day."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        aside = self.path.with_name(f"{self.path.stem}-{stamp}-{self.id[-12:]}{self.path.suffix}")
        self.path.rename(aside)
        fresh = _lock(self.path)
        os.close(self.handle)
        assert fresh is not None
        return _begin(self.path, fresh, key, previous=self.mac)


def _take_file(path: Path, key: bytes) -> _OpenFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    for n in range(1, _FILES_MOST):
        mine = path if n == 1 else path.with_name(f"{path.stem}-{n}{path.suffix}")
        handle = _lock(mine)
        if handle is not None:
            return _go_on(mine, handle, key)
    raise Misconfigured(f"More than {_FILES_MOST} processes write allocation journals beside {path}.")


def _lock(path: Path) -> int | None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _begin(path: Path, handle: int, key: bytes, *, previous: str) -> _OpenFile:
    file = _OpenFile(path, handle, uuid_utils.uuid7().hex, 0, previous)
    body = msgspec.json.encode(_Head("allocations", 1, file.id, previous))
    file.mac = _mac(key, previous, body)
    file.write(b"%b\t%b\n" % (body, file.mac.encode()))
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        _sync_or_stop(folder)
    finally:
        os.close(folder)
    return file


def _go_on(path: Path, handle: int, key: bytes) -> _OpenFile:
    """Take up an old file at its last whole line; a torn one was never followed by a commit."""
    size = os.fstat(handle).st_size
    tail = os.pread(handle, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
    whole = size - len(tail) + tail.rfind(b"\n") + 1
    if whole != size:
        _log.warning("the last line was torn off", file=path.name, bytes=size - whole)
        os.ftruncate(handle, whole)
    if whole == 0:
        return _begin(path, handle, key, previous="")
    with path.open("rb") as file:
        head = _head(path, file.readline())
    last = tail[: len(tail) - (size - whole)].rstrip(b"\n").rpartition(b"\t")[2]
    return _OpenFile(path, handle, head.id, whole, last.decode("ascii", "replace"))


def _sync_or_stop(handle: int) -> None:
    try:
        os.fdatasync(handle)
    except OSError as error:
        # As in store/sqlite.py: after a failed fsync nothing the page cache says can be believed (promises C8).
        _log.critical("the allocation journal cannot be synced; stopping", why=str(error))
        os._exit(70)


def _mac(key: bytes, before: str, body: bytes) -> str:
    return hmac.digest(key, before.encode() + b"\n" + body, "sha256")[:16].hex()


def _head(path: Path, line: bytes) -> _Head:
    try:
        return msgspec.json.decode(line.partition(b"\t")[0], type=_Head)
    except msgspec.DecodeError:
        raise Misconfigured(f"{path} is not an allocation journal; move it away.", code="journal_unreadable") from None


@dataclass
class Tape:
    """A journal file as it was read. `faults` says in words what is wrong with it; `end` is where it ends."""

    path: Path
    id: str
    previous: str
    end: int = 0
    last_mac: str = ""
    count: int = 0
    given: list[Given] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def files(path: Path) -> list[Path]:
    """Every journal file beside the one the settings name: rotated ones, other processes', other machines' copies."""
    return sorted(each for each in path.parent.glob(f"{path.stem}*{path.suffix}") if each.is_file())


def file_id(path: Path) -> str | None:
    """The id of a journal file; None for an empty one, or one torn at its birth.

    Raises:
        Misconfigured: it is something else.
    """
    with path.open("rb") as file:
        line = file.readline()
    return _head(path, line).id if line.endswith(b"\n") else None


def read(path: Path, key: bytes, *, after: int = 0, keep: bool = True) -> Tape | None:
    """Read a file from that offset on and check its chain; without `keep` its lines are only counted and checked.

    Returns None for an empty file. A line that cannot be read is a fault and passed over.
    """
    with path.open("rb") as file:
        first = file.readline()
        if not first.endswith(b"\n"):
            return None
        head = _head(path, first)
        tape = Tape(path, head.id, head.previous, end=len(first))
        if _mac(key, head.previous, first.partition(b"\t")[0]) != _mac_of(first):
            tape.faults.append(f"{path.name} was made with another key file, or its first line was altered")
        tape.last_mac = _mac_of(first)
        if after > len(first):
            _skip(file, tape, after)
        for given in _lines(file, tape, key):
            tape.count += 1
            if keep:
                tape.given.append(given)
    return tape


def _skip(file: BinaryIO, tape: Tape, after: int) -> None:
    size = file.seek(0, os.SEEK_END)
    if after > size:
        tape.faults.append(f"{tape.path.name} is shorter than the database remembers it")
        after = size
    file.seek(max(0, after - _TAIL_BYTES))
    before = file.read(after - file.tell())
    tape.last_mac, tape.end = _mac_of(before.rstrip(b"\n").rpartition(b"\n")[2]), after


def _lines(file: BinaryIO, tape: Tape, key: bytes) -> Iterator[Given]:
    for line in file:
        if not line.endswith(b"\n"):
            return
        body, mac = line.partition(b"\t")[0], _mac_of(line)
        if mac != _mac(key, tape.last_mac, body):
            tape.faults.append(f"{tape.path.name}: the chain is broken at byte {tape.end}")
        tape.last_mac, tape.end = mac, tape.end + len(line)
        try:
            yield msgspec.json.decode(body, type=Given)
        except msgspec.DecodeError:
            tape.faults.append(f"{tape.path.name}: the line at byte {tape.end - len(line)} cannot be read")


def _mac_of(line: bytes) -> str:
    return line.rstrip(b"\n").rpartition(b"\t")[2].decode("ascii", "replace")
