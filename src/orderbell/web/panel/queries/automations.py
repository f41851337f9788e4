"""What the automations page shows: a shop's rules, its accounts, whose own words go by which channel, who is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy import Row as SqlRow

from orderbell.channels.directory import CHANNELS
from orderbell.delivery.route import TOLD_BY_MAIL
from orderbell.domain import quiet
from orderbell.domain.quiet import Quiet
from orderbell.domain.rule_changes import Reach
from orderbell.domain.rules import AUDIENCES
from orderbell.store.schema import Order, Product, Provider, Rule, Shop, Staff, Template

AnyRow = SqlRow[*tuple[Any, ...]]
MOST_PRODUCTS = 60
LATEST_ORDERS = 25


@dataclass(frozen=True, kw_only=True)
class Wire:
    """How a channel stands: local, ready, failing, off or sandbox, and how many accounts it has on."""

    kind: str
    state: str
    accounts: int


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Everything the page is drawn from. `own` holds (event, audience, channel) with words of the merchant's own."""

    rules: Sequence[AnyRow]
    wires: Mapping[str, Wire]
    own: frozenset[tuple[str, str, str]]
    mailed: int
    """How many of the staff are told by mail."""
    quiet: Quiet | None
    demo: bool

    @property
    def reach(self) -> Reach:
        """What a ready-made set may use here."""
        ready = [kind for kind, wire in self.wires.items() if wire.state in ("local", "ready", "failing")]
        fit = {who: [kind for kind in ready if speaks(kind, who)] for who in AUDIENCES}
        return Reach(known=list(CHANNELS), connected=fit, demo=self.demo)


def speaks(kind: str, audience: str) -> bool:
    """Whether a channel can reach that audience at all."""
    traits = CHANNELS[kind].traits
    return audience in traits.audiences and not (audience == "staff" and traits.local)


def matrix(tx: Connection, shop_id: str) -> Matrix:
    """The whole page of a shop."""
    shop = tx.execute(select(Shop.settings, Shop.demo).where(Shop.id == shop_id)).one()
    rules = tx.execute(select(Rule.__table__).where(Rule.shop_id == shop_id).order_by(Rule.id)).all()
    texts = select(Template.event_type, Template.audience, Template.channel)
    own = tx.execute(texts.where(Template.shop_id == shop_id, Template.current.is_not(None)))
    told = select(func.count()).select_from(Staff)
    told = told.where(Staff.shop_id == shop_id, Staff.role.in_(TOLD_BY_MAIL), Staff.disabled_at.is_(None))
    return Matrix(
        rules=rules, wires=_wires(tx, shop_id), own=frozenset((row[0], row[1], row[2]) for row in own),
        mailed=tx.execute(told).scalar_one(), quiet=quiet.of_shop(shop.settings), demo=bool(shop.demo),
    )  # fmt: skip


def _wires(tx: Connection, shop_id: str) -> dict[str, Wire]:
    query = select(Provider.kind, Provider.disabled_at, Provider.failing_since).where(Provider.shop_id == shop_id)
    rows: dict[str, list[AnyRow]] = {}
    for row in tx.execute(query):
        rows.setdefault(row.kind, []).append(row)
    return {kind: _wire(kind, rows.get(kind, [])) for kind in CHANNELS}


def _wire(kind: str, rows: Sequence[AnyRow]) -> Wire:
    on = [row for row in rows if row.disabled_at is None]
    if CHANNELS[kind].traits.local:
        state = "local"
    elif on:
        state = "failing" if all(row.failing_since for row in on) else "ready"
    else:
        state = "off" if rows else "sandbox"
    return Wire(kind=kind, state=state, accounts=len(on))


def products(tx: Connection, shop_id: str) -> list[tuple[str, str]]:
    """SKU and title of the shop's products; empty when they are too many to choose from by eye."""
    query = select(Product.sku, Product.title).where(Product.shop_id == shop_id, Product.archived_at.is_(None))
    found = tx.execute(query.order_by(Product.title).limit(MOST_PRODUCTS + 1)).all()
    return [(row.sku, row.title) for row in found] if len(found) <= MOST_PRODUCTS else []


@dataclass(frozen=True, kw_only=True)
class PastOrder:
    """An order one can rehearse with."""

    number: str
    status: str
    amount_minor: int
    currency: str
    created_at: datetime


def latest_orders(tx: Connection, shop_id: str) -> list[PastOrder]:
    """The newest orders, newest first."""
    query = select(Order.number, Order.status, Order.amount_minor, Order.currency, Order.created_at)
    rows = tx.execute(query.where(Order.shop_id == shop_id).order_by(Order.id.desc()).limit(LATEST_ORDERS))
    return [PastOrder(**row._mapping) for row in rows]
