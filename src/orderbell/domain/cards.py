"""The card vault: import, seal, reserve, hand out exactly once, reveal with a trace, re-issue.

A card's key is in clear only while it is imported or shown. Its ciphertext is bound to shop, product and card,
so that a row copied elsewhere does not open. Three guards keep a card from being sold twice: the UPDATE's
`state='free'`, the unique slot and card ids, and a trigger that never lets a sold card be free again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from orderbell.base import mutant
from orderbell.base.clock import to_micros
from orderbell.base.crash import crashpoint
from orderbell.base.errors import BadInput, Conflict, NotFound
from orderbell.base.ids import new_id
from orderbell.base.secrets import Box, Keyring, Sealed
from orderbell.domain import lost
from orderbell.store import allocations, bulk
from orderbell.store.allocations import Given
from orderbell.store.database import Tx
from orderbell.store.schema import Card, Order, Product, ReusableCard, Slot

T = TypeVar("T")
MAX_KEY_CHARS = 4000
CHUNK = 500
_PRINTS = select(Card.id, Card.fingerprint).where(Card.id.in_(bindparam("wanted", expanding=True)))
_FREE = (
    select(Card.id)
    .where(Card.shop_id == bindparam("shop"), Card.product_id == bindparam("product"))
    # Spelled out, not bound: only then the index of free cards serves, and the sold ones are not walked through.
    .where(text("state='free'") if not mutant.without("card_not_checked") else Card.state != "")
    .order_by(Card.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


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
    taken = claimed = 0
    for chunk in _chunks(good):
        fresh = _insert_chunk(tx, vault, product_id, chunk, import_id=import_id, now=now)
        taken += len(fresh)
        claimed += lost.claim_imported(tx, vault.shop_id, fresh, product_id)
    if taken:
        mine = (Product.shop_id == vault.shop_id, Product.id == product_id)
        counts = {"free": Product.free + taken - claimed, "sold": Product.sold + claimed}
        tx.execute(update(Product).where(*mine).values(counts))
    return Imported(taken=taken, duplicates=len(good) - taken, refused=tuple(refused))


def _chunks(all_: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(all_), CHUNK):
        yield all_[start : start + CHUNK]


def _insert_chunk(
    tx: Tx, vault: Vault, product_id: str, keys: Sequence[str], *, import_id: str | None, now: datetime
) -> dict[bytes, str]:
    rows = [_row(vault, product_id, key, import_id=import_id, now=now) for key in keys]
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(Card).on_conflict_do_nothing(index_elements=["shop_id", "product_id", "fingerprint"])
    crashpoint("cards.import_chunk")
    taken = set(tx.execute(statement.returning(Card.id), rows).scalars())
    return {row["fingerprint"]: row["id"] for row in rows if row["id"] in taken}


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
    found = tx.execute(_FREE, {"shop": shop_id, "product": product_id, "most": most})
    return list(found.scalars())


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


def sell(tx: Tx, pairs: Sequence[tuple[str, str]], now: datetime, *, told: Sequence[Given] = ()) -> None:
    """Bind cards to slots that are kept already, (card id, slot id) each; all of them or an error.

    Each becomes a line of the allocation journal, which is on the disk before this transaction commits; `told` are
    those lines but for the fingerprints, where the caller knows them.

    Raises:
        Conflict: a card was not ours to give any more; the transaction must end.
    """
    if not pairs:
        return
    rows = [{"b_id": card, "slot_id": slot, "state": "sold", "sold_at": now} for card, slot in pairs]
    given = "t.state IN ('free', 'reserved')" if not mutant.without("card_not_checked") else ""
    sold = bulk.change(tx, Card, rows, ("slot_id", "state", "sold_at"), only=given)
    crashpoint("cards.after_allocate")
    if sold != len(pairs):
        raise Conflict("A card was taken by another order meanwhile.", code="card_taken")
    if allocations.is_kept(tx):
        lines = _with_prints(tx, told) if told else [row for chunk in _chunks(pairs) for row in _given(tx, chunk, now)]
        allocations.note(tx, lines)


def _with_prints(tx: Tx, told: Sequence[Given]) -> list[Given]:
    prints = {row.id: row.fingerprint.hex() for row in tx.execute(_PRINTS, {"wanted": [each.card_id for each in told]})}
    return [msgspec.structs.replace(each, fingerprint=prints[each.card_id]) for each in told]


def _given(tx: Tx, pairs: Sequence[tuple[str, str]], now: datetime) -> list[Given]:
    """What the allocation journal says of these slots."""
    query = (
        select(
            Slot.id, Slot.shop_id, Slot.card_id, Slot.line_n, Slot.piece, Slot.gen, Slot.product_id, Order.number,
            Product.sku, Card.fingerprint,
        )
        .join(Card, Card.id == Slot.card_id)
        .outerjoin(Order, Order.id == Slot.order_id)
        .outerjoin(Product, Product.id == Slot.product_id)
        .where(Slot.id.in_([slot for _, slot in pairs]))
    )  # fmt: skip
    return [
        Given(
            at=to_micros(now), shop_id=row.shop_id, card_id=row.card_id, slot_id=row.id, order_number=row.number or "",
            line_n=row.line_n, piece=row.piece, gen=row.gen, product_id=row.product_id or "", sku=row.sku or "",
            fingerprint=row.fingerprint.hex(),
        )
        for row in tx.execute(query)
    ]  # fmt: skip


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
    crashpoint("cards.after_reserve")
    if kept != len(ids):
        raise Conflict("A card was taken by another order meanwhile.", code="card_taken")


def release(tx: Tx, shop_id: str, order_id: str, *, given: Collection[str] = ()) -> dict[str, int]:
    """Give an order's reserved cards back to the stock; how many of which product there were.

    `given` are cards that this transaction sold already and still has to write: they stay where they are.
    """
    back: dict[str, int] = {}
    held = tx.execute(
        select(Card.id, Card.product_id).where(
            Card.shop_id == shop_id, Card.reserved_for == order_id, Card.state == "reserved"
        )
    ).all()
    waiting = [row for row in held if row.id not in given]
    for product_id in sorted({row.product_id for row in waiting}):
        ids = [row.id for row in waiting if row.product_id == product_id]
        freed = tx.execute(
            update(Card)
            .where(Card.shop_id == shop_id, Card.id.in_(ids), Card.state == "reserved")
            .values(state="free", reserved_for=None, reserved_until=None)
        ).rowcount
        mine = (Product.shop_id == shop_id, Product.id == product_id)
        tx.execute(update(Product).where(*mine).values(free=Product.free + freed))
        back[product_id] = freed
        crashpoint("cards.after_release")
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
    crashpoint("cards.after_slots")
