"""Write down first: every fact once per natural name, for ever, durable before anybody is told so."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any, Protocol

import msgspec
from sqlalchemy import insert, select

from orderbell.base import mutant
from orderbell.base.crash import crashpoint
from orderbell.base.errors import NotReady
from orderbell.base.ids import new_id
from orderbell.base.secrets import Box, Sealed
from orderbell.events import Event, OrderEvent, to_payload, type_of
from orderbell.store import bulk
from orderbell.store.database import Store, Tx
from orderbell.store.schema import Conflicting, EventRow, State

LANE_OF = {"stock.low": 0, "stock.out": 0, "order.owed": 0, "order.paid": 0, "stock.restocked": 0}


@dataclass(frozen=True)
class Recorded:
    """What became of one event: `accepted`, `duplicate` (same fact again), or `conflict` (same name, other body)."""

    id: str
    status: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One event on its way into the journal."""

    shop_id: str
    source_id: str | None
    event: Event
    box: Box | None = None
    """Needed when the event carries goods, which are kept sealed."""


class Fresh:
    """A journal row in the hands of those who wrote it, readable like one that was read; with its event."""

    __slots__ = ("event", "values")

    def __init__(self, values: dict[str, Any], event: Event) -> None:
        self.values = values
        self.event = event

    def __getattr__(self, name: str) -> Any:
        return self.values[name]


class Hands(Protocol):
    """Whoever takes fresh rows straight from the door, without a claim: the worker of the same process."""

    def room(self) -> int:
        """How many rows it would take now."""
        ...

    def until(self) -> datetime:
        """The end of the lease under which such rows are written."""
        ...

    def offer(self, rows: Sequence[Fresh]) -> None:
        """Rows that are committed, leased until then by it."""
        ...


def lane_of(event: Event) -> int:
    """How urgent a fact is: 0 goods and money, 1 all other news."""
    return LANE_OF.get(type_of(type(event)), 1)


def to_row(entry: Entry, now: datetime) -> dict[str, Any]:
    """The row of a fresh event, ready for a worker."""
    event = entry.event
    payload = to_payload(event)
    order = event.order if isinstance(event, OrderEvent) else None
    id_ = new_id("event")
    type_ = type_of(type(event))
    return {
        "id": id_,
        "shop_id": entry.shop_id,
        "source_id": entry.source_id,
        "natural_id": event.id if not mutant.without("natural_key") else f"{event.id}:{id_}",
        "type": type_,
        "order_number": order.number if order else None,
        "order_id": None,
        "occurred_at": event.at,
        "received_at": now,
        "done_at": None,
        "body_hash": _hash_but_time(payload),
        "payload": payload.decode(),
        "goods_sealed": _seal_goods(entry, id_),
        "story": None,
        "error": None,
        "state": int(State.READY),
        "lane": LANE_OF.get(type_, 1),
        "due_at": now,
        "lease_gen": 0,
        "tries": 0,
    }


def _hash_but_time(payload: bytes) -> str:
    # A shop that names no time, and a hook that has none, say the same fact again with another moment.
    head, _, tail = payload.partition(b'"at":"')
    return hashlib.sha256(head + tail.partition(b'"')[2]).hexdigest()[:32]


def _seal_goods(entry: Entry, event_id: str) -> bytes | None:
    goods = entry.event.goods if isinstance(entry.event, OrderEvent) else ()
    if not goods:
        return None
    if entry.box is None:
        raise ValueError("an event with goods needs the shop's box")
    return entry.box.close(msgspec.json.encode(goods), "goods", entry.shop_id, event_id).packed()


def open_goods(box: Box, shop_id: str, event_id: str, sealed: bytes | None) -> tuple[str, ...]:
    """The goods an event brought, in clear."""
    if sealed is None:
        return ()
    from_box = box.open(Sealed.unpack(sealed), "goods", shop_id, event_id)
    return tuple(msgspec.json.decode(from_box, type=list[str]))


def record(tx: Tx, entries: Sequence[Entry], now: datetime) -> list[Recorded]:
    """Keep the events that are new; say of each what became of it, in the order given."""
    return _record(tx, [to_row(entry, now) for entry in entries], now)


def _record(tx: Tx, rows: list[dict[str, Any]], now: datetime) -> list[Recorded]:
    crashpoint("ingest.before_insert")
    # In one order for all, so that two writers with the same facts never wait for each other.
    kept = _insert_new(tx, sorted(rows, key=itemgetter("shop_id", "natural_id")))
    crashpoint("ingest.after_insert")
    answers = [Recorded(row["id"], "accepted") if row["id"] in kept else None for row in rows]
    known = _known(tx, [row for row, answer in zip(rows, answers, strict=True) if answer is None])
    return [
        answer or _judge(tx, row, known[row["shop_id"], row["natural_id"]], now)
        for row, answer in zip(rows, answers, strict=True)
    ]


