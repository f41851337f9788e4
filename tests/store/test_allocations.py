"""The allocation journal: a line before the commit, a chain that shows every change, an end that may be torn."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.domain.stand import Stand, order_id

from orderbell.base.errors import Conflict, Misconfigured, NotReady
from orderbell.base.settings import Settings
from orderbell.store import allocations, marker, opening
from orderbell.store.allocations import AllocationJournal, Given
from orderbell.store.database import Store, Tx

KEY = b"k" * 32


def line(n: int, card: str = "") -> Given:
    """The n-th card that went out."""
    return Given(
        at=n, shop_id="shp_1", card_id=card or f"crd_{n}", slot_id=f"slt_{n}", order_number=f"N-{n}", line_n=1, piece=1,
        gen=0, product_id="prd_1", sku="steam\t100", fingerprint="00ff",
    )  # fmt: skip


class Desk:
    """A store that keeps a journal, and the stand in it."""

    def __init__(self, store: Store, stand: Stand, path: Path) -> None:
        self.store = store
        self.stand = stand
        self.path = path

    def lines(self) -> list[Given]:
        """What the journal says."""
        tape = allocations.read(self.path, KEY) if self.path.exists() and self.path.stat().st_size else None
        assert tape is None or tape.faults == []
        return tape.given if tape else []


@pytest.fixture
async def desk(settings: Settings, tmp_path: Path) -> AsyncIterator[Desk]:
    """A stand with five cards."""
    path = tmp_path / "second disk" / "allocations.log"
    store = opening.open_store(replace(settings), journal=AllocationJournal(path, KEY))
    stand = await Stand.open(store)
    await stand.stock(*(f"KEY-{n}" for n in range(5)))
    yield Desk(store, stand, path)
    await store.close()


async def test_each_card_given_away_is_a_line(desk: Desk) -> None:
    slots = await desk.store.write(lambda tx: desk.stand.hand_out(tx, order_id(), 2))
    lines = desk.lines()
    assert sorted(each.slot_id for each in lines) == sorted(slots) and {each.sku for each in lines} == {"steam-100"}
    card = (await desk.stand.cards())[0]
    assert (card.id, card.fingerprint.hex()) in {(each.card_id, each.fingerprint) for each in lines}


async def test_the_database_knows_how_far_it_knows_the_file(desk: Desk) -> None:
    await desk.store.write(lambda tx: desk.stand.hand_out(tx, order_id(), 1))
    tape = allocations.read(desk.path, KEY)
    assert tape is not None and await desk.store.read(marker.places) == {tape.id: tape.end}


async def test_a_deed_that_failed_leaves_no_line(desk: Desk) -> None:
    def fail(tx: Tx) -> None:
        desk.stand.hand_out(tx, order_id(), 1)
        raise Conflict("no")

    with pytest.raises(Conflict):
        await desk.store.write(fail)
    assert desk.lines() == []
    await desk.store.write(lambda tx: desk.stand.hand_out(tx, order_id(), 1))
    assert len(desk.lines()) == 1


async def test_a_full_disk_stops_the_sale(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.store.write(lambda tx: desk.stand.hand_out(tx, order_id(), 1))
    real, size = os.write, desk.path.stat().st_size

    def full(handle: int, data: bytes) -> int:
        if os.path.samestat(os.fstat(handle), desk.path.stat()):
            raise OSError(errno.ENOSPC, "full")
        return real(handle, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NotReady, match="full"):
        await desk.store.write(lambda tx: desk.stand.hand_out(tx, order_id(), 1))
    monkeypatch.undo()
    assert desk.path.stat().st_size == size and (await desk.stand.states())["free"] == 4


def grow(path: Path, *numbers: int, rotate_bytes: int = 10**6) -> None:
    """Append lines as one process after another would."""
    for number in numbers:
        journal = AllocationJournal(path, KEY, rotate_bytes=rotate_bytes)
        journal.open()
        assert journal._file is not None
        journal._ready().append([line(number)], KEY)
        journal.close()


def test_the_chain_goes_on_over_restarts(tmp_path: Path) -> None:
    grow(path := tmp_path / "a.log", 1, 2, 3)
    tape = allocations.read(path, KEY)
    assert tape is not None and tape.given == [line(1), line(2), line(3)] and tape.faults == []


def test_reading_on_from_a_place_checks_the_chain_from_there(tmp_path: Path) -> None:
    grow(path := tmp_path / "a.log", 1)
    first = allocations.read(path, KEY)
    grow(path, 2, 3)
    assert first is not None
    rest = allocations.read(path, KEY, after=first.end)
    assert rest is not None and rest.given == [line(2), line(3)] and rest.faults == []


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    grow(path := tmp_path / "a.log", 1, 2)
    path.write_bytes(path.read_bytes()[:-5])
    grow(path, 3)
    tape = allocations.read(path, KEY)
    assert tape is not None and tape.given == [line(1), line(3)] and tape.faults == []


def test_a_file_torn_at_its_birth_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b'["allocations",1,"x')
    assert allocations.file_id(path) is None and allocations.read(path, KEY) is None
    grow(path, 1)
    tape = allocations.read(path, KEY)
    assert tape is not None and tape.given == [line(1)]


@pytest.mark.parametrize("harm", [
    lambda lines: [*lines[:2], *lines[3:]],
    lambda lines: [lines[0], lines[2], lines[1], lines[3]],
    lambda lines: [*lines[:2], lines[2].replace(b"crd_2", b"crd_9"), lines[3]],
    lambda lines: [lines[0].replace(b'["allocations"', b'["allocationz"'), *lines[1:]],
], ids=["deleted", "swapped", "changed", "head"])  # fmt: skip
def test_a_line_that_was_touched_shows(tmp_path: Path, harm: object) -> None:
    grow(path := tmp_path / "a.log", 1, 2, 3)
    assert callable(harm)
    path.write_bytes(b"".join(harm(path.read_bytes().splitlines(keepends=True))))
    tape = allocations.read(path, KEY)
    assert tape is not None and tape.faults


def test_another_house_s_key_shows(tmp_path: Path) -> None:
    grow(path := tmp_path / "a.log", 1)
    tape = allocations.read(path, b"o" * 32)
    assert tape is not None and "another key" in tape.faults[0]


def test_a_journal_cut_below_the_database_s_place_shows(tmp_path: Path) -> None:
    grow(path := tmp_path / "a.log", 1)
    tape = allocations.read(path, KEY, after=path.stat().st_size + 100)
    assert tape is not None and "shorter" in tape.faults[0]


def test_a_large_file_is_rotated_and_the_chain_goes_on(tmp_path: Path) -> None:
    grow(path := tmp_path / "a.log", 1, 2, 3, rotate_bytes=150)
    tapes = [allocations.read(each, KEY) for each in allocations.files(path)]
    assert len(tapes) > 1 and sum(tape.count for tape in tapes if tape) == 3
    assert {tape.previous for tape in tapes if tape} & {tape.last_mac for tape in tapes if tape}


def test_a_second_process_writes_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    first, second = AllocationJournal(path, KEY), AllocationJournal(path, KEY)
    assert first.open() != second.open() and len(allocations.files(path)) == 2
    second.close()
    first.close()


def test_something_else_is_not_taken_for_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"hello\n")
    with pytest.raises(Misconfigured, match="not an allocation journal"):
        AllocationJournal(path, KEY).open()
