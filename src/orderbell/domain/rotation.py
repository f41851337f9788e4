"""Changing keys while the house works (promise H3): wrapping keys in one go, data keys in the background.

A new wrapping key only closes the shops' data keys anew. A new data key closes every secret anew, a piece at a time;
where that walk stands is a row, so that it goes on after a kill. The data key before stays readable until the next
walk: a deed that began before this one may still close something with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row as SqlRow
from sqlalchemy import delete, insert, select, update

from orderbell.base.clock import from_micros, to_micros
from orderbell.base.errors import Conflict, Misconfigured
from orderbell.base.secrets import Box, Keyring, Sealed, newest_data_keys
from orderbell.domain import audit
from orderbell.domain.rules import touch
from orderbell.store.database import Tx
from orderbell.store.schema import Meta, Shop
from orderbell.store.sealed import SEALED, SealedColumn

LEAST_BETWEEN = timedelta(hours=1)
"""Two walks within it could take a data key away from a deed that began before the first."""
KEPT_KEYS = 2
LAST_STEP = len(SEALED) + 1
_WALK, _ENDED = "reseal", "reseal_ended_at"


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """Where a walk stands: step 0 gives shops new data keys, 1… are SEALED's columns, the last one drops old keys."""

    step: int = 0
    after: str = ""
    done: int = 0
    unreadable: int = 0
    """Values that no key opens; when there is one, no old key is dropped."""

    @property
    def column(self) -> SealedColumn | None:
        """The column it walks through; None while it is about the shops' own keys."""
        return SEALED[self.step - 1] if 0 < self.step < LAST_STEP else None

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.step > LAST_STEP

    def on(self, last: str | None, *, done: int = 0, unreadable: int = 0) -> Walk:
        """The walk a piece further: behind `last`, or at the next step's beginning when it is None."""
        step, after = (self.step + 1, "") if last is None else (self.step, last)
        return Walk(step=step, after=after, done=self.done + done, unreadable=self.unreadable + unreadable)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some sealed values of the column a walk is in, with the boxes of their shops."""

    walk: Walk
    column: SealedColumn
    rows: Sequence[SqlRow[Any]]
    boxes: Mapping[str, Box]


@dataclass(frozen=True, kw_only=True)
class Resealed:
    """What became of a piece: rows to exchange (`b_key`, `b_old`, `b_new`), and where the walk stands then."""

    column: SealedColumn
    exchanges: list[dict[str, Any]]
    before: Walk
    walk: Walk


def find_walk(tx: Tx) -> Walk | None:
    """The walk that is under way, if there is one."""
    text = tx.execute(select(Meta.value).where(Meta.name == _WALK)).scalar()
    return None if text is None else msgspec.json.decode(text, type=Walk)


def begin(tx: Tx, now: datetime) -> Walk:
    """Start a walk, or go on with the one under way.

    Raises:
        Conflict: `rotated_just_now`, the last one ended within LEAST_BETWEEN.
    """
    known = find_walk(tx)
    if known is not None:
        return known
    ended = tx.execute(select(Meta.value).where(Meta.name == _ENDED)).scalar()
    if ended is not None and now - from_micros(int(ended)) < LEAST_BETWEEN:
        raise Conflict("The data keys were changed less than an hour ago; try again later.", code="rotated_just_now")
    tx.execute(insert(Meta).values(name=_WALK, value=_text(Walk())))
    return Walk()


def look(tx: Tx, keyring: Keyring, walk: Walk, most: int) -> Piece | None:
    """The next values of the column a walk is in; None while it is about the shops' own keys."""
    if walk.column is None:
        return None
    rows = tx.execute(walk.column.after(walk.after, most)).all()
    shops = select(Shop.id, Shop.data_key).where(Shop.id.in_({row.shop_id for row in rows}))
    boxes = {shop.id: keyring.box(shop.id, shop.data_key) for shop in tx.execute(shops)}
    return Piece(walk=walk, column=walk.column, rows=rows, boxes=boxes)


