"""Which messages a query means that could be sent again in bulk, and what became of those of a job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from orderbell.channels.directory import CHANNELS
from orderbell.delivery import again
from orderbell.store.schema import Message, ResendItem
from orderbell.web.panel.queries import messages
from orderbell.web.panel.queries.sought import Wish


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The messages, newest first, at most one more than a job takes; `cost_minor` is in CNY fen."""

    rows: Sequence[Any]
    by_channel: Mapping[str, int]
    by_reason: Mapping[str, int]
    already: int
    cost_minor: int

    @property
    def until(self) -> str:
        """The newest of them: what fails later is not part of the job."""
        return self.rows[0].id if self.rows else ""


def choose(tx: Connection, shop_id: str, wish: Wish, *, until: str = "") -> Chosen:
    """What of a wish failed (or, where asked for, has no known outcome) and was not sent again yet."""
    asked = wish.read.filters.get("status", ())
    # Arrived or called off: sending such again by the thousand is never what somebody meant.
    statuses = [each for each in again.WANTED if each in asked] or ["failed"]
    query = select(Message.id, Message.channel, Message.reason).where(*messages.wanted(tx, shop_id, wish))
    query = query.where(Message.status.in_(statuses))
    if until:
        query = query.where(Message.id <= until)
    found = tx.execute(query.order_by(Message.id.desc()).limit(again.MOST + 1)).all()
    known = again.sent_again(tx, shop_id, [row.id for row in found])
    rows = [row for row in found if row.id not in known]
    channels = Counter(row.channel for row in rows)
    cost = sum(CHANNELS[kind].traits.cost_minor * n for kind, n in channels.items() if kind in CHANNELS)
    return Chosen(
        rows=rows, by_channel=dict(channels.most_common()), already=len(known), cost_minor=cost,
        by_reason=dict(Counter(row.reason or "" for row in rows).most_common()),
    )  # fmt: skip


def outcomes(tx: Connection, shop_id: str, job_id: str) -> dict[str, int]:
    """Of a job's messages: how many had which outcome; "" are those that still wait."""
    query = select(func.coalesce(ResendItem.outcome, ""), func.count()).where(
        ResendItem.shop_id == shop_id, ResendItem.job_id == job_id
    )
    return {row[0]: row[1] for row in tx.execute(query.group_by(ResendItem.outcome))}
