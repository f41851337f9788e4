"""Products with their stock, and the imports that filled it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy import Row as SqlRow

from orderbell.base.errors import NotFound
from orderbell.store.schema import CardImport, Order, Product, ReusableCard

MOST_PRODUCTS = 300
MOST_IMPORTS = 10
AnyRow = SqlRow[*tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """One product: its row, its newest imports, whether a reusable text is set, and how many orders wait for it."""

    row: AnyRow
    imports: Sequence[AnyRow]
    has_text: bool


def find(tx: Connection, shop_id: str, q: str) -> Sequence[AnyRow]:
    """The products of a shop, those that run out first on top; `q` is part of a title or SKU."""
    query = select(Product.__table__).where(Product.shop_id == shop_id, Product.archived_at.is_(None))
    if q.strip():
        text = q.strip()
        by_title, by_sku = (column.icontains(text, autoescape=True) for column in (Product.title, Product.sku))
        query = query.where(by_title | by_sku)
    return tx.execute(query.order_by(Product.kind != "card", Product.free - Product.low_at).limit(MOST_PRODUCTS)).all()


def shelf(tx: Connection, shop_id: str, product_id: str) -> Shelf:
    """One product.

    Raises:
        NotFound: no such product in this shop.
    """
    row = tx.execute(
        select(Product.__table__).where(Product.shop_id == shop_id, Product.id == product_id)
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such product.")
    imports = select(CardImport.__table__).where(CardImport.shop_id == shop_id, CardImport.product_id == product_id)
    text = select(ReusableCard.product_id).where(ReusableCard.shop_id == shop_id, ReusableCard.product_id == product_id)
    return Shelf(
        row=row, imports=tx.execute(imports.order_by(CardImport.id.desc()).limit(MOST_IMPORTS)).all(),
        has_text=tx.execute(text).first() is not None,
    )  # fmt: skip


def owed(tx: Connection, shop_id: str) -> int:
    """How many paid orders wait for goods."""
    query = select(func.count()).select_from(
        select(Order.id).where(Order.shop_id == shop_id, Order.owed == 1).limit(1000).subquery()
    )
    return tx.execute(query).scalar_one()


def import_row(tx: Connection, shop_id: str, import_id: str) -> AnyRow | None:
    """How far an import came."""
    query = select(CardImport.__table__).where(CardImport.shop_id == shop_id, CardImport.id == import_id)
    return tx.execute(query).one_or_none()
