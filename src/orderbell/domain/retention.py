"""What is kept only for a while: answers, counters, sessions, links, and texts a shop wants forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from orderbell.base.crash import crashpoint
from orderbell.domain import tryouts
from orderbell.domain.shop_settings import KEPT
from orderbell.store import meta
from orderbell.store.schema import (
    Answered,
    Attempt,
    Bucket,
    Invitation,
    Message,
    Meta,
    Session,
    Shop,
    SignInLink,
    State,
)

ANSWERS_KEPT = timedelta(hours=24)
INVITATIONS_KEPT = timedelta(days=30)
MOST_AT_ONCE = 2000


def forget_old(tx: Connection, *, now: datetime) -> int:
    """Drop what has run out, in every shop; returns how many rows. Cheap: run it once an hour."""
    old = (
        delete(Answered).where(Answered.at < now - ANSWERS_KEPT),
        delete(Bucket).where(Bucket.until <= now),
        delete(Session).where(Session.until <= now),
        delete(SignInLink).where(SignInLink.until <= now),
        delete(Invitation).where(Invitation.until <= now - INVITATIONS_KEPT),
    )
    gone = sum(tx.execute(statement).rowcount for statement in old) + tryouts.forget_old(tx, now=now)
    crashpoint("retention.after_forget")
    return gone


def forget_texts(tx: Connection, *, now: datetime, most: int = MOST_AT_ONCE) -> int:
    """Forget what old messages said, in shops that want it so; that they went, to whom and when, stays.

    Each shop goes on from where it stood the last time, `most` messages at once; what still waits is left alone.
    Returns how many it went through.
    """
    done = 0
    for shop_id, settings in tx.execute(select(Shop.id, Shop.settings)).all():
        days = settings.get(KEPT)
        done += _forget_texts(tx, shop_id, now - timedelta(days=days), most) if days else 0
    return done


def _forget_texts(tx: Connection, shop_id: str, before: datetime, most: int) -> int:
    name = f"texts_forgotten:{shop_id}"
    stood = tx.execute(select(Meta.value).where(Meta.name == name)).scalar() or ""
    old = (Message.shop_id == shop_id, Message.id > stood, Message.created_at < before)
    ids = list(tx.execute(select(Message.id).where(*old).order_by(Message.id).limit(most)).scalars())
    if not ids:
        return 0
    ended = select(Message.id).where(Message.id.in_(ids), Message.state == int(State.DONE))
    tx.execute(update(Attempt).where(Attempt.message_id.in_(ended)).values(words=None))
    tx.execute(update(Message).where(Message.id.in_(ended)).values(facts=None, subject=None))
    meta.put(tx, name, ids[-1])
    return len(ids)
