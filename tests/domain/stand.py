"""A shop without a running house: its vault and one product, for tests of what domain does to rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from orderbell.base.ids import new_id
from orderbell.base.secrets import Keyring
from orderbell.domain import cards, catalog, shops
from orderbell.domain.cards import Imported, Vault
from orderbell.store.database import Store, Tx
from orderbell.store.schema import Card, Product, Shop

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
RING = Keyring(b"m" * 32)


@dataclass(frozen=True)
class Stand:
    """A shop's stand in a database."""

    store: Store
    vault: Vault
    product_id: str

    @classmethod
    async def open(cls, store: Store) -> Stand:
        """A new shop with the product `steam-100`."""

        def make(tx: Tx) -> tuple[Vault, str]:
            shop_id = shops.create_shop(tx, RING, name="星河数码", channels=[], now=NOW)
            product_id = catalog.add_product(tx, shop_id, sku="steam-100", title="Steam ¥100", now=NOW)
            wrapped = tx.execute(select(Shop.data_key).where(Shop.id == shop_id)).scalar_one()
            return Vault(shop_id=shop_id, box=RING.box(shop_id, wrapped), keyring=RING), product_id

        return cls(store, *await store.write(make))

    async def stock(self, *keys: str) -> Imported:
        """Import keys."""
        return await self.store.write(lambda tx: self.stock_in(tx, *keys))

    def stock_in(self, tx: Tx, *keys: str) -> Imported:
        """Import keys in a transaction that is open."""
        return cards.import_cards(tx, self.vault, self.product_id, keys, import_id=None, now=NOW)

    def hand_out(self, tx: Tx, order_id: str, pieces: int = 1) -> list[str]:
        """Bind free cards to the pieces of an order; the slots' ids."""
        free = cards.take_free(tx, self.vault.shop_id, self.product_id, pieces)
        return self.bind(tx, order_id, free)

    def bind(self, tx: Tx, order_id: str, card_ids: Sequence[str]) -> list[str]:
        """Bind these cards to the pieces of an order; the slots' ids."""
        rows = []
        for piece, card_id in enumerate(card_ids, 1):
            row = cards.slot_row(self.vault.shop_id, order_id, 1, piece, origin="vault", now=NOW)
            rows.append(row | {"product_id": self.product_id, "card_id": card_id})
        cards.insert_slots(tx, rows)
        cards.sell(tx, [(row["card_id"], row["id"]) for row in rows], NOW)
        return [row["id"] for row in rows]

    async def product(self) -> Any:
        """The product's row."""
        return await self.store.read(lambda tx: catalog.get(tx, self.vault.shop_id, self.product_id))

    async def states(self) -> dict[str, int]:
        """How many cards there are in each state."""
        query = select(Card.state, func.count()).where(Card.product_id == self.product_id).group_by(Card.state)
        return await self.store.read(lambda tx: {row[0]: row[1] for row in tx.execute(query)})

    async def cards(self) -> list[Any]:
        """All cards, oldest first."""
        query = select(Card.__table__).where(Card.product_id == self.product_id).order_by(Card.id)
        return await self.store.read(lambda tx: list(tx.execute(query)))


def order_id() -> str:
    """The id of an order that is nobody's."""
    return new_id("order")


def free_count(tx: Tx, product_id: str) -> int:
    """What the product says of its free cards."""
    return tx.execute(select(Product.free).where(Product.id == product_id)).scalar_one()
