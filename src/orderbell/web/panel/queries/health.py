"""How the house is, as the panel shows it: what waits, what is stuck, how tries end. Every look is bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy import Row as SqlRow

from orderbell.delivery import accounts, stuck
from orderbell.delivery.stuck import Group
from orderbell.runtime import vitals
from orderbell.runtime.vitals import Facts
from orderbell.store.schema import Attempt
from orderbell.web.panel.queries.overview import first_id

MOST_TRIES = 5000
TRIES_WITHIN = timedelta(hours=24)
AnyRow = SqlRow[*tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Health:
    """Everything of one moment; `tries` are by account (None: the sandbox mailbox) and outcome."""

    facts: Facts
    stuck: Sequence[Group]
    accounts: Sequence[AnyRow]
    tries: Mapping[tuple[str | None, str], int]

    @property
    def tried(self) -> int:
        """How many tries were counted; MOST_TRIES means that there were more."""
        return sum(self.tries.values())


def read(tx: Connection, shop_id: str, *, now: datetime) -> Health:
    """What the page shows of a shop."""
    return Health(
        facts=vitals.read_facts(tx, now=now, shop_id=shop_id), stuck=stuck.groups(tx, shop_id),
        accounts=accounts.list_accounts(tx, shop_id), tries=_tries(tx, shop_id, now),
    )  # fmt: skip


def _tries(tx: Connection, shop_id: str, now: datetime) -> dict[tuple[str | None, str], int]:
    """The newest tries of the last 24 hours; ids are born in order of time, so this is a piece of the key's index."""
    newest = (
        select(Attempt.shop_id, Attempt.provider_id, Attempt.outcome)
        .where(Attempt.id >= first_id("attempt", now - TRIES_WITHIN))
        .order_by(Attempt.id.desc())
        .limit(MOST_TRIES)
        .subquery()
    )
    query = select(newest.c.provider_id, newest.c.outcome, func.count()).where(newest.c.shop_id == shop_id)
    rows = tx.execute(query.group_by(newest.c.provider_id, newest.c.outcome))
    return {(provider, outcome or "running"): count for provider, outcome, count in rows}
