"""How often somebody may try: counters in bucket rows, one statement each, the same on both databases."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, select
from sqlalchemy.dialects import postgresql, sqlite

from orderbell.base.errors import TooOften
from orderbell.store.schema import Bucket

FEW_MINUTES, AN_HOUR, A_DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """At most `most` within `window`, for one `what` (`order`, `ip` …) and one `who`."""

    what: str
    who: str
    most: int
    window: timedelta

    @property
    def name(self) -> str:
        """The bucket's name; hashed, so that the table holds no address and no order number."""
        return hashlib.sha256(f"{self.what}\x1f{self.who}".encode()).hexdigest()[:32]


def lookup_limits(ip_prefix: str, order_number: str) -> tuple[Limit, ...]:
    """How often an order may be asked for wrongly (promise G4). An order is never locked for the rightful buyer:
    the signed link in the mail has no limit.
    """
    return (
        Limit("lookup.order", f"{ip_prefix}\x1f{order_number}", 5, FEW_MINUTES),
        Limit("lookup.number", order_number, 50, FEW_MINUTES),
        Limit("lookup.ip", ip_prefix, 20, AN_HOUR),
    )


def sign_in_limits(ip_prefix: str, email: str) -> tuple[Limit, ...]:
    """How often a password may be tried wrongly."""
    return (
        Limit("sign_in.pair", f"{ip_prefix}\x1f{email}", 8, FEW_MINUTES),
        Limit("sign_in.email", email, 50, AN_HOUR),
        Limit("sign_in.ip", ip_prefix, 40, AN_HOUR),
    )


def second_step_limits(ip_prefix: str, staff_id: str) -> tuple[Limit, ...]:
    """How often a code of the second factor may be tried wrongly: a million codes last far longer than this allows."""
    return (
        Limit("second_step.staff", staff_id, 6, FEW_MINUTES),
        Limit("second_step.day", staff_id, 30, A_DAY),
        Limit("second_step.ip", ip_prefix, 40, AN_HOUR),
    )


def check(tx: Connection, limits: Iterable[Limit], *, now: datetime) -> None:
    """Let pass who is under all limits; counts nothing.

    Raises:
        TooOften: one limit is reached.
    """
    wanted = {limit.name: limit for limit in limits}
    buckets = select(Bucket.name, Bucket.count.label("tries"), Bucket.until).where(Bucket.name.in_(wanted))
    rows = tx.execute(buckets).all()
    full = [row.until for row in rows if row.until > now and row.tries >= wanted[row.name].most]
    if full:
        wait_s = max(1, round((max(full) - now).total_seconds()))
        raise TooOften("Too many tries. Please wait a little.", retry_after_s=wait_s)


def count(tx: Connection, limits: Iterable[Limit], *, now: datetime) -> None:
    """Count one try against each limit; a bucket whose window has passed starts anew."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    for limit in limits:
        fresh = dialect.insert(Bucket).values(name=limit.name, count=1, until=now + limit.window)
        over = Bucket.until <= now
        tx.execute(
            fresh.on_conflict_do_update(
                index_elements=["name"],
                set_={
                    "count": case((over, 1), else_=Bucket.count + 1),
                    "until": case((over, fresh.excluded.until), else_=Bucket.until),
                },
            )
        )
