"""What is kept only for a while: answers, counters, sessions and sign-in links whose time has passed."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from orderbell.base.crash import crashpoint
from orderbell.store.schema import Answered, Bucket, Session, SignInLink

ANSWERS_KEPT = timedelta(hours=24)


def forget_old(tx: Connection, *, now: datetime) -> int:
    """Drop what has run out, in every shop; returns how many rows. Cheap: run it once an hour."""
    old = (
        delete(Answered).where(Answered.at < now - ANSWERS_KEPT),
        delete(Bucket).where(Bucket.until <= now),
        delete(Session).where(Session.until <= now),
        delete(SignInLink).where(SignInLink.until <= now),
    )
    gone = sum(tx.execute(statement).rowcount for statement in old)
    crashpoint("retention.after_forget")
    return gone
