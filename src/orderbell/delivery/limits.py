"""How often an account may send: never more in any minute than its provider allows, all workers together.

A robot that is spoken to more often is muted for ten minutes by some providers, so the minute slides and there is no
burst on top. What was spent is a row, locked by whoever claims messages of that account and kept with the claim: it
survives a restart, and a claim that is rolled back spent nothing. Accounts without a limit cost no statement.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import select

from orderbell.base import mutant
from orderbell.base.clock import EPOCH
from orderbell.channels.directory import CHANNELS
from orderbell.store import bulk
from orderbell.store.database import Tx
from orderbell.store.schema import Allowance

WINDOW_S = 60
Spent = Sequence[Sequence[int]]


@dataclass
class Minute:
    """An account's last minute: seconds since 1970 with how many messages went in each, the oldest first."""

    most: int
    shop_id: str
    spent: deque[list[int]]
    _waiting: int = 0
    used: bool = False

    def take(self, now: datetime) -> datetime | None:
        """Spend one: None when it may go now, else the moment its turn comes, after those told to wait before it."""
        second = int((now - EPOCH).total_seconds())
        if sum(count for _, count in self.spent) < self.most:
            self._spend(second)
            return None
        self._waiting += 1
        return self._turn(second)

    def _spend(self, second: int) -> None:
        self.used = True
        if self.spent and self.spent[-1][0] == second:
            self.spent[-1][1] += 1
        else:
            self.spent.append([second, 1])

    def _turn(self, second: int) -> datetime:
        ahead = (self._waiting - 1) % self.most + 1
        minutes = (self._waiting - 1) // self.most
        for at, count in self.spent:
            ahead -= count
            if ahead <= 0:
                second = at
                break
        # A second is over only when it has ended, hence the one more.
        return EPOCH + timedelta(seconds=second + (minutes + 1) * WINDOW_S + 1)


def read_minute(most: int, shop_id: str, spent: Spent, now: datetime) -> Minute:
    """The last minute as it is now; what lies ahead of a clock that fell back counts as spent just now."""
    second = int((now - EPOCH).total_seconds())
    kept = deque([min(at, second), count] for at, count in spent if at + WINDOW_S >= second)
    return Minute(most, shop_id, kept)


class Limits:
    """The allowances of the accounts in one claim; locked until its transaction ends."""

    def __init__(self, tx: Tx, rows: Sequence[SqlRow[Any]], now: datetime) -> None:
        self._now = now
        self._minutes = _open(tx, wanted, now) if (wanted := _limited(rows)) else {}

    def take(self, provider_id: str) -> datetime | None:
        """None when a message of this account may go now, else when its turn comes."""
        minute = self._minutes.get(provider_id)
        return None if minute is None or mutant.without("rate_limit") else minute.take(self._now)

    def keep(self, tx: Tx) -> None:
        """Write down what was spent."""
        rows = [
            {"provider_id": id_, "shop_id": minute.shop_id, "spent": [*minute.spent]}
            for id_, minute in self._minutes.items()
            if minute.used
        ]
        bulk.insert(tx, Allowance, rows, once=("provider_id",), renew=("spent",))


def _limited(rows: Sequence[SqlRow[Any]]) -> dict[str, tuple[int, str]]:
    """The accounts of these messages that have a limit: messages a minute, and the shop."""
    found = {}
    for row in rows:
        channel = CHANNELS.get(row.channel) if row.provider_id else None
        if channel is not None and channel.traits.per_minute > 0:
            found[row.provider_id] = (channel.traits.per_minute, row.shop_id)
    return found


def _open(tx: Tx, wanted: Mapping[str, tuple[int, str]], now: datetime) -> dict[str, Minute]:
    held = _lock(tx, wanted)
    missing = [{"provider_id": id_, "shop_id": wanted[id_][1], "spent": []} for id_ in sorted(wanted.keys() - held)]
    if missing:
        # A row nobody has made yet cannot be locked, and two workers must not both begin with a full minute.
        bulk.insert(tx, Allowance, missing, once=("provider_id",))
        held = _lock(tx, wanted)
    return {id_: read_minute(most, shop_id, held[id_], now) for id_, (most, shop_id) in wanted.items()}


def _lock(tx: Tx, wanted: Mapping[str, tuple[int, str]]) -> dict[str, Spent]:
    query = select(Allowance.provider_id, Allowance.spent).where(Allowance.provider_id.in_(sorted(wanted)))
    return {row[0]: row[1] for row in tx.execute(query.order_by(Allowance.provider_id).with_for_update())}
