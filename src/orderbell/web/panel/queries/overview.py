"""What the first page shows. Ids are born in order of time, so a day is a range of ids: no moment column is scanned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from orderbell.base.clock import to_micros
from orderbell.base.ids import PREFIXES
from orderbell.channels.directory import CHANNELS
from orderbell.store.schema import EventRow, Message, Order, Product, Provider, State, Task
from orderbell.web.panel.queries import messages
from orderbell.web.panel.queries.messages import AnyRow

ARRIVED = ("sent", "delivered")
ENDED_BADLY = ("failed", "unknown")
SPEED_SAMPLE = 500
FEED_ROWS = 12
MOST_WANTS = 20
HOURS = 24
STATUSES = ("queued", "held", "sending", "sent", "delivered", "failed", "unknown", "suppressed", "cancelled")
# A message's id is born at most this long before its row is committed.
SETTLES_WITHIN = timedelta(minutes=2)
MOST_HOURS_KEPT = 4096
_closed_hours: dict[tuple[str, datetime], Mapping[str, int]] = {}


@dataclass(frozen=True, kw_only=True)
class Day:
    """How many messages a day made, by status."""

    by_status: Mapping[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_status.values())

    @property
    def rate(self) -> float | None:
        """The share that arrived of those that ended one way or the other; None when none did."""
        good = sum(self.by_status.get(status, 0) for status in ARRIVED)
        ended = good + sum(self.by_status.get(status, 0) for status in ENDED_BADLY)
        return good / ended if ended else None


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The first page's facts, all of one moment."""

    today: Day
    yesterday: Day
    p95_ms: float | None
    hours: Mapping[str, Sequence[int]]
    feed: Sequence[AnyRow]
    providers: Mapping[str, str]
    tasks: Sequence[AnyRow]
    stuck_messages: Sequence[AnyRow]
    stuck_events: Sequence[AnyRow]
    failing: Sequence[AnyRow]
    low: Sequence[AnyRow]
    is_new: bool

    @property
    def wants(self) -> int:
        """How many things need a person."""
        return sum(map(len, (self.tasks, self.stuck_messages, self.stuck_events, self.failing, self.low)))


def first_id(kind: str, at: datetime) -> str:
    """The smallest id that could be born at that moment (a UUIDv7 begins with its millisecond)."""
    return f"{PREFIXES[kind]}_{to_micros(at) // 1000:012x}"


def read(tx: Connection, shop_id: str, *, now: datetime, zone: str) -> Overview:
    """Everything the first page shows."""
    midnight = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return Overview(
        today=_day(tx, shop_id, midnight, now + timedelta(seconds=1)),
        yesterday=_day(tx, shop_id, midnight - timedelta(days=1), midnight),
        p95_ms=_p95(tx, shop_id), hours=_hours(tx, shop_id, now), feed=messages.newest(tx, shop_id, FEED_ROWS),
        providers=messages.provider_names(tx, shop_id), tasks=_tasks(tx, shop_id), failing=_failing(tx, shop_id),
        stuck_messages=_stuck_messages(tx, shop_id), stuck_events=_stuck_events(tx, shop_id), low=_low(tx, shop_id),
        is_new=tx.execute(select(Order.id).where(Order.shop_id == shop_id).limit(1)).first() is None,
    )  # fmt: skip


def _day(tx: Connection, shop_id: str, start: datetime, end: datetime) -> Day:
    """A day's messages by status: one walk along the status index for each."""
    span = (Message.id >= first_id("message", start), Message.id < first_id("message", end))
    mine = Message.shop_id == shop_id
    counts = [
        select(func.count()).select_from(Message).where(mine, Message.status == status, *span).scalar_subquery()
        for status in STATUSES
    ]
    return Day(by_status=dict(zip(STATUSES, tx.execute(select(*counts)).one(), strict=True)))


def _p95(tx: Connection, shop_id: str) -> float | None:
    """From hearing the event to the provider's yes, over the newest messages that went at the first try."""
    query = (
        select(Message.sent_at, EventRow.received_at)
        .join(EventRow, EventRow.id == Message.event_id)
        .where(Message.shop_id == shop_id, Message.sent_at.is_not(None), Message.resend_of.is_(None))
        .where(Message.tries <= 1)
        .order_by(Message.id.desc())
        .limit(SPEED_SAMPLE)
    )
    spans = sorted((sent - heard).total_seconds() * 1000 for sent, heard in tx.execute(query) if sent)
    return spans[min(len(spans) - 1, int(len(spans) * 0.95))] if spans else None


def _hours(tx: Connection, shop_id: str, now: datetime) -> dict[str, list[int]]:
    """Messages of the last 24 clock hours by channel, the oldest first; an hour that is over is counted once."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    starts = [this_hour - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
    counted = [_hour(tx, shop_id, start, now) for start in starts]
    channels = sorted({channel for hour in counted for channel in hour})
    return {channel: [hour.get(channel, 0) for hour in counted] for channel in channels}


def _hour(tx: Connection, shop_id: str, start: datetime, now: datetime) -> Mapping[str, int]:
    known = _closed_hours.get((shop_id, start))
    if known is not None:
        return known
    end = start + timedelta(hours=1)
    mine = (Message.shop_id == shop_id, Message.id >= first_id("message", start), Message.id < first_id("message", end))
    counts = [
        select(func.count()).select_from(Message).where(*mine, Message.channel == kind).scalar_subquery()
        for kind in CHANNELS
    ]
    row = tx.execute(select(*counts)).one()
    hour = {kind: count for kind, count in zip(CHANNELS, row, strict=True) if count}
    if now - end > SETTLES_WITHIN:
        if len(_closed_hours) >= MOST_HOURS_KEPT:
            _closed_hours.clear()
        _closed_hours[shop_id, start] = hour
    return hour


def _tasks(tx: Connection, shop_id: str) -> Sequence[AnyRow]:
    query = (
        select(Task.id, Task.kind, Task.subject_id, Task.detail, Task.opened_at, Order.number)
        .join(Order, Order.id == Task.subject_id, isouter=True)
        .where(Task.shop_id == shop_id, Task.closed_at.is_(None))
        .order_by(Task.id)
    )
    return tx.execute(query.limit(MOST_WANTS)).all()


def _stuck_messages(tx: Connection, shop_id: str) -> Sequence[AnyRow]:
    query = messages.line().where(
        Message.shop_id == shop_id, Message.status == "failed", Message.state == int(State.STUCK)
    )
    return tx.execute(query.order_by(Message.id.desc()).limit(MOST_WANTS)).all()


def _stuck_events(tx: Connection, shop_id: str) -> Sequence[AnyRow]:
    query = select(EventRow.id, EventRow.type, EventRow.order_number, EventRow.error, EventRow.received_at).where(
        EventRow.shop_id == shop_id, EventRow.state == int(State.STUCK)
    )
    return tx.execute(query.limit(MOST_WANTS)).all()


def _failing(tx: Connection, shop_id: str) -> Sequence[AnyRow]:
    troubled = Provider.failing_since.is_not(None) | Provider.disabled_at.is_not(None)
    return tx.execute(select(Provider.__table__).where(Provider.shop_id == shop_id, troubled)).all()


def _low(tx: Connection, shop_id: str) -> Sequence[AnyRow]:
    query = select(Product.id, Product.title, Product.free, Product.low_at, Product.sku).where(
        Product.shop_id == shop_id, Product.kind == "card", Product.archived_at.is_(None),
        Product.free <= Product.low_at,
    )  # fmt: skip
    return tx.execute(query.order_by(Product.free).limit(MOST_WANTS)).all()
