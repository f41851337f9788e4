"""Counts what passes, from lists that exist anyway; at level debug it also tells each step with its trace id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from orderbell.base import log, metrics, trace
from orderbell.base.clock import to_micros
from orderbell.base.ids import born_ms
from orderbell.channels.base import Taken
from orderbell.delivery.record import Landed
from orderbell.store.journal import Recorded

_OUTCOMES = {"Taken": "taken", "Refused": "refused", "TryLater": "later", "NotWorded": "not_worded"}
_log = log.get("way")


def recorded(source: str, answers: Sequence[Recorded], took_s: float) -> None:
    """Events of one request are on the disk."""
    metrics.ACCEPT_SECONDS.observe(took_s)
    metrics.ingested(source, [each.status for each in answers])
    if answers:
        trace.heard(answers[0].id)
    if log.tells_steps():
        for each in answers:
            _log.debug("told", trace=trace.of(each.id), source=source, status=each.status, took_ms=_ms(took_s))


def decided(rows: Sequence[Any]) -> None:
    """Events of one batch were decided."""
    metrics.DECIDE_BATCH.observe(len(rows))
    if log.tells_steps():
        for row in rows:
            _log.debug("decided", trace=trace.of(row.id), order=row.order_number, type=row.type)


def rung(rows: Sequence[Any], now: datetime) -> None:
    """Timers ring."""
    for row in rows:
        metrics.TIMER_LATE_SECONDS.observe(max(0.0, (now - row.due_at).total_seconds()))


def landed(flights: Sequence[Landed], *, then: Callable[[], None]) -> None:
    """Results of tries are on the disk; `then` lets live pages know."""
    metrics.attempts([(each.flight.row.channel, outcome(each)) for each in flights])
    for each in flights:
        _time(each)
    if flights and log.tells_steps():
        for each in flights:
            _tell(each)
    then()


def outcome(flight: Landed) -> str:
    """How a try ended, in one word."""
    return _OUTCOMES.get(type(flight.outcome).__name__, "unsure")


def _time(each: Landed) -> None:
    row = each.flight.row
    metrics.sending(row.channel).observe(max(0.0, (each.at - each.flight.started_at).total_seconds()))
    if isinstance(each.outcome, Taken) and each.flight.number == 1 and row.resend_of is None:
        # The event's id knows when it was written down: no row is read for it.
        waited_ms = to_micros(each.at) / 1000 - born_ms(row.event_id)
        metrics.EVENT_TO_PROVIDER_SECONDS.observe(max(0.0, waited_ms / 1000))


def _tell(each: Landed) -> None:
    row = each.flight.row
    _log.debug(
        "sent", trace=trace.of(row.event_id), message=row.id, channel=row.channel, attempt=each.flight.number,
        outcome=outcome(each), took_ms=_ms((each.at - each.flight.started_at).total_seconds()),
    )  # fmt: skip


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
