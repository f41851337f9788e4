"""Messages that wait to be sent: put once per natural key, sent again only when a person says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy import update as sql_update

from orderbell.base.crash import crashpoint
from orderbell.base.errors import Conflict, NotFound
from orderbell.base.ids import new_id
from orderbell.delivery.book import RuleCard
from orderbell.delivery.route import Recipient
from orderbell.domain import audit
from orderbell.store import bulk
from orderbell.store.database import Tx
from orderbell.store.schema import Message, State
from orderbell.store.tables.base import STUCK

AT_ONCE = timedelta(0)
RESENDABLE = ("sent", "delivered", "failed", "unknown", "suppressed", "cancelled")


def message_row(
    recipient: Recipient, rule: RuleCard, *, event: Any, order: Any | None, extras: dict[str, Any] | None, now: datetime
) -> dict[str, Any]:
    """The row of a fresh message; `event` is the journal row (id, shop_id, type), `order` an OrderState or None.

    `extras` are facts that the order will not tell when it is sent (a reason, a stock count).
    """
    return {
        "id": new_id("message"),
        "shop_id": event.shop_id,
        "natural_key": "|".join(
            (event.id, rule.audience, recipient.channel, recipient.provider_id or "", recipient.address)
        ),
        "event_id": event.id,
        "event_type": event.type,
        "order_id": order.id if order else None,
        "customer_id": order.customer_id if order and rule.audience == "buyer" else None,
        "rule_id": rule.id,
        "audience": rule.audience,
        "channel": recipient.channel,
        "provider_id": recipient.provider_id,
        "address": recipient.address,
        "locale": recipient.locale,
        "status": "queued",
        "reason": None,
        "template_version": None,
        "brand_version": None,
        "subject": None,
        "facts": extras,
        "created_at": now,
        "sent_at": None,
        "ended_at": None,
        "state": int(State.READY),
        "lane": rule.lane,
        "due_at": now,
        "lease_gen": 0,
        "tries": 0,
    }


def put(tx: Tx, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Keep messages; one whose natural key is known already stays what it was. The ids of those that are new."""
    fresh = list({row["natural_key"]: row for row in reversed(rows)}.values())[::-1]
    ids = {row["id"] for row in fresh}
    if bulk.insert(tx, Message, fresh, once=("shop_id", "natural_key")) == len(fresh):
        return ids
    return set(tx.execute(select(Message.id).where(Message.id.in_(ids))).scalars())


def resend(
    tx: Tx, shop_id: str, message_id: str, *, by: str, now: datetime, after: timedelta = AT_ONCE,
    to: Recipient | None = None,
) -> str:  # fmt: skip
    """Send a finished message once more because a person asked; a new message, linked to the old one.

    It leaves `after` that time, until when it can be called off; `to` is another way than the old one's.

    Raises:
        NotFound: no such message in this shop.
        Conflict: it is still on its way.
    """
    query = select(Message.__table__).where(Message.shop_id == shop_id, Message.id == message_id)
    old = tx.execute(query.with_for_update()).one_or_none()
    if old is None:
        raise NotFound("There is no such message.")
    if old.status not in RESENDABLE:
        raise Conflict("This message is still on its way.", code="still_sending")
    fresh = copy_of(old, now=now, due_at=now + after)
    detail = {"new": fresh["id"]}
    if to is not None:
        fresh |= {"channel": to.channel, "provider_id": to.provider_id, "address": to.address, "locale": to.locale}
        detail["channel"] = to.channel
    tx.execute(insert(Message).values(**fresh))
    let_go(tx, shop_id, [message_id])
    audit.note(tx, shop_id, actor=by, action="message.resend", object=message_id, now=now, detail=detail)
    crashpoint("outbox.after_resend")
    return str(fresh["id"])


def copy_of(old: Any, *, now: datetime, due_at: datetime, once: str = "") -> dict[str, Any]:
    """The row that says once more what the message `old` said; two with the same `once` are the same message."""
    id_ = new_id("message")
    return dict(old._mapping) | {
        "id": id_, "natural_key": f"{old.natural_key}|again:{once or id_}", "status": "queued", "reason": None,
        "template_version": None, "brand_version": None, "subject": None, "created_at": now, "sent_at": None,
        "ended_at": None, "read_at": None, "resend_of": old.id, "state": int(State.READY), "due_at": due_at,
        "lease_gen": 0, "tries": 0,
    }  # fmt: skip


def let_go(tx: Tx, shop_id: str, message_ids: Sequence[str]) -> None:
    """Messages that were sent again are stuck no more: nobody has to look at them a second time."""
    these = (Message.shop_id == shop_id, Message.id.in_(list(message_ids)), STUCK)
    tx.execute(sql_update(Message).where(*these).values(state=int(State.DONE)))


def call_off(tx: Tx, shop_id: str, message_id: str, *, by: str, now: datetime) -> None:
    """Take back a copy that a person asked for, while it has not left.

    Raises:
        NotFound: no such message in this shop.
        Conflict: `left_already`, a worker has it, or it never was a copy.
    """
    mine = (Message.shop_id == shop_id, Message.id == message_id)
    waits = (Message.state == int(State.READY), Message.tries == 0, Message.resend_of.is_not(None))
    ended = {"state": int(State.DONE), "status": "cancelled", "ended_at": now}
    if tx.execute(sql_update(Message).where(*mine, *waits).values(**ended)).rowcount == 0:
        if tx.execute(select(Message.id).where(*mine)).first() is None:
            raise NotFound("There is no such message.")
        raise Conflict("It has left already.", code="left_already")
    audit.note(tx, shop_id, actor=by, action="message.called_off", object=message_id, now=now)


def tell_again(tx: Tx, shop_id: str, order_id: str, event_type: str, *, by: str, now: datetime) -> int:
    """Send the buyer once more what was said of an event, by each channel that said it; how many messages."""
    query = select(Message.id).where(
        Message.shop_id == shop_id,
        Message.order_id == order_id,
        Message.event_type == event_type,
        Message.audience == "buyer",
        Message.status.in_(("sent", "delivered")),
        Message.resend_of.is_(None),
    )
    told = list(tx.execute(query).scalars())
    for message_id in told:
        resend(tx, shop_id, message_id, by=by, now=now)
    return len(told)


def mark_read(tx: Tx, shop_id: str, message_ids: Sequence[str], *, owner: str, now: datetime, until: str = "") -> int:
    """Mark inbox messages of one owner (a customer's or an order's id) as read; how many were unread.

    `until` names a message: it and all older ones are marked too.
    """
    return tx.execute(
        sql_update(Message)
        .where(
            Message.shop_id == shop_id,
            Message.id.in_(list(message_ids)) | (Message.id <= until),
            Message.channel == "inbox",
            (Message.customer_id == owner) | (Message.order_id == owner),
            Message.read_at.is_(None),
        )
        .values(read_at=now)
    ).rowcount
