"""Bringing cards in: in pieces with visible progress, and the news of it for those who paid and wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import insert, update

from orderbell.base.crash import crashpoint
from orderbell.base.errors import OrderBellError
from orderbell.base.ids import new_id
from orderbell.domain import audit, cards, catalog
from orderbell.domain.cards import Imported, Vault
from orderbell.events import StockRestocked
from orderbell.runtime.batch import natural
from orderbell.runtime.house import House
from orderbell.store import journal
from orderbell.store.database import Tx
from orderbell.store.schema import CardImport

PIECE = 2000


async def start_import(house: House, shop_id: str, product_id: str, *, total: int, by: str) -> str:
    """Write down that an import begins; its id, under which its progress can be read."""
    id_ = new_id("import")
    now = house.clock.now()

    def begin(tx: Tx) -> None:
        catalog.get(tx, shop_id, product_id)
        tx.execute(
            insert(CardImport).values(
                id=id_, shop_id=shop_id, product_id=product_id, state="running", total=total, refused=[], by=by,
                started_at=now,
            )
        )  # fmt: skip
        audit.note(
            tx, shop_id, actor=by, action="cards.import", object=product_id, detail={"keys": total, "import": id_},
            now=now,
        )  # fmt: skip

    await house.store.write(begin)
    return id_


async def import_keys(
    house: House, shop_id: str, product_id: str, keys: Sequence[str], *, by: str, import_id: str | None = None
) -> Imported:
    """Take keys into the vault, a piece at a time; a key that is there already is counted, never taken twice.

    Raises:
        NotFound: no such product.
        Conflict: the product takes no cards.
    """
    id_ = import_id or await start_import(house, shop_id, product_id, total=len(keys), by=by)
    running = _Import(house=house, vault=await house.vault(shop_id), product_id=product_id, id=id_, keys=keys)
    whole = Imported(taken=0, duplicates=0)
    try:
        for start in range(0, max(1, len(keys)), PIECE):
            whole = await house.store.write(partial(running.take, whole, start))
            house.wake()
    except OrderBellError:
        await house.store.write(running.fail)
        raise
    return whole


@dataclass(frozen=True, kw_only=True)
class _Import:
    """An import under way."""

    house: House
    vault: Vault
    product_id: str
    id: str
    keys: Sequence[str]

    def take(self, whole: Imported, start: int, tx: Tx) -> Imported:
        """Keep the piece that starts there, how far we are, and the news of it; what was taken so far."""
        now = self.house.clock.now()
        piece = self.keys[start : start + PIECE]
        done = cards.import_cards(tx, self.vault, self.product_id, piece, import_id=self.id, now=now)
        more = _add(whole, done, start)
        self._progress(tx, more, now if start + PIECE >= len(self.keys) else None)
        if done.taken:
            self._announce(tx, f"{self.id}:{start}", now)
        crashpoint("cards.after_import")
        return more

    def fail(self, tx: Tx) -> None:
        """It went no further; what was taken before stays."""
        self._set(tx, state="failed", ended_at=self.house.clock.now())

    def _progress(self, tx: Tx, whole: Imported, ended_at: datetime | None) -> None:
        values: dict[str, object] = {
            "taken": whole.taken, "duplicates": whole.duplicates,
            "refused": [list(each) for each in whole.refused[:200]],
        }  # fmt: skip
        if ended_at is not None:
            values |= {"state": "done", "ended_at": ended_at}
        self._set(tx, **values)

    def _set(self, tx: Tx, **values: object) -> None:
        mine = (CardImport.shop_id == self.vault.shop_id, CardImport.id == self.id)
        tx.execute(update(CardImport).where(*mine).values(**values))

    def _announce(self, tx: Tx, piece: str, now: datetime) -> None:
        product = catalog.get(tx, self.vault.shop_id, self.product_id)
        event = StockRestocked(
            id=natural(StockRestocked, piece), at=now, sku=product.sku, title=product.title, left=product.free
        )
        journal.record(tx, [journal.Entry(shop_id=self.vault.shop_id, source_id=None, event=event)], now)


def _add(whole: Imported, more: Imported, start: int) -> Imported:
    return Imported(
        taken=whole.taken + more.taken,
        duplicates=whole.duplicates + more.duplicates,
        refused=whole.refused + tuple((n + start, why) for n, why in more.refused),
    )
