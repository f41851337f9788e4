"""What the first page shows. Ids are born in order of time, so a day is a range of ids: no moment column is scanned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from orderbell.base.clock import to_micros
from orderbell.base.ids import PREFIXES
from orderbell.channels.directory import CHANNELS
from orderbell.domain import first_run
from orderbell.domain.first_run import Firsts
from orderbell.store.schema import EventRow, Message, Order, Product, Provider, State, Task
from orderbell.web.panel.queries import messages
from orderbell.web.panel.queries.messages import AnyRow

ARRIVED = ("sent", "delivered")
ENDED_BADLY = ("failed", "unknown")
SPEED_SAMPLE = 500
FEED_ROWS = 12
MOST_WANTS = 20
HOURS = 24
RANGES: Mapping[str, int] = {"24h": 0, "7d": 7, "30d": 30}
"""The chart's ranges: how many days each has, of which today is the last; 0 means the last 24 hours."""
TOO_MANY_FAILED, AT_LEAST_FAILED = 0.01, 2
STATUSES = ("queued", "held", "sending", "sent", "delivered", "failed", "unknown", "suppressed", "cancelled")
# A message's id is born at most this long before its row is committed.
SETTLES_WITHIN = timedelta(minutes=2)
MOST_SPANS_KEPT = 4096
_closed_spans: dict[tuple[str, datetime, datetime], Mapping[str, int]] = {}


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

    @property
    def failed(self) -> int:
        """How many failed for good, when that is more than a shop should bear; else 0."""
        failed, rate = self.by_status.get("failed", 0), self.rate
        return failed if failed >= AT_LEAST_FAILED and rate is not None and 1 - rate > TOO_MANY_FAILED else 0


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The first page's facts, all of one moment."""

    today: Day
    yesterday: Day
    """Yesterday up to the same time of day."""
    p95_ms: float | None
    p95_before_ms: float | None
    starts: Sequence[datetime]
    """Where each place of the chart begins, in the shop's zone."""
    columns: Mapping[str, Sequence[int]]
    """Messages by channel, one number for each place of the chart."""
    feed: Sequence[AnyRow]
    providers: Mapping[str, str]
    tasks: Sequence[AnyRow]
    stuck_messages: Sequence[AnyRow]
    stuck_events: Sequence[AnyRow]
    failing: Sequence[AnyRow]
    low: Sequence[AnyRow]
    firsts: Firsts

    @property
    def wants(self) -> int:
        """How many things need a person."""
        rows = (self.tasks, self.stuck_messages, self.stuck_events, self.failing, self.low)
        return sum(map(len, rows)) + bool(self.today.failed)


def first_id(kind: str, at: datetime) -> str:
    """The smallest id that could be born at that moment (a UUIDv7 begins with its millisecond)."""
    return f"{PREFIXES[kind]}_{to_micros(at) // 1000:012x}"


def read(tx: Connection, shop_id: str, *, now: datetime, zone: str, range_: str = "24h") -> Overview:
    """Everything the first page shows; `range_` is one of RANGES."""
    here = now.astimezone(ZoneInfo(zone))
    midnight, day = here.replace(hour=0, minute=0, second=0, microsecond=0), timedelta(days=1)
    starts = _starts(here, RANGES[range_])
    return Overview(
        today=_day(tx, shop_id, midnight, now + timedelta(seconds=1)),
        yesterday=_day(tx, shop_id, midnight - day, here - day),
        p95_ms=_p95(tx, shop_id, now + timedelta(seconds=1)),
        p95_before_ms=_p95(tx, shop_id, here - day, midnight - day),
        starts=starts, columns=_columns(tx, shop_id, starts, now), feed=messages.newest(tx, shop_id, FEED_ROWS),
        providers=messages.provider_names(tx, shop_id), tasks=_tasks(tx, shop_id), failing=_failing(tx, shop_id),
        stuck_messages=_stuck_messages(tx, shop_id), stuck_events=_stuck_events(tx, shop_id), low=_low(tx, shop_id),
        firsts=first_run.look(tx, shop_id),
    )  # fmt: skip


def _starts(here: datetime, days: int) -> list[datetime]:
    """Where the places of the chart begin, the oldest first; the last one holds now."""
    if days:
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
        return [midnight - timedelta(days=back) for back in range(days - 1, -1, -1)]
    # In UTC, so that an hour is an hour on the days a zone changes its clock as well.
    hour = here.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return [(hour - timedelta(hours=back)).astimezone(here.tzinfo) for back in range(HOURS - 1, -1, -1)]


def _day(tx: Connection, shop_id: str, start: datetime, end: datetime) -> Day:
    """A day's messages by status: one walk along the status index for each."""
    span = (Message.id >= first_id("message", start), Message.id < first_id("message", end))
    mine = Message.shop_id == shop_id
    counts = [
        select(func.count()).select_from(Message).where(mine, Message.status == status, *span).scalar_subquery()
        for status in STATUSES
    ]
    return Day(by_status=dict(zip(STATUSES, tx.execute(select(*counts)).one(), strict=True)))


def _p95(tx: Connection, shop_id: str, before: datetime, since: datetime | None = None) -> float | None:
    """From hearing the event to the provider's yes, over the newest messages that went at the first try."""
    query = (
        select(Message.sent_at, EventRow.received_at)
        .join(EventRow, EventRow.id == Message.event_id)
        .where(Message.shop_id == shop_id, Message.sent_at.is_not(None), Message.resend_of.is_(None))
        .where(Message.tries <= 1, Message.id < first_id("message", before))
        .order_by(Message.id.desc())
        .limit(SPEED_SAMPLE)
    )
    if since is not None:
        query = query.where(Message.id >= first_id("message", since))
    spans = sorted((sent - heard).total_seconds() * 1000 for sent, heard in tx.execute(query) if sent)
    return spans[min(len(spans) - 1, int(len(spans) * 0.95))] if spans else None


def _columns(tx: Connection, shop_id: str, starts: Sequence[datetime], now: datetime) -> dict[str, list[int]]:
    """Messages by channel for each place; one that is over is counted once."""
    ends = [*starts[1:], now + timedelta(seconds=1)]
    counted = [_span(tx, shop_id, start, end, now=now) for start, end in zip(starts, ends, strict=True)]
    channels = sorted({channel for span in counted for channel in span})
    return {channel: [span.get(channel, 0) for span in counted] for channel in channels}


def _span(tx: Connection, shop_id: str, start: datetime, end: datetime, *, now: datetime) -> Mapping[str, int]:
    known = _closed_spans.get((shop_id, start, end))
    if known is not None:
        return known
    mine = (Message.shop_id == shop_id, Message.id >= first_id("message", start), Message.id < first_id("message", end))
    counts = [
        select(func.count()).select_from(Message).where(*mine, Message.channel == kind).scalar_subquery()
        for kind in CHANNELS
    ]
    row = tx.execute(select(*counts)).one()
    span = {kind: count for kind, count in zip(CHANNELS, row, strict=True) if count}
    if now - end > SETTLES_WITHIN:
        if len(_closed_spans) >= MOST_SPANS_KEPT:
            _closed_spans.clear()
        _closed_spans[shop_id, start, end] = span
    return span


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
