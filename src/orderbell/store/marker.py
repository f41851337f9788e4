"""The mark of a restored database: where it came from, and whether its owner has let it go on.

It lies in `meta`, which every release has, so that a snapshot can be marked before it is brought to today's shape.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select, update

from orderbell.store import meta
from orderbell.store.allocations import POSITION
from orderbell.store.database import Tx
from orderbell.store.schema import Meta

NAME = "restored"
WAITING, PAUSED, GOING = "waiting", "paused", "going"
"""waiting: nobody has looked into the journal yet · paused: looked, and the owner must decide · going: decided."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a restore. `source` is the backup's name, or empty when somebody laid an old copy back by hand.

    `told_until` is the journal's last sign of life: what happened before it had been told.
    """

    source: str
    snapshot_at: datetime
    restored_at: datetime
    state: str = WAITING
    told_until: datetime | None = None
    lines: int = 0
    """How many lines of the journal are newer than the snapshot."""
    journal_lost: bool = False
    faults: tuple[str, ...] = ()
    messages: int = 0
    """How many messages waited at the snapshot; what became of them is unknown."""
    going_at: datetime | None = None

    @property
    def is_paused(self) -> bool:
        """Whether nothing may be sent or given away yet."""
        return self.state != GOING


def encode(mark: Restored) -> str:
    """The mark as `meta` keeps it."""
    return msgspec.json.encode(mark).decode()


def find(tx: Tx) -> Restored | None:
    """The mark; None for a database that was never restored."""
    text = tx.execute(select(Meta.value).where(Meta.name == NAME)).scalar_one_or_none()
    return None if text is None else msgspec.json.decode(text, type=Restored)


def hold(tx: Tx) -> Restored | None:
    """The mark, kept from other processes until this transaction ends."""
    tx.execute(select(Meta.value).where(Meta.name == NAME).with_for_update()).first()
    return find(tx)


def is_paused(tx: Tx) -> bool:
    """Whether this database waits for its owner's word."""
    mark = find(tx)
    return mark is not None and mark.is_paused


def put(tx: Tx, mark: Restored) -> None:
    """Keep the mark."""
    meta.put(tx, NAME, encode(mark))


def go_on(tx: Tx, mark: Restored, now: datetime) -> bool:
    """Let a paused database go on; False when it did so already."""
    fresh = encode(msgspec.structs.replace(mark, state=GOING, going_at=now))
    where = (Meta.name == NAME, Meta.value == encode(mark))
    return mark.is_paused and tx.execute(update(Meta).where(*where).values(value=fresh)).rowcount == 1


def places(tx: Tx) -> dict[str, int]:
    """How far this database knows each journal file, by the file's id."""
    rows = tx.execute(select(Meta.name, Meta.value).where(Meta.name.startswith(POSITION, autoescape=True)))
    return {row.name.removeprefix(POSITION): int(row.value) for row in rows}
