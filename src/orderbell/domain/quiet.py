"""Quiet hours: when nobody wants to be woken, and when the quiet ends. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orderbell.base.errors import BadInput

DAY_MINUTES = 24 * 60
ZONES = ("recipient", "shop")
WISHES = ("shop", "own", "never")
"""What a rule may say: wait as the shop does, keep hours of its own, or never wait."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A time of day, in minutes after midnight; it may go past midnight. `zone`: whose clock, recipient or shop."""

    begins: int
    ends: int
    zone: str = "recipient"

    def until(self, now: datetime, zone: str) -> datetime | None:
        """When the quiet that reigns at `now` ends; None while it does not reign."""
        place = place_of(zone)
        here = now.astimezone(place)
        minute = here.hour * 60 + here.minute
        past_midnight = self.begins > self.ends
        if past_midnight:
            reigns = minute >= self.begins or minute < self.ends
        else:
            reigns = self.begins <= minute < self.ends
        if not reigns:
            return None
        # Not by adding minutes: on the day the clocks change there are 23 or 25 hours.
        day = here.date() + timedelta(days=1 if past_midnight and minute >= self.begins else 0)
        return datetime.combine(day, time(self.ends // 60, self.ends % 60), place).astimezone(UTC)


def check(begins: object, ends: object, zone: object = "recipient") -> None:
    """Raises BadInput unless both are minutes of a day, not the same, and the zone is one of ZONES."""
    for minute, field in ((begins, "quiet_from"), (ends, "quiet_until")):
        if not isinstance(minute, int) or not 0 <= minute < DAY_MINUTES:
            raise BadInput("A time of day is 00:00 to 23:59.", code="bad_quiet", field=field)
    if begins == ends:
        raise BadInput("Quiet hours need an end that is not their beginning.", code="bad_quiet", field="quiet_until")
    if zone not in ZONES:
        raise BadInput("Quiet hours go by the recipient's or the shop's time zone.", code="bad_quiet", field="zone")


def of_shop(settings: Mapping[str, Any]) -> Quiet | None:
    """The quiet hours a shop keeps; None when it keeps none."""
    kept = settings.get("quiet")
    return Quiet(kept["from"], kept["until"], kept.get("zone", "recipient")) if kept else None


def of_rule(row: Any, shop: Quiet | None) -> Quiet | None:
    """The quiet hours of a rule's row, given its shop's; urgent news never waits."""
    if row.lane == 0 or row.quiet == "never":
        return None
    if row.quiet == "own" and row.quiet_from is not None and row.quiet_until is not None:
        return Quiet(row.quiet_from, row.quiet_until, shop.zone if shop else "recipient")
    return shop


# A zone comes from the buyer's shop: an unknown one must not stop a message.
@cache
def place_of(zone: str) -> ZoneInfo:
    """The place of a zone's name; UTC when nobody knows it."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def to_minutes(text: str) -> int:
    """`22:30` as minutes after midnight.

    Raises:
        BadInput: `bad_quiet`.
    """
    hour, _, minute = text.strip().partition(":")
    if not (hour.isdigit() and minute.isdigit() and len(hour) < 3 and len(minute) == 2 and hour.isascii()):
        raise BadInput("A time of day is 00:00 to 23:59.", code="bad_quiet")
    found = int(hour) * 60 + int(minute)
    if found >= DAY_MINUTES or int(minute) > 59:
        raise BadInput("A time of day is 00:00 to 23:59.", code="bad_quiet")
    return found


def to_clock(minutes: int | None) -> str:
    """Minutes after midnight as `22:30`; empty for None."""
    return "" if minutes is None else f"{minutes // 60:02d}:{minutes % 60:02d}"
