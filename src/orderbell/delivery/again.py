"""Many messages sent again as one job: chosen once, sent in small steps that a restart continues, called off any time.

Each step is a timer's ring: the copies, how far the job is, and the next timer are one transaction. A message that
was sent again already, by whomever, is passed over, so that a job may be started twice without harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import insert, select, update

from orderbell.base.errors import BadInput, Conflict, NotFound
from orderbell.base.ids import new_id
from orderbell.delivery import outbox
from orderbell.domain import audit
from orderbell.store import bulk
from orderbell.store.database import Tx
from orderbell.store.schema import Message, ResendItem, ResendJob, State, Timer

TIMER = "resend_job"
MOST = 5000
# A hundred a second: a job of the most takes under a minute, and a small server still serves fresh orders beside it.
STEP = 50
STEPS_APART = timedelta(milliseconds=500)
BEGINS_AFTER = timedelta(seconds=5)
"""Time to think better of it: nothing leaves before."""
WANTED = ("failed", "unknown")
"""What may be sent again in bulk. What arrived, or was held back for a reason, is sent again one at a time only."""


def begin(tx: Tx, shop_id: str, message_ids: Sequence[str], *, query: str, by: str, now: datetime) -> str:
    """Start sending these messages again; returns the job's id. `query` is what chose them, to be shown.

    Raises:
        BadInput: `nothing_to_resend`, or `too_many`.
    """
    if not message_ids:
        raise BadInput("None of these messages failed and waits to be sent again.", code="nothing_to_resend")
    if len(message_ids) > MOST:
        raise BadInput(f"At most {MOST:,} messages are sent again at once.", code="too_many", most=MOST)
    job_id = new_id("job")
    row = {"id": job_id, "shop_id": shop_id, "by": by, "query": query, "status": "running", "total": len(message_ids)}
    tx.execute(insert(ResendJob).values(**row, resent=0, skipped=0, reached="", created_at=now))
    items = [{"job_id": job_id, "message_id": id_, "shop_id": shop_id, "outcome": None} for id_ in message_ids]
    bulk.insert(tx, ResendItem, items)
    _arm(tx, shop_id, job_id, gen=0, due_at=now + BEGINS_AFTER)
    detail = {"messages": len(message_ids), "query": query}
    audit.note(tx, shop_id, actor=by, action="messages.resent", object=job_id, now=now, detail=detail)
    return job_id


def step(tx: Tx, timer: Any, *, now: datetime) -> None:
    """What a job's timer does: copy the next few, and set the next timer while any are left."""
    shop_id, job_id = timer.shop_id, timer.subject_id
    job = tx.execute(_one(shop_id, job_id).with_for_update()).one_or_none()
    if job is None or job.status != "running":
        return
    next_ones = (
        select(ResendItem.message_id)
        .where(ResendItem.shop_id == shop_id, ResendItem.job_id == job_id, ResendItem.message_id > job.reached)
        .order_by(ResendItem.message_id)
        .limit(STEP)
    )
    # By the last id reached and not by an offset, which a concurrent change would shift.
    ids = list(tx.execute(next_ones).scalars())
    resent = _send(tx, job, ids, now)
    told = {"resent": job.resent + resent, "skipped": job.skipped + len(ids) - resent}
    if len(ids) == STEP:
        told["reached"] = ids[-1]
        _arm(tx, shop_id, job_id, gen=timer.gen + 1, due_at=now + STEPS_APART)
    else:
        told |= {"status": "done", "ended_at": now}
    tx.execute(update(ResendJob).where(ResendJob.shop_id == shop_id, ResendJob.id == job_id).values(**told))


def _send(tx: Tx, job: Any, ids: Sequence[str], now: datetime) -> int:
    """Copy those that still may be sent again, and note what became of each; how many were copied."""
    shop_id, job_id = job.shop_id, job.id
    found = tx.execute(select(Message.__table__).where(Message.shop_id == shop_id, Message.id.in_(ids))).all()
    again = sent_again(tx, shop_id, ids)
    fit = [row for row in found if row.status in WANTED and row.id not in again]
    # They keep their lanes, for those say what is done in doubt; the pace keeps fresh orders from waiting behind them.
    copies = [outbox.copy_of(row, now=now, due_at=now, once=job_id) for row in fit]
    bulk.insert(tx, Message, copies, once=("shop_id", "natural_key"))
    outbox.let_go(tx, shop_id, [row.id for row in fit])
    fits = {row.id for row in fit}
    outcomes = {"resent": fits, "again_already": again - fits, "not_failed": set(ids) - fits - again}
    for outcome, which in outcomes.items():
        mine = (ResendItem.shop_id == shop_id, ResendItem.job_id == job_id, ResendItem.message_id.in_(which))
        tx.execute(update(ResendItem).where(*mine).values(outcome=outcome))
    return len(fit)


def sent_again(tx: Tx, shop_id: str, ids: Sequence[str]) -> set[str]:
    """Which of these messages have a copy that was not called off."""
    query = select(Message.resend_of).where(
        Message.shop_id == shop_id, Message.resend_of.in_(list(ids)), Message.status != "cancelled"
    )
    return {id_ for id_ in tx.execute(query).scalars() if id_}


def call_off(tx: Tx, shop_id: str, job_id: str, *, by: str, now: datetime) -> None:
    """Stop a job: what it has not reached stays unsent.

    Raises:
        NotFound: no such job in this shop.
        Conflict: `ended_already`.
    """
    job = find(tx, shop_id, job_id)
    mine = (ResendJob.shop_id == shop_id, ResendJob.id == job_id, ResendJob.status == "running")
    if tx.execute(update(ResendJob).where(*mine).values(status="cancelled", ended_at=now)).rowcount == 0:
        raise Conflict("This has ended already.", code="ended_already")
    detail = {"resent": job.resent, "of": job.total}
    audit.note(tx, shop_id, actor=by, action="messages.resend_stopped", object=job_id, now=now, detail=detail)


def find(tx: Tx, shop_id: str, job_id: str) -> SqlRow[Any]:
    """A job's row.

    Raises:
        NotFound: no such job in this shop.
    """
    job = tx.execute(_one(shop_id, job_id)).one_or_none()
    if job is None:
        raise NotFound("There is no such job.")
    return job


def recent(tx: Tx, shop_id: str, most: int = 5) -> Sequence[SqlRow[Any]]:
    """The newest jobs, newest first."""
    query = select(ResendJob.__table__).where(ResendJob.shop_id == shop_id).order_by(ResendJob.id.desc())
    return tx.execute(query.limit(most)).all()


def _one(shop_id: str, job_id: str) -> Any:
    return select(ResendJob.__table__).where(ResendJob.shop_id == shop_id, ResendJob.id == job_id)


def _arm(tx: Tx, shop_id: str, job_id: str, *, gen: int, due_at: datetime) -> None:
    work = {"state": int(State.READY), "lane": 2, "due_at": due_at, "lease_gen": 0, "tries": 0}
    row = {"id": new_id("timer"), "shop_id": shop_id, "kind": TIMER, "subject_id": job_id, "gen": gen}
    tx.execute(insert(Timer).values(**row, **work))