def reseal(piece: Piece) -> Resealed:
    """Close every value of a piece with its shop's newest data key; touches no database."""
    exchanges: list[dict[str, Any]] = []
    unreadable = 0
    for row in piece.rows:
        try:
            fresh = piece.boxes[row.shop_id].renewed(Sealed.unpack(row.value), *piece.column.words(row))
        except (Misconfigured, KeyError):
            unreadable += 1
            continue
        if fresh is not None:
            exchanges.append({"b_key": row.key, "b_old": row.value, "b_new": fresh.packed()})
    last = piece.rows[-1].key if piece.rows else None
    further = piece.walk.on(last, done=len(exchanges), unreadable=unreadable)
    return Resealed(column=piece.column, exchanges=exchanges, before=piece.walk, walk=further)


def keep(tx: Tx, resealed: Resealed) -> Walk:
    """Store a piece and how far the walk is. A value somebody changed meanwhile is closed with the new key already.

    Raises:
        Conflict: `walk_elsewhere`, another process walks too.
    """
    _step(tx, resealed.before, resealed.walk)
    if resealed.exchanges:
        tx.execute(resealed.column.exchange(), resealed.exchanges)
    return resealed.walk


def turn_shops(tx: Tx, keyring: Keyring, walk: Walk, *, by: str, now: datetime, most: int) -> Walk:
    """The first step, a new data key for some more shops, or the last, dropping those nobody needs.

    Raises:
        Conflict: `walk_elsewhere`.
    """
    query = select(Shop.id, Shop.data_key).where(Shop.id > walk.after).order_by(Shop.id).limit(most)
    shops = tx.execute(query.with_for_update()).all()
    further = walk.on(shops[-1].id if shops else None)
    _step(tx, walk, further)
    for shop in shops:
        if walk.step == 0:
            _set_data_key(tx, shop.id, keyring.with_new_data_key(shop.id, shop.data_key))
            audit.note(tx, shop.id, actor=by, action="data_key.changed", object=shop.id, now=now)
        elif not walk.unreadable:
            _set_data_key(tx, shop.id, newest_data_keys(shop.data_key, KEPT_KEYS))
    return further


def end(tx: Tx, now: datetime) -> None:
    """Forget a walk that is over, and remember when it ended."""
    tx.execute(delete(Meta).where(Meta.name.in_([_WALK, _ENDED])))
    tx.execute(insert(Meta).values(name=_ENDED, value=str(to_micros(now))))


def rewrap(tx: Tx, keyring: Keyring, after: str, *, by: str, now: datetime, most: int) -> tuple[str | None, int]:
    """Close the data keys of the shops behind `after` with the newest wrapping key.

    Returns the last shop looked at, None at the end, and how many were closed anew.
    """
    query = select(Shop.id, Shop.data_key).where(Shop.id > after).order_by(Shop.id).limit(most)
    shops = tx.execute(query.with_for_update()).all()
    changed = 0
    for shop in shops:
        fresh = keyring.rewrapped(shop.id, shop.data_key)
        if fresh is not None:
            tx.execute(update(Shop).where(Shop.id == shop.id).values(data_key=fresh))
            audit.note(tx, shop.id, actor=by, action="data_key.rewrapped", object=shop.id, now=now)
            changed += 1
    return (shops[-1].id if shops else None), changed


def _set_data_key(tx: Tx, shop_id: str, wrapped: bytes) -> None:
    tx.execute(update(Shop).where(Shop.id == shop_id).values(data_key=wrapped))
    touch(tx, shop_id)


def _step(tx: Tx, before: Walk, after: Walk) -> None:
    mine = (Meta.name == _WALK, Meta.value == _text(before))
    if tx.execute(update(Meta).where(*mine).values(value=_text(after))).rowcount == 0:
        raise Conflict("Another process is changing the data keys already.", code="walk_elsewhere")


def _text(walk: Walk) -> str:
    return msgspec.json.encode(walk).decode()
