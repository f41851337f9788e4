"""What an order got, shown to those who may see it: masked, revealed with a trace, or re-issued."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import func, insert, select, update

from orderbell.base.crash import crashpoint
from orderbell.base.errors import Conflict, NotFound
from orderbell.base.ids import new_id
from orderbell.base.secrets import Sealed
from orderbell.domain import audit, cards, restored
from orderbell.domain.cards import Vault
from orderbell.store.database import Tx
from orderbell.store.schema import Card, LineRow, Order, Product, ReusableCard, Reveal, Slot


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who looks: `buyer`, or `staff:<id>`; from where, with what."""

    by: str
    ip: str | None = None
    agent: str | None = None


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One piece of an order's goods; `key` is empty until revealed."""

    slot_id: str
    title: str
    instructions: str
    replaceable: bool = False
    """It came from the vault, so that another card can be given instead."""
    key: str = ""


def list_pieces(tx: Tx, shop_id: str, order_id: str) -> list[Piece]:
    """What an order got, without the keys; empty when nothing was handed out."""
    titles = _titles(tx, shop_id, order_id)
    return [
        Piece(
            slot_id=row.id,
            title=titles.get(row.line_n, ""),
            instructions=row.instructions or "",
            replaceable=row.origin == "vault",
        )
        for row in _slots(tx, shop_id, order_id)
    ]


def reveal(tx: Tx, vault: Vault, order_id: str, *, viewer: Viewer, now: datetime) -> list[Piece]:
    """Open every key of an order and write down who saw it.

    Raises:
        NotFound: the order has no goods in this shop.
    """
    slots = _slots(tx, vault.shop_id, order_id)
    if not slots:
        raise NotFound("There is nothing to show for this order yet.", code="no_goods")
    titles = _titles(tx, vault.shop_id, order_id)
    pieces = [
        Piece(
            slot_id=row.id,
            title=titles.get(row.line_n, ""),
            instructions=row.instructions or "",
            key=_open(vault, row),
        )
        for row in slots
    ]
    tx.execute(insert(Reveal), [_trace(vault.shop_id, row, viewer, now) for row in slots])
    tx.execute(
        update(Order).where(Order.shop_id == vault.shop_id, Order.id == order_id).values(reveals=Order.reveals + 1)
    )
    crashpoint("goods.after_reveal")
    return pieces


def reissue(tx: Tx, vault: Vault, slot_id: str, *, by: str, reason: str, now: datetime) -> str:
    """Give a piece another card (the first did not work); the old card is void, both stay on record.

    Raises:
        NotReady: `paused_after_restore`.
        NotFound: no such piece in this shop.
        Conflict: not from the vault, replaced already, or no card is free.
    """
    restored.refuse_while_paused(tx)
    slot = tx.execute(
        select(Slot.__table__).where(Slot.shop_id == vault.shop_id, Slot.id == slot_id).with_for_update()
    ).one_or_none()
    if slot is None:
        raise NotFound("There is no such piece.")
    if slot.origin != "vault" or slot.gen != _newest_gen(tx, slot):
        raise Conflict("This piece cannot be replaced.", code="not_replaceable")
    free = cards.take_free(tx, vault.shop_id, slot.product_id, 1)
    if not free:
        raise Conflict("There is no free card of this product.", code="out_of_stock")
    row = cards.slot_row(vault.shop_id, slot.order_id, slot.line_n, slot.piece, origin="vault", now=now)
    row |= {"gen": slot.gen + 1, "product_id": slot.product_id, "card_id": free[0]}
    cards.insert_slots(tx, [row])
    cards.sell(tx, [(free[0], row["id"])], now)
    tx.execute(update(Card).where(Card.shop_id == vault.shop_id, Card.id == slot.card_id).values(state="void"))
    tx.execute(
        update(Product)
        .where(Product.shop_id == vault.shop_id, Product.id == slot.product_id)
        .values(free=Product.free - 1)
    )
    audit.note(
        tx, vault.shop_id, actor=by, action="card.reissue", object=slot.order_id, now=now,
        detail={"old": slot.card_id, "new": free[0], "reason": reason},
    )  # fmt: skip
    crashpoint("goods.after_reissue")
    return str(row["id"])


def _newest_gen(tx: Tx, slot: SqlRow[Any]) -> int:
    query = select(func.max(Slot.gen)).where(
        Slot.order_id == slot.order_id, Slot.line_n == slot.line_n, Slot.piece == slot.piece
    )
    return int(tx.execute(query).scalar_one())


def _titles(tx: Tx, shop_id: str, order_id: str) -> dict[int, str]:
    query = select(LineRow.n, LineRow.title, LineRow.sku).where(
        LineRow.order_id == order_id, LineRow.shop_id == shop_id
    )
    return {row.n: row.title or row.sku for row in tx.execute(query)}


def _slots(tx: Tx, shop_id: str, order_id: str) -> list[SqlRow[Any]]:
    query = (
        select(
            Slot.__table__,
            Card.sealed.label("card_sealed"),
            ReusableCard.sealed.label("text_sealed"),
            Product.instructions,
        )
        .outerjoin(Card, Card.id == Slot.card_id)
        .outerjoin(ReusableCard, (ReusableCard.product_id == Slot.product_id) & (Slot.origin == "reusable"))
        .outerjoin(Product, Product.id == Slot.product_id)
        .where(Slot.shop_id == shop_id, Slot.order_id == order_id)
        .order_by(Slot.line_n, Slot.piece, Slot.gen)
    )
    newest = {(row.line_n, row.piece): row for row in tx.execute(query)}
    return list(newest.values())


def _open(vault: Vault, row: SqlRow[Any]) -> str:
    if row.origin == "vault":
        # A card that a restore lost comes back with its next import; until then there is nothing to show.
        return vault.open(row.product_id, row.card_id, row.card_sealed) if row.card_sealed else ""
    if row.origin == "reusable":
        return vault.open(row.product_id, "reusable", row.text_sealed) if row.text_sealed else ""
    return vault.box.open(Sealed.unpack(row.sealed), "slot", vault.shop_id, row.id).decode()


def _trace(shop_id: str, slot: SqlRow[Any], viewer: Viewer, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id("reveal"),
        "shop_id": shop_id,
        "order_id": slot.order_id,
        "slot_id": slot.id,
        "at": now,
        "by": viewer.by,
        "ip": viewer.ip,
        "agent": (viewer.agent or "")[:200] or None,
    }
