"""The first look at a start: does the database know everything the allocation journal says was given away?

After a crash the last lines may belong to a transaction that was lost: those cards are set aside. After a restore
much more is missing: then the house stays paused until its owner has seen the difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from orderbell.base import log
from orderbell.base.clock import from_micros
from orderbell.domain import lost, restored
from orderbell.store import allocations, marker
from orderbell.store.allocations import Given, Tape
from orderbell.store.database import Store, Tx
from orderbell.store.marker import Restored

# One commit is seconds at most: what the database misses from before the journal's last minute was not lost in a crash.
ONE_COMMIT = timedelta(seconds=60)
REMEMBERED = timedelta(days=30)
"""How long after a restore shops may tell again what they had told."""


@dataclass
class Past:
    """What this process knows of a restore; shared by everything that must not act while the house is paused."""

    mark: Restored | None = None

    @property
    def is_paused(self) -> bool:
        """Whether nothing may be sent, given away or rung."""
        return self.mark is not None and self.mark.is_paused

    def is_recent(self, now: datetime) -> bool:
        """Whether facts that come in may have been told before the restore."""
        return self.mark is not None and self.mark.restored_at > now - REMEMBERED


@dataclass(frozen=True)
class _Seen:
    """The journal's lines that are newer than the database, oldest first."""

    tapes: tuple[Tape, ...]
    lost_files: bool

    @property
    def lines(self) -> list[Given]:
        return sorted((line for tape in self.tapes for line in tape.given), key=lambda line: line.at)

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(fault for tape in self.tapes for fault in tape.faults)[:20]


async def look_back(store: Store, journal: allocations.AllocationJournal, now: datetime) -> Restored | None:
    """Bring database and journal together; the mark of the restore, if there was one."""
    own = journal.open()
    mark = await store.read(marker.find)
    if mark is not None and mark.state == marker.PAUSED:
        return mark
    seen = _read(journal, await store.read(marker.places), own)
    if mark is None or mark.state == marker.GOING:
        missing = await store.read(lambda tx: lost.unknown(tx, seen.lines))
        if not _is_older(missing, seen.lines):
            await store.write(lambda tx: _after_a_crash(tx, missing, seen, own=own, now=now))
            return mark
        # Nobody marked it, but a crash cannot explain it: somebody laid an older copy of the database back by hand.
        mark = Restored(source="", snapshot_at=from_micros(missing[0].at), restored_at=now)
        await store.write(lambda tx, fresh=mark: marker.put(tx, fresh))  # type: ignore[misc]
    return await _after_a_restore(store, mark, seen, now)


def _read(journal: allocations.AllocationJournal, places: dict[str, int], own: str) -> _Seen:
    tapes = []
    for path in allocations.files(journal.path):
        known = allocations.file_id(path)
        tape = allocations.read(path, journal.key, after=places.get(known, 0)) if known else None
        if tape is not None:
            tapes.append(tape)
    gone = {id_ for id_, place in places.items() if place} - {tape.id for tape in tapes}
    cut = any("shorter" in fault for tape in tapes for fault in tape.faults)
    return _Seen(tuple(tapes), bool(gone) or cut)


def _is_older(missing: Sequence[Given], lines: Sequence[Given]) -> bool:
    """Whether the database misses sales that were followed by others for more than one commit's time."""
    return bool(missing) and from_micros(lines[-1].at) - from_micros(missing[0].at) > ONE_COMMIT


def _after_a_crash(tx: Tx, missing: Sequence[Given], seen: _Seen, *, own: str, now: datetime) -> None:
    aside: Counter[str] = Counter()
    for chunk in lost.chunks(missing):
        aside += lost.take_out(tx, [(line, lost.QUARANTINE) for line in chunk])
    if aside:
        log.get("lookback").warning("cards in doubt were set aside", cards_aside=aside.total())
        restored.open_task(tx, now)
    for tape in seen.tapes:
        if tape.id == own:
            allocations.keep_place(tx, tape.id, tape.end)


async def _after_a_restore(store: Store, mark: Restored, seen: _Seen, now: datetime) -> Restored:
    """Replay the journal in portions, hold what waited, and pause. Killed half-way, it is simply done again."""
    lines = seen.lines
    judged = lost.judge(lines)
    for start in range(0, len(judged), lost.CHUNK):
        portion = judged[start : start + lost.CHUNK]
        await store.write(lambda tx, part=portion: lost.take_out(tx, part))  # type: ignore[misc]
    known = msgspec.structs.replace(
        mark, state=marker.PAUSED, lines=len(lines), faults=seen.faults, journal_lost=seen.lost_files,
        told_until=from_micros(lines[-1].at) if lines else mark.snapshot_at,
    )  # fmt: skip
    known = await store.write(lambda tx: _pause(tx, known, seen, now))
    log.get("lookback").warning("restored: paused until the owner confirms", sales=len(lines))
    return known


def _pause(tx: Tx, mark: Restored, seen: _Seen, now: datetime) -> Restored:
    found = marker.hold(tx)
    if found is not None and found.state != marker.WAITING:
        # Another process of this house started at the same moment and was first.
        return found
    restored.bind_known_orders(tx, now)
    restored.open_task(tx, now)
    for tape in seen.tapes:
        allocations.keep_place(tx, tape.id, tape.end)
    mark = msgspec.structs.replace(mark, messages=restored.hold_messages(tx, now))
    marker.put(tx, mark)
    return mark
