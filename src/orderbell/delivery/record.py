"""Step three of sending: what the provider said becomes the message's state, its history, and the next try."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from orderbell.base import mutant
from orderbell.base.crash import crashpoint
from orderbell.base.ids import new_id
from orderbell.channels.base import Doubt, Refused, SendFailed, Taken, TryLater
from orderbell.channels.directory import CHANNELS
from orderbell.delivery import retry
from orderbell.delivery.prepare import RESULT_COLUMNS, Flight, attempt_row, result, with_wording
from orderbell.delivery.wording import NotWorded
from orderbell.store import bulk, leases
from orderbell.store.database import Tx
from orderbell.store.schema import Attempt, Message, Provider, State, Task

_FORGIVE = (
    update(Provider)
    .where(Provider.id.in_(bindparam("wanted", expanding=True)), Provider.failing_since.is_not(None))
    .values(failing_since=None)
)
_dice = random.Random()
Outcome = Taken | SendFailed | NotWorded


@dataclass(frozen=True, slots=True)
class Landed:
    """A flight and how it ended."""

    flight: Flight
    outcome: Outcome
    at: datetime


def record(tx: Tx, landed: list[Landed]) -> None:
    """Write down how flights ended, all in one transaction."""
    crashpoint("send.before_record")
    results = [judge(each) for each in landed]
    if mutant.without("result_noted"):
        return
    leases.settle(tx, Message, results, RESULT_COLUMNS)
    _keep_history(tx, [row for each in landed if (row := history(each)) is not None])
    for each, became in zip(landed, results, strict=True):
        _blame(tx, each, became)
    _forgive(tx, landed)


def _keep_history(tx: Tx, rows: list[dict[str, Any]]) -> None:
    # A result that comes after its lease ran out meets the line that says "in doubt": now it is known.
    known = ("started_at", "ended_at", "outcome", "code", "words", "reference")
    bulk.insert(tx, Attempt, rows, once=("message_id", "n"), renew=known)


def judge(landed: Landed) -> dict[str, Any]:
    """What a message becomes after a try."""
    row, outcome, now = landed.flight.row, landed.outcome, landed.at
    wording = with_wording(landed.flight.worded)
    if isinstance(outcome, Taken):
        return result(row, state=State.DONE, status="sent", now=now, sent_at=now, **wording)
    if isinstance(outcome, NotWorded):
        return result(row, state=State.STUCK, status="failed", now=now, reason=outcome.sentence, ended_at=now)
    if isinstance(outcome, Refused):
        return result(row, state=State.DONE, status="failed", now=now, reason=f"refused_{outcome.blame}", **wording)
    if isinstance(outcome, TryLater):
        return _again(row, now, "no_more_tries", wish_s=outcome.after_s, wording=wording)
    # Unsure: the same key is harmless where the receiver knows it again; goods are worth a second mail.
    if CHANNELS[row.channel].traits.doubt == Doubt.RESEND_SAME_KEY or row.lane == 0:
        return _again(row, now, "no_answer", wish_s=None, wording=wording)
    return result(row, state=State.DONE, status="unknown", now=now, reason="no_answer", **wording)


def _again(
    row: SqlRow[Any], now: datetime, last_reason: str, *, wish_s: float | None, wording: dict[str, Any]
) -> dict[str, Any]:
    due = retry.next_try(lane=row.lane, channel=row.channel, tries=row.tries + 1, now=now, wish_s=wish_s, dice=_dice)
    if due is None:
        return result(row, state=State.STUCK, status="failed", now=now, reason=last_reason, ended_at=now, **wording)
    # The facts it started with stay: the next try asks the order again.
    return result(row, state=State.READY, status="queued", now=now, due_at=due, reason="will_retry")


def history(landed: Landed) -> dict[str, Any] | None:
    """The attempt's row; None when nobody was asked."""
    flight, outcome = landed.flight, landed.outcome
    if isinstance(outcome, NotWorded):
        return None
    if isinstance(outcome, Taken):
        more = {"outcome": "taken", "words": outcome.words[:1000], "reference": outcome.reference or None}
    else:
        kind = {"Refused": "refused", "TryLater": "later"}.get(type(outcome).__name__, "unsure")
        more = {"outcome": kind, "code": outcome.code or None, "words": outcome.words}
    return attempt_row(flight.row, flight.number, started_at=flight.started_at, ended_at=landed.at, **more)


def _blame(tx: Tx, landed: Landed, became: dict[str, Any]) -> None:
    """A broken account or goods that did not arrive must meet a person's eye."""
    row, outcome = landed.flight.row, landed.outcome
    if isinstance(outcome, Refused) and outcome.blame == "config":
        tx.execute(
            update(Provider)
            .where(Provider.shop_id == row.shop_id, Provider.id == row.provider_id, Provider.failing_since.is_(None))
            .values(failing_since=landed.at)
        )
    if became["status"] == "failed" and row.lane == 0 and row.audience == "buyer" and isinstance(outcome, SendFailed):
        open_task(
            tx, row.shop_id, kind="not_delivered", subject_id=row.id, detail={"words": outcome.words}, now=landed.at
        )


def _forgive(tx: Tx, landed: list[Landed]) -> None:
    """An account that works again is troubled no more."""
    worked = sorted({each.flight.account.id for each in landed if isinstance(each.outcome, Taken)})
    if worked:
        tx.execute(_FORGIVE, {"wanted": worked})


def open_task(tx: Tx, shop_id: str, *, kind: str, subject_id: str, detail: dict[str, Any], now: datetime) -> None:
    """Put something before a person, once per kind and subject; a closed one opens again."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    fresh = {"id": new_id("task"), "shop_id": shop_id, "kind": kind, "subject_id": subject_id, "detail": detail}
    statement = dialect.insert(Task).values(**fresh, opened_at=now)
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["shop_id", "kind", "subject_id"],
            set_={"closed_at": None, "closed_by": None, "detail": statement.excluded.detail},
        )
    )