def _insert_new(tx: Tx, rows: list[dict[str, Any]]) -> set[str]:
    ids = {row["id"] for row in rows}
    if bulk.insert(tx, EventRow, rows, once=("shop_id", "natural_id")) == len(rows):
        return ids
    return set(tx.execute(select(EventRow.id).where(EventRow.id.in_(ids))).scalars())


def _known(tx: Tx, rows: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[str, str]]:
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for row in rows:
        query = select(EventRow.id, EventRow.body_hash).where(
            EventRow.shop_id == row["shop_id"], EventRow.natural_id == row["natural_id"]
        )
        id_, body_hash = tx.execute(query).one()
        found[row["shop_id"], row["natural_id"]] = (id_, body_hash)
    return found


def _judge(tx: Tx, row: dict[str, Any], first: tuple[str, str], now: datetime) -> Recorded:
    # A shop system tells the same fact in other words each time; only our own API promises equal bodies.
    if first[1] == row["body_hash"] or row["source_id"] is not None:
        return Recorded(first[0], "duplicate")
    tx.execute(
        insert(Conflicting).values(
            id=row["id"],
            shop_id=row["shop_id"],
            natural_id=row["natural_id"],
            received_at=now,
            payload=row["payload"],
        )
    )
    return Recorded(first[0], "conflict")


class Intake:
    """Many doors, one insert: events that arrive while a write is under way are kept together by the next one."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        *,
        most: int = 500,
        flights: int = 2,
        hands: Hands | None = None,
    ) -> None:
        self._store = store
        self._now = now
        self._hands = hands
        self._most = most
        self._free = flights
        self._waiting: deque[_Parcel] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def put(self, entries: Sequence[Entry]) -> list[Recorded]:
        """Keep the events durably; see `record`.

        Raises:
            NotReady: nothing was kept.
        """
        parcel = _Parcel(entries, asyncio.get_running_loop().create_future())
        if mutant.without("ack_before_commit"):
            parcel.settle([Recorded(each.event.id, "accepted") for each in entries])
        self._waiting.append(parcel)
        if self._free:
            self._free -= 1
            task = asyncio.create_task(self._fly())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await parcel.answer

    async def _fly(self) -> None:
        try:
            while self._waiting:
                await self._keep(self._take())
        finally:
            self._free += 1

    def _take(self) -> list[_Parcel]:
        batch: list[_Parcel] = []
        size = 0
        while self._waiting and (not batch or size + len(self._waiting[0].entries) <= self._most):
            batch.append(self._waiting.popleft())
            size += len(batch[-1].entries)
        return batch

    async def _keep(self, batch: list[_Parcel]) -> None:
        handed = self._hands is not None and self._hands.room() >= sum(len(parcel.entries) for parcel in batch)
        until = self._hands.until() if self._hands is not None and handed else None
        entries = [entry for parcel in batch for entry in parcel.entries]
        writing = self._store.write(partial(_record_for_hands, entries, self._now(), until))
        # Gathered, so that no error of any kind leaves a caller waiting for ever.
        (kept,) = await asyncio.gather(writing, return_exceptions=True)
        if isinstance(kept, BaseException):
            await self._mend(batch, kept)
            return
        crashpoint("ingest.after_commit")
        fresh, answers = kept
        if self._hands is not None and handed:
            self._hands.offer(fresh)
        left = iter(answers)
        for parcel in batch:
            parcel.settle([next(left) for _ in parcel.entries])

    async def _mend(self, batch: list[_Parcel], error: BaseException) -> None:
        # One request the database cannot take must not refuse the others that travelled with it.
        if len(batch) == 1 or isinstance(error, NotReady):
            for parcel in batch:
                parcel.fail(error)
            return
        for parcel in batch:
            await self._keep([parcel])


@dataclass(frozen=True)
class _Parcel:
    entries: Sequence[Entry]
    answer: asyncio.Future[list[Recorded]]

    def settle(self, recorded: list[Recorded]) -> None:
        if not self.answer.done():
            self.answer.set_result(recorded)

    def fail(self, error: BaseException) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


def _record_for_hands(
    entries: Sequence[Entry], now: datetime, until: datetime | None, tx: Tx
) -> tuple[list[Fresh], list[Recorded]]:
    """Keep the events; with `until`, under a lease from birth, so that whoever gets the rows need not claim them.

    If this process dies the rows are due again when that lease ends.
    """
    fresh = [Fresh(to_row(entry, now), entry.event) for entry in entries]
    lease = {} if until is None else {"state": int(State.LEASED), "due_at": until, "lease_gen": 1, "tries": 1}
    answers = _record(tx, [each.values | lease for each in fresh], now)
    return [each for each, said in zip(fresh, answers, strict=True) if said.status == "accepted"], answers
