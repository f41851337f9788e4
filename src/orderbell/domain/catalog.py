"""What a shop sells: products of three kinds, each with its stock counted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import insert, select, update

from orderbell.base.errors import BadInput, Conflict, NotFound
from orderbell.base.ids import new_id
from orderbell.store.database import Tx
from orderbell.store.schema import Product

KINDS = ("card", "reusable", "service")
"""card: one key per piece; reusable: the same text for every buyer; service: nothing to hand out."""


def add_product(
    tx: Tx, shop_id: str, *, sku: str, title: str, kind: str = "card", low_at: int = 5, now: datetime
) -> str:
    """Add a product and return its id.

    Raises:
        BadInput: an empty sku or title, an unknown kind, a negative mark.
        Conflict: `sku_taken`.
    """
    check(sku=sku, title=title, kind=kind, low_at=low_at)
    if find(tx, shop_id, sku) is not None:
        raise Conflict(f"There is a product with the SKU {sku!r} already.", code="sku_taken")
    id_ = new_id("product")
    tx.execute(
        insert(Product).values(
            id=id_, shop_id=shop_id, sku=sku, title=title, kind=kind, low_at=low_at, instructions="", created_at=now
        )
    )
    return id_


def change_product(tx: Tx, shop_id: str, product_id: str, **new: Any) -> None:
    """Change title, low_at, reserve_on_order, instructions or archived_at.

    Raises:
        NotFound: no such product in this shop.
        BadInput: a value that does not fit.
    """
    allowed = {"title", "low_at", "reserve_on_order", "instructions", "archived_at"}
    if unknown := set(new) - allowed:
        raise BadInput(f"A product's {', '.join(sorted(unknown))} cannot be changed.", code="not_changeable")
    check(sku="x", title=new.get("title", "x"), kind="card", low_at=new.get("low_at", 0))
    changed = tx.execute(
        update(Product).where(Product.shop_id == shop_id, Product.id == product_id).values(**new)
    ).rowcount
    if not changed:
        raise NotFound("There is no such product.")


def find(tx: Tx, shop_id: str, sku: str) -> SqlRow[Any] | None:
    """The product of that SKU, or None."""
    query = select(Product.__table__).where(Product.shop_id == shop_id, Product.sku == sku)
    return tx.execute(query).one_or_none()


def get(tx: Tx, shop_id: str, product_id: str) -> SqlRow[Any]:
    """The product of that id.

    Raises:
        NotFound: no such product in this shop.
    """
    query = select(Product.__table__).where(Product.shop_id == shop_id, Product.id == product_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such product.")
    return row


def check(*, sku: str, title: str, kind: str, low_at: int) -> None:
    """Raises BadInput when a product's fields do not fit."""
    if not sku.strip() or len(sku) > 100 or not sku.isprintable():
        raise BadInput("A SKU is 1 to 100 printable characters.", code="bad_sku", field="sku")
    if not title.strip() or len(title) > 300:
        raise BadInput("A title is 1 to 300 characters.", code="bad_title", field="title")
    if kind not in KINDS:
        raise BadInput(f"A product's kind is one of {', '.join(KINDS)}.", code="bad_kind", field="kind")
    if not 0 <= low_at <= 1_000_000:
        raise BadInput("The low-stock mark is 0 to 1,000,000.", code="bad_low_at", field="low_at")
