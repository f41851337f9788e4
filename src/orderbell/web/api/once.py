"""The same POST twice is one deed: with an Idempotency-Key, the first answer is kept for 24 hours and given again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from litestar import Request, Response
from sqlalchemy import ColumnElement, Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orderbell.base import mutant
from orderbell.base.crash import crashpoint
from orderbell.base.errors import BadInput, Conflict
from orderbell.base.secrets import Box, Sealed
from orderbell.domain.access import ApiSeat
from orderbell.domain.retention import ANSWERS_KEPT as KEPT
from orderbell.runtime.house import House
from orderbell.store.schema import Answered

HEADER = "idempotency-key"
_LONGEST_KEY = 255
_under_way: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""Requests with a key whose deed runs in steps just now."""
Deed = Callable[[Connection], Any]
AnyRequest = Request[Any, Any, Any]


async def once(request: AnyRequest, house: House, seat: ApiSeat, deed: Deed) -> Response[Any]:
    """Run `deed(tx)` in one write and answer its struct as JSON with 201; see the module.

    Raises:
        Conflict: `idempotency_conflict`, the key was used for another request.
    """
    note = await _note_of(request, house, seat)
    if note is None:
        return _answer(msgspec.json.encode(await house.store.write(deed)))
    now = house.clock.now()
    return _answer(await house.store.write(lambda tx: note.run(tx, deed, now)))


async def once_in_steps(
    request: AnyRequest, house: House, seat: ApiSeat, deed: Callable[[], Awaitable[Any]], *, status: int = 201
) -> Response[Any]:
    """As `once`, for a deed that needs several writes and does no harm when it is done twice.

    In one process the second of two requests waits for the first; two processes may both do it.

    Raises:
        Conflict: `idempotency_conflict`, the key was used for another request.
    """
    note = await _note_of(request, house, seat)
    if note is None:
        return _answer(msgspec.json.encode(await deed()), status)
    async with _under_way.setdefault(note.name, asyncio.Lock()):
        return _answer(await _in_steps(house, note, deed), status)


async def _in_steps(house: House, note: _Note, deed: Callable[[], Awaitable[Any]]) -> bytes:
    kept = await house.store.read(lambda tx: note.kept(tx, house.clock.now()))
    if kept is not None:
        return kept
    answer, now = msgspec.json.encode(await deed()), house.clock.now()
    return await house.store.write(lambda tx: note.run(tx, lambda _: msgspec.Raw(answer), now))


async def _note_of(request: AnyRequest, house: House, seat: ApiSeat) -> _Note | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= _LONGEST_KEY:
        raise BadInput("An Idempotency-Key has 1 to 255 characters.", code="bad_idempotency_key")
    name = hashlib.sha256("\x1f".join((seat.shop_id, request.method, request.url.path, key)).encode()).hexdigest()
    body_hash = hashlib.sha256(await request.body()).hexdigest()
    return _Note(name=name, shop_id=seat.shop_id, body_hash=body_hash, box=Box(house.keyring.derive("answered")))


@dataclass(frozen=True, kw_only=True)
class _Note:
    """One request with a key. The row is written before the deed, so that a second request waits for the first."""

    name: str
    shop_id: str
    body_hash: str
    box: Box

    def run(self, tx: Connection, deed: Deed, now: datetime) -> bytes:
        """The first answer to this request, made now or kept from before. An answer may hold a fresh secret: sealed."""
        tx.execute(delete(Answered).where(*self._mine(), Answered.at < now - KEPT))
        if not self._is_first(tx, now):
            return self.kept(tx, now) or b""
        answer = msgspec.json.encode(deed(tx))
        crashpoint("api.after_deed")
        sealed = self.box.close(answer, "answered", self.name).packed()
        tx.execute(update(Answered).where(*self._mine()).values(answer=sealed, status=201))
        crashpoint("api.after_note")
        return answer

    def kept(self, tx: Connection, now: datetime) -> bytes | None:
        """The answer kept from before, None when there is none.

        Raises:
            Conflict: it answered another request.
        """
        query = select(Answered.body_hash, Answered.answer).where(*self._mine(), Answered.at >= now - KEPT)
        row = tx.execute(query).one_or_none()
        if row is None:
            return None
        if row.body_hash != self.body_hash:
            raise Conflict("This Idempotency-Key was used for another request.", code="idempotency_conflict")
        return self.box.open(Sealed.unpack(row.answer), "answered", self.name)

    def _mine(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return Answered.shop_id == self.shop_id, Answered.id == self.name

    def _is_first(self, tx: Connection, now: datetime) -> bool:
        if mutant.without("idempotency"):
            return True
        dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
        fresh = dialect.insert(Answered).values(
            id=self.name, shop_id=self.shop_id, body_hash=self.body_hash, status=0, answer=b"", at=now
        )
        kept = fresh.on_conflict_do_nothing(index_elements=["id"]).returning(Answered.id)
        return tx.execute(kept).first() is not None


def _answer(body: bytes, status: int = 201) -> Response[Any]:
    return Response(body, status_code=status, media_type="application/json")
