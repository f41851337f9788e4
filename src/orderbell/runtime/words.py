"""What travels between the steps of deciding: an event being heard, a product in hand, what was decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row as SqlRow

from orderbell.delivery.book import Books
from orderbell.delivery.prepare import Flight
from orderbell.delivery.wording import Writer
from orderbell.domain import cards
from orderbell.domain.orders import OrderState, Verdict
from orderbell.events import Event
from orderbell.runtime.lookback import Past
from orderbell.store.allocations import Given
from orderbell.store.database import Tx


@dataclass(slots=True)
class Heard:
    """One event being handled; `row` is its journal row (id, shop_id, type, source_id …)."""

    row: Any
    event: Event
    derived: bool = False
    """Found out by us in this very batch: its journal row is not in the database yet."""
    order: OrderState | None = None
    verdict: Verdict = Verdict(True)
    story: list[dict[str, Any]] = field(default_factory=list)

    @property
    def shop_id(self) -> str:
        """Whose event it is."""
        return str(self.row.shop_id)

    def tell(self, step: str, **facts: Any) -> None:
        """Add a step to the event's story."""
        self.story.append({"step": step, **facts})


@dataclass(slots=True)
class Stock:
    """A product in a worker's hands: its row, and the free cards this batch holds of it."""

    row: SqlRow[Any]
    pool: list[str] = field(default_factory=list)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    """The cards reserved for an order of this batch, by its id."""
    sold: int = 0
    kept: int = 0
    """Cards this batch reserved."""
    freed: int = 0
    """Reserved cards that were sold: they left the free count when they were reserved."""
    returned: int = 0
    """Reserved cards that came back; `cards.release` has counted them already."""
    warned: int = 0
    dry: bool = False
    used: set[str] = field(default_factory=set)

    @property
    def gone(self) -> int:
        """By how much the free count falls when this batch is written."""
        return self.sold + self.kept - self.freed

    @property
    def left(self) -> int:
        """Free cards after this batch."""
        return int(self.row.free) + self.returned - self.gone

    def has(self, tx: Tx, order: OrderState, pieces: int) -> bool:
        """Whether `pieces` cards are at hand for this order, its reserved ones included."""
        if order.id not in self.waiting:
            known = order.opened_by is None
            self.waiting[order.id] = cards.reserved_for(tx, order.shop_id, self.row.id, order.id) if known else []
        return self._ensure(tx, pieces - len(self.waiting[order.id]))

    def keep(self, tx: Tx, order: OrderState, pieces: int, until: datetime) -> bool:
        """Reserve free cards for an order; False, and nothing kept, when there are too few."""
        if not self._ensure(tx, pieces):
            return False
        ids, self.pool = self.pool[:pieces], self.pool[pieces:]
        cards.reserve(tx, ids, order.id, until=until)
        self.waiting.setdefault(order.id, []).extend(ids)
        self.used |= set(ids)
        self.kept += pieces
        return True

    def take_back(self, order: OrderState, pieces: int) -> None:
        """An order's reserved cards are free again."""
        self.waiting.pop(order.id, None)
        self.returned += pieces
        self.dry = False

    def give(self, order: OrderState) -> str:
        """One card for an order: one that waits for it, or else the oldest free one."""
        if waiting := self.waiting.get(order.id):
            card = waiting.pop(0)
            self.freed += 1
        else:
            card = self.pool.pop(0)
        self.used.add(card)
        self.sold += 1
        return card

    def _ensure(self, tx: Tx, pieces: int) -> bool:
        if len(self.pool) < pieces and not self.dry:
            # What this batch gave is free in the database until it is written, so it is asked for again.
            most = len(self.pool) + len(self.used) + max(pieces, 8, len(self.used))
            self.pool = [
                card for card in cards.take_free(tx, self.row.shop_id, self.row.id, most) if card not in self.used
            ]
            self.dry = len(self.pool) < pieces
        return len(self.pool) >= pieces


@dataclass(frozen=True, slots=True)
class Means:
    """What deciding needs besides the rows: the shops' books, the writer of words, how long things last."""

    books: Books
    writer: Writer
    expiry_s: int
    lease_s: int
    past: Past = field(default_factory=Past)


@dataclass(frozen=True, slots=True)
class Outbound:
    """The messages of a batch that go out: those leased to this process from birth, and whether others wait."""

    flights: list[Flight]
    waits: bool


@dataclass(slots=True)
class Decided:
    """Everything a batch decided, waiting to be written."""

    now: datetime
    orders: dict[tuple[str, str], OrderState] = field(default_factory=dict)
    stocks: dict[tuple[str, str], Stock | None] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    messages: list[tuple[dict[str, Any], OrderState | None]] = field(default_factory=list)
    """Rows of messages with the orders they are about."""
    attempts: list[dict[str, Any]] = field(default_factory=list)
    slots: list[dict[str, Any]] = field(default_factory=list)
    sales: list[Given] = field(default_factory=list)
    timers: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    closed_tasks: list[dict[str, Any]] = field(default_factory=list)
