"""The card vault: import, seal, reserve, hand out exactly once, reveal with a trace, re-issue.

A card's key is in clear only while it is imported or shown. Its ciphertext is bound to shop, product and card,
so that a row copied elsewhere does not open. Three guards keep a card from being sold twice: the UPDATE's
`state='free'`, the unique slot and card ids, and a trigger that never lets a sold card be free again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orderbell.base.crash import crashpoint
from orderbell.base.errors import BadInput, Conflict, NotFound
from orderbell.base.ids import new_id
from orderbell.base.secrets import Box, Keyring, Sealed
from orderbell.store import bulk
from orderbell.store.database import Tx
from orderbell.store.schema import Card, Product, ReusableCard, Slot

MAX_KEY_CHARS = 4000
CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Vault:
    """What is needed to close and open one shop's cards."""

    shop_id: str
    box: Box
    keyring: Keyring

    def seal(self, product_id: str, card_id: str, key: str) -> bytes:
        """The key as it is stored."""
        return self.box.close(key.encode(), "card", self.shop_id, product_id, card_id).packed()

    def open(self, product_id: str, card_id: str, sealed: bytes) -> str:
        """The key in clear; the caller must log the reveal."""
        return self.box.open(Sealed.unpack(sealed), "card", self.shop_id, product_id, card_id).decode()

    def fingerprint(self, key: str) -> bytes:
        """What finds a key again without opening any."""
        return self.keyring.fingerprint(self.shop_id, key)


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came of some lines: how many keys were taken, how many were known, and which could not be taken."""

    taken: int
    duplicates: int
    refused: tuple[tuple[int, str], ...] = ()


def split_lines(text: str) -> list[str]:
    """The keys of pasted text, one a line; blank lines are not keys."""
    return [line.strip() for line in text.replace("\ufeff", "").splitlines() if line.strip()]


def check_key(key: str) -> str | None:
    """Why a line cannot be a key, or None when it can."""
    if len(key) > MAX_KEY_CHARS:
        return "too_long"
    if any(ord(char) < 32 and char != "\t" for char in key):
        return "control_character"
    return None


def import_cards(
    tx: Tx, vault: Vault, product_id: str, keys: Sequence[str], *, import_id: str | None, now: datetime
) -> Imported:
    """Add keys to a product's stock, each once per product for ever; the free count moves along.

    Raises:
        NotFound: no such product in this shop.
        Conflict: the product does not hand out one key per piece.
    """
    product = tx.execute(
        select(Product.kind).where(Product.shop_id == vault.shop_id, Product.id == product_id)
    ).one_or_none()
    if product is None:
        raise NotFound("There is no such product.")
    if product.kind != "card":
        raise Conflict("Only a product with one key per piece takes cards.", code="not_a_card_product")
    refused = [(n, why) for n, key in enumerate(keys, 1) if (why := check_key(key))]
    bad = {n for n, _ in refused}
    good = [key for n, key in enumerate(keys, 1) if n not in bad]
    taken = sum(_insert_chunk(tx, vault, product_id, chunk, import_id=import_id, now=now) for chunk in _chunks(good))
    if taken:
        mine = (Product.shop_id == vault.shop_id, Product.id == product_id)
        tx.execute(update(Product).where(*mine).values(free=Product.free + taken))
    return Imported(taken=taken, duplicates=len(good) - taken, refused=tuple(refused))


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def _insert_chunk(
    tx: Tx, vault: Vault, product_id: str, keys: Sequence[str], *, import_id: str | None, now: datetime
) -> int:
    rows = [_row(vault, product_id, key, import_id=import_id, now=now) for key in keys]
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(Card).on_conflict_do_nothing(index_elements=["shop_id", "product_id", "fingerprint"])
    crashpoint("cards.import_chunk")
    return len(tx.execute(statement.returning(Card.id), rows).all())


def _row(vault: Vault, product_id: str, key: str, *, import_id: str | None, now: datetime) -> dict[str, Any]:
    id_ = new_id("card")
    return {
        "id": id_,
        "shop_id": vault.shop_id,
        "product_id": product_id,
        "state": "free",
        "fingerprint": vault.fingerprint(key),
        "sealed": vault.seal(product_id, id_, key),
        "key_version": 1,
        "import_id": import_id,
        "slot_id": None,
        "reserved_for": None,
        "reserved_until": None,
        "created_at": now,
        "sold_at": None,
    }


def take_free(tx: Tx, shop_id: str, product_id: str, most: int) -> list[str]:
    """The ids of up to `most` free cards, oldest first, kept from other workers until this transaction ends."""
    query = (
        select(Card.id)
        .where(Card.shop_id == shop_id, Card.product_id == product_id, Card.state == "free")
        .order_by(Card.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return list(tx.execute(query).scalars())


def reserved_for(tx: Tx, shop_id: str, product_id: str, order_id: str) -> list[str]:
    """The ids of the cards of a product that wait for this order, oldest first."""
    query = (
        select(Card.id)
        .where(
            Card.shop_id == shop_id,
            Card.product_id == product_id,
            Card.state == "reserved",
            Card.reserved_for == order_id,
        )
        .order_by(Card.id)
        .with_for_update()
    )
    return list(tx.execute(query).scalars())


def sell(tx: Tx, pairs: Sequence[tuple[str, str]], now: datetime) -> None:
    """Bind cards to slots, (card id, slot id) each; all of them or an error.

    Raises:
        Conflict: a card was not ours to give any more; the transaction must end.
    """
    if not pairs:
        return
    statement = (
        update(Card)
        .where(Card.__table__.c.id == bindparam("b_card"), (Card.state == "free") | (Card.state == "reserved"))
        .values(state="sold", slot_id=bindparam("b_slot"), sold_at=now)
    )
    sold = tx.execute(statement, [{"b_card": card, "b_slot": slot} for card, slot in pairs]).rowcount
    crashpoint("cards.after_allocate")
    if sold != len(pairs):
        raise Conflict("A card was taken by another order meanwhile.", code="card_taken")


def reserve(tx: Tx, ids: Sequence[str], order_id: str, *, until: datetime) -> None:
    """Keep these free cards for an order until then; the caller lowers the product's free count.

    Raises:
        Conflict: one was not free any more; the transaction must end.
    """
    kept = tx.execute(
        update(Card)
        .where(Card.id.in_(ids), Card.state == "free")
        .values(state="reserved", reserved_for=order_id, reserved_until=until)
    ).rowcount
    if kept != len(ids):
        raise Conflict("A card was taken by another order meanwhile.", code="card_taken")


def release(tx: Tx, shop_id: str, order_id: str) -> dict[str, int]:
    """Give an order's reserved cards back to the stock; how many of which product there were."""
    back: dict[str, int] = {}
    held = tx.execute(
        select(Card.id, Card.product_id).where(
            Card.shop_id == shop_id, Card.reserved_for == order_id, Card.state == "reserved"
        )
    ).all()
    for product_id in sorted({row.product_id for row in held}):
        ids = [row.id for row in held if row.product_id == product_id]
        freed = tx.execute(
            update(Card)
            .where(Card.shop_id == shop_id, Card.id.in_(ids), Card.state == "reserved")
            .values(state="free", reserved_for=None, reserved_until=None)
        ).rowcount
        mine = (Product.shop_id == shop_id, Product.id == product_id)
        tx.execute(update(Product).where(*mine).values(free=Product.free + freed))
        back[product_id] = freed
    return back


