"""Step one of sending, in a transaction: claim, ask whether it is still true and may go now, or say why not.

What needs no network ends here: the inbox, the sandbox mailbox, and everything that is not to be sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import func, select

from orderbell.base.crash import crashpoint
from orderbell.base.ids import new_id
from orderbell.channels.base import Address, Doubt
from orderbell.channels.directory import CHANNELS
from orderbell.delivery.book import Account, Books, ShopBook
from orderbell.delivery.limits import Limits
from orderbell.delivery.retry import CRASHES_MOST
from orderbell.delivery.wishes import unwanted_now
from orderbell.delivery.wording import NotWorded, Worded, Writer
from orderbell.domain import wishes
from orderbell.domain.orders import still_true, superseded
from orderbell.store import bulk, leases
from orderbell.store.database import Tx
from orderbell.store.schema import Attempt, LineRow, Message, Order, State

# News of an order that a dead process may or may not have sent is worth a second mail; marketing is not.
SLOWEST = 2
RESULT_COLUMNS = (
    "state", "status", "reason", "due_at", "tries", "subject", "facts", "template_version", "brand_version", "sent_at",
    "ended_at",
)  # fmt: skip


@dataclass(slots=True)
class Flight:
    """A message on its way to a provider: its row as it was before its lease, and what it is worded from."""

    row: Any
    account: Account
    book: ShopBook
    order: Any | None
    lines: Sequence[Any]
    started_at: datetime
    worded: Worded | None = None
    took_off_at: float = 0.0
    """By the loop's clock."""
    holds: bool = False
    """It waits for an earlier message to land; nothing of it is on the wire."""

    @property
    def address(self) -> Address:
        """Where to."""
        return Address(value=self.row.address)

    @property
    def number(self) -> int:
        """Which try this is, from 1."""
        return int(self.row.tries) + 1


def result(row: SqlRow[Any], *, state: State, status: str, now: datetime, **more: Any) -> dict[str, Any]:
    """What a claimed message becomes; columns not named keep what the row had."""
    kept = {name: getattr(row, name) for name in RESULT_COLUMNS}
    kept |= {"state": int(state), "status": status, "tries": row.tries + 1, "reason": None}
    if state == State.DONE:
        kept["ended_at"] = now
    return kept | more | {"b_id": row.id, "b_gen": row.lease_gen + 1}


def with_wording(worded: Worded | None) -> dict[str, Any]:
    """The columns that remember what was said; none when nothing was."""
    return (
        {}
        if worded is None
        else {
            "subject": worded.letter.subject[:300] or None,
            "facts": worded.facts,
            "template_version": worded.template_version,
            "brand_version": worded.brand_version,
        }
    )


def attempt_row(row: Any, n: int, *, started_at: datetime, ended_at: datetime, **more: Any) -> dict[str, Any]:
    """One line of a message's history: `outcome`, and code, words and reference where there are any."""
    return {
        "id": new_id("attempt"),
        "shop_id": row.shop_id,
        "message_id": row.id,
        "n": n,
        "provider_id": row.provider_id,
        "started_at": started_at,
        "ended_at": ended_at,
        "outcome": None,
        "code": None,
        "words": None,
        "reference": None,
    } | more


class Preparer:
    """Claims messages and makes them ready for the network, or ends them here.

    `moment` tells the present moment, None while the clock cannot be believed: then nothing is claimed.
    """

    def __init__(
        self, books: Books, writer: Writer, moment: Callable[[], datetime | None], *, lease_s: int
    ) -> None:  # fmt: skip
        self._books = books
        self._writer = writer
        self._moment = moment
        self._lease_s = lease_s

    def prepare(
        self, tx: Tx, *, most: int, busy: Sequence[str], names: Sequence[str] | None = None
    ) -> tuple[list[Flight], int]:
        """Claim up to `most` messages whose provider is not in `busy`; those to send, and how many were claimed.

        With `names` only those messages are claimed; None means any that are due.
        """
        now = self._moment()
        if now is None:
            return [], 0
        only = (Message.provider_id.is_(None) | Message.provider_id.not_in(busy)) if busy else None
        if names is None:
            rows = leases.claim(tx, Message, most=most, now=now, lease_s=self._lease_s, only=only)
        else:
            rows = leases.claim_named(tx, Message, names, now=now, lease_s=self._lease_s, only=only)
        return self._ready(tx, rows, now), len(rows)

    def prepare_suspect(self, tx: Tx) -> tuple[list[Flight], int]:
        """Claim one message over which workers died before; as `prepare`."""
        now = self._moment()
        if now is None:
            return [], 0
        rows = leases.claim_suspect(tx, Message, now=now, lease_s=self._lease_s)
        return self._ready(tx, rows, now), len(rows)

    def _ready(self, tx: Tx, rows: Sequence[SqlRow[Any]], now: datetime) -> list[Flight]:
        if not rows:
            return []
        round_ = _Round(tx, rows, self._books.open(tx, (row.shop_id for row in rows)), now)
        flights = [flight for row in rows if (flight := self._one(row, round_)) is not None]
        leases.settle(tx, Message, round_.results, RESULT_COLUMNS)
        round_.limits.keep(tx)
        bulk.insert(tx, Attempt, round_.attempts)
        crashpoint("send.after_claim")
        return flights

    def _one(self, row: SqlRow[Any], round_: _Round) -> Flight | None:
        book, order = round_.books[row.shop_id], round_.orders.get(row.order_id)
        if row.channel not in CHANNELS:
            round_.end(row, "failed", "channel_unknown")
            return None
        if row.state == State.LEASED and not self._doubt(row, round_):
            return None
        if why := _not_now(row, order) or (wishes.REASON if row.id in round_.unwanted else None):
            round_.end(row, "suppressed", why)
            return None
        if row.provider_id is None:
            self._keep_here(row, round_, order)
            return None
        account = book.account(row.provider_id)
        if account is None:
            round_.end(row, "failed", "channel_off")
            return None
        at = round_.limits.take(account.id)
        if at is not None:
            round_.wait(row, at, "rate_limit")
            return None
        return Flight(row, account, book, order, round_.lines.get(row.order_id, ()), round_.now)

    def _doubt(self, row: SqlRow[Any], round_: _Round) -> bool:
        """The last try was under way when its worker died: note it, and say whether to try again."""
        if row.provider_id is None:
            return True
        words = "The process ended while this was being sent; it may or may not have arrived."
        round_.note(row, int(row.tries), outcome="in_doubt", words=words)
        if round_.crashes.get(row.id, 0) + 1 >= CRASHES_MOST:
            round_.stick(row, "crashed_too_often")
            return False
        if CHANNELS[row.channel].traits.doubt == Doubt.BY_CLASS and row.lane == SLOWEST:
            round_.end(row, "unknown", "process_ended_while_sending")
            return False
        return True

    def _keep_here(self, row: SqlRow[Any], round_: _Round, order: SqlRow[Any] | None) -> None:
        try:
            worded = self._writer.note(row, round_.books[row.shop_id], order, round_.lines.get(row.order_id, ()))
        except NotWorded as failed:
            round_.stick(row, failed.sentence)
        else:
            round_.keep_here(row, worded, local=CHANNELS[row.channel].traits.local)


