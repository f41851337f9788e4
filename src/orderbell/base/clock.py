"""The one place that knows what time it is; moments are aware and UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from orderbell.base.errors import BadInput

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Anything that tells the time; tests bring one they can turn."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return datetime.now(UTC)


def to_micros(at: datetime) -> int:
    """Microseconds since 1970, exact (no float on the way)."""
    return (at - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The moment `micros` microseconds after 1970, aware, UTC."""
    return EPOCH + timedelta(microseconds=micros)


def read_moment(text: str, *, field: str) -> datetime:
    """An ISO 8601 moment with a zone, as UTC.

    Raises:
        BadInput: `bad_time` when it is not ISO 8601 or has no zone.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{field} is not an ISO 8601 time: {text[:40]!r}.", code="bad_time") from None
    if at.tzinfo is None:
        raise BadInput(f"{field} needs a time zone, for example +08:00 or Z.", code="bad_time")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise BadInput(f"{field} is out of range.", code="bad_time") from None