def set_reusable(tx: Tx, vault: Vault, product_id: str, text: str, *, now: datetime) -> None:
    """Set the text that every buyer of a reusable product gets.

    Raises:
        NotFound: no such product in this shop.
        Conflict: the product is of another kind.
        BadInput: empty or too long.
    """
    kind = tx.execute(
        select(Product.kind).where(Product.shop_id == vault.shop_id, Product.id == product_id)
    ).scalar_one_or_none()
    if kind is None:
        raise NotFound("There is no such product.")
    if kind != "reusable":
        raise Conflict("Only a reusable product has one text for all buyers.", code="not_reusable")
    if not text.strip() or len(text) > MAX_KEY_CHARS:
        raise BadInput(f"The text is 1 to {MAX_KEY_CHARS} characters.", code="bad_text", field="text")
    sealed = vault.seal(product_id, "reusable", text)
    changed = tx.execute(
        update(ReusableCard)
        .where(ReusableCard.shop_id == vault.shop_id, ReusableCard.product_id == product_id)
        .values(sealed=sealed, changed_at=now)
    ).rowcount
    if not changed:
        tx.execute(
            insert(ReusableCard).values(product_id=product_id, shop_id=vault.shop_id, sealed=sealed, changed_at=now)
        )


def slot_row(shop_id: str, order_id: str, line_n: int, piece: int, *, origin: str, now: datetime) -> dict[str, Any]:
    """A fresh slot; the caller fills product, card or sealed goods."""
    return {
        "id": new_id("slot"),
        "shop_id": shop_id,
        "order_id": order_id,
        "line_n": line_n,
        "piece": piece,
        "gen": 0,
        "product_id": None,
        "origin": origin,
        "card_id": None,
        "sealed": None,
        "at": now,
    }


def has_slots(tx: Tx, shop_id: str, order_id: str) -> bool:
    """Whether an order got something already."""
    query = select(Slot.id).where(Slot.shop_id == shop_id, Slot.order_id == order_id).limit(1)
    return tx.execute(query).first() is not None


def insert_slots(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Keep slots; a slot that exists already makes the whole transaction fail (a piece is never filled twice)."""
    bulk.insert(tx, Slot, rows)