def _not_now(row: SqlRow[Any], order: SqlRow[Any] | None) -> str | None:
    if row.order_id is None or row.channel == "webhook" or row.resend_of is not None:
        return None
    if order is None:
        return "order_gone"
    if not still_true(row.event_type, order):
        return "no_longer_true"
    return "superseded" if superseded(row.event_type, row.audience, order) else None


def _count_crashes(tx: Tx, ids: Sequence[str]) -> dict[str, int]:
    """How often each of these messages was in the air before when a process died."""
    if not ids:
        return {}
    query = select(Attempt.message_id, func.count()).where(Attempt.message_id.in_(ids), Attempt.outcome == "in_doubt")
    return {row[0]: row[1] for row in tx.execute(query.group_by(Attempt.message_id))}


class _Round:
    """What one claim loaded, and what became of the messages that end here."""

    def __init__(self, tx: Tx, rows: Sequence[SqlRow[Any]], books: Mapping[str, ShopBook], now: datetime) -> None:
        self.now = now
        self.books = books
        self.limits = Limits(tx, rows, now)
        self.unwanted = unwanted_now(tx, rows, books)
        ids = sorted({row.order_id for row in rows if row.order_id})
        self.orders: dict[str | None, SqlRow[Any]] = {}
        self.lines: dict[str | None, list[SqlRow[Any]]] = {}
        self.results: list[dict[str, Any]] = []
        self.attempts: list[dict[str, Any]] = []
        self.crashes = _count_crashes(tx, [row.id for row in rows if row.state == State.LEASED])
        if ids:
            self.orders = {row.id: row for row in tx.execute(select(Order.__table__).where(Order.id.in_(ids)))}
            query = select(LineRow.__table__).where(LineRow.order_id.in_(ids)).order_by(LineRow.order_id, LineRow.n)
            for line in tx.execute(query):
                self.lines.setdefault(line.order_id, []).append(line)

    def end(self, row: SqlRow[Any], status: str, reason: str) -> None:
        """It is over without being sent."""
        self.results.append(result(row, state=State.DONE, status=status, now=self.now, reason=reason))

    def stick(self, row: SqlRow[Any], reason: str) -> None:
        """It cannot go on by itself; a person must look."""
        self.results.append(
            result(row, state=State.STUCK, status="failed", now=self.now, reason=reason, ended_at=self.now)
        )

    def wait(self, row: SqlRow[Any], until: datetime, reason: str) -> None:
        """Not a try: it goes back and waits its turn."""
        at = until + timedelta(milliseconds=50)
        self.results.append(
            result(row, state=State.READY, status="queued", now=self.now, reason=reason, due_at=at, tries=row.tries)
        )

    def keep_here(self, row: SqlRow[Any], worded: Worded, *, local: bool) -> None:
        """The inbox is our own row; the sandbox shows what would have gone out."""
        status = "delivered" if local else "sent"
        wording = with_wording(worded)
        self.results.append(
            result(
                row, state=State.DONE, status=status, now=self.now, sent_at=self.now,
                reason=None if local else "sandbox", **wording,
            )
        )  # fmt: skip
        if not local:
            self.note(row, row.tries + 1, outcome="sandbox", words="kept in the sandbox mailbox")

    def note(self, row: SqlRow[Any], n: int, **more: Any) -> None:
        """Add a line to the message's history."""
        self.attempts.append(attempt_row(row, n, started_at=self.now, ended_at=self.now, **more))
