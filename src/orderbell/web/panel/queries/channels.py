"""Channels with their accounts and what went by each today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select
from sqlalchemy import Row as SqlRow

from orderbell.delivery import accounts
from orderbell.store.schema import Message, Shop
from orderbell.web.panel.queries import messages
from orderbell.web.panel.queries.overview import first_id

SANDBOX_PAGE = 30
AnyRow = SqlRow[*tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """All accounts by kind, and today's messages by kind and status."""

    accounts: Mapping[str, Sequence[AnyRow]]
    today: Mapping[str, Mapping[str, int]]


def desk(tx: Connection, shop_id: str, *, now: datetime) -> Desk:
    """What the channels page shows."""
    by_kind: dict[str, list[AnyRow]] = {}
    for row in accounts.list_accounts(tx, shop_id):
        by_kind.setdefault(row.kind, []).append(row)
    zone = tx.execute(select(Shop.timezone).where(Shop.id == shop_id)).scalar_one()
    midnight = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    query = (
        select(Message.channel, Message.status, func.count())
        .where(Message.shop_id == shop_id, Message.id >= first_id("message", midnight))
        .group_by(Message.channel, Message.status)
    )
    today: dict[str, dict[str, int]] = {}
    for channel, status, count in tx.execute(query):
        today.setdefault(channel, {})[status] = count
    return Desk(accounts=by_kind, today=today)


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """A page of the sandbox mailbox; `older` is the next page's cursor, `chosen` the message that is open."""

    rows: Sequence[AnyRow]
    older: str
    chosen: AnyRow | None
    kinds: Sequence[str]


def mailbox(tx: Connection, shop_id: str, *, channel: str, before: str, open_id: str) -> Mailbox:
    """Messages that went to the sandbox because their channel has no account."""
    query = messages.line().where(
        Message.shop_id == shop_id, Message.provider_id.is_(None), Message.channel != "inbox", Message.status == "sent"
    )
    if before:
        query = query.where(Message.id < before)
    if channel:
        query = query.where(Message.channel == channel)
    rows = tx.execute(query.order_by(Message.id.desc()).limit(SANDBOX_PAGE + 1)).all()
    kinds = select(Message.channel).where(Message.shop_id == shop_id).group_by(Message.channel)
    wanted = open_id or (rows[0].id if rows else "")
    chosen = select(Message.__table__).where(Message.shop_id == shop_id, Message.id == wanted)
    return Mailbox(
        rows=rows[:SANDBOX_PAGE], older=rows[SANDBOX_PAGE - 1].id if len(rows) > SANDBOX_PAGE else "",
        chosen=tx.execute(chosen).one_or_none(), kinds=list(tx.execute(kinds).scalars()),
    )  # fmt: skip
