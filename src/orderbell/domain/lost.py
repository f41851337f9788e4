"""Sales that the allocation journal knows and the database lost: bound again, or set aside, never free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from orderbell.base.clock import from_micros
from orderbell.store.allocations import Given
from orderbell.store.database import Tx
from orderbell.store.schema import Card, LostSale, Product, Slot

SOLD, VOID, MISSING, QUARANTINE = "sold", "void", "missing", "quarantine"
CHUNK = 500
_OURS = ("free", "reserved")


def judge(lines: Iterable[Given]) -> list[tuple[Given, str]]:
    """What the lines say of each card in the end: sold, void (its piece got another one later), or quarantine.

    A card's last line counts. A line whose piece was given another card of the same generation later belongs to a
    transaction that was lost: nobody got that card, most likely.
    """
    by_card: dict[str, Given] = {}
    by_piece: dict[tuple[Any, ...], Given] = {}
    newest: dict[tuple[Any, ...], int] = {}
    for line in lines:
        by_card[line.card_id] = line
        by_piece[*_piece(line), line.gen] = line
        newest[_piece(line)] = max(line.gen, newest.get(_piece(line), 0))

    def fate(line: Given) -> str:
        if by_piece[*_piece(line), line.gen].card_id != line.card_id:
            return QUARANTINE
        return SOLD if newest[_piece(line)] == line.gen else VOID

    return [(line, fate(line)) for line in by_card.values()]


def _piece(line: Given) -> tuple[Any, ...]:
    return (line.shop_id, line.order_number, line.line_n, line.piece)


def unknown(tx: Tx, lines: Iterable[Given]) -> list[Given]:
    """The lines whose card the database holds for unsold, or does not hold at all."""
    found: list[Given] = []
    for chunk in chunks({line.card_id: line for line in lines}.values()):
        query = select(Card.id, Card.state).where(Card.id.in_([line.card_id for line in chunk]))
        states = {row.id: row.state for row in tx.execute(query)}
        found += [line for line in chunk if states.get(line.card_id, "free") in _OURS]
    return found


def chunks(lines: Iterable[Given]) -> Iterator[list[Given]]:
    """The lines in portions that fit one statement."""
    left = list(lines)
    for start in range(0, len(left), CHUNK):
        yield left[start : start + CHUNK]


def take_out(tx: Tx, judged: Sequence[tuple[Given, str]]) -> Counter[str]:
    """Take the cards of these lines out of the stock and remember why; how many met which fate.

    At most CHUNK lines at once. Cards that the database knows as sold, void or set aside already are left alone, so
    that doing this again changes nothing.
    """
    query = select(Card.id, Card.state, Card.product_id).where(Card.id.in_([line.card_id for line, _ in judged]))
    known = {row.id: row for row in tx.execute(query.with_for_update())}
    rows: list[dict[str, Any]] = []
    moved: list[tuple[Any, dict[str, Any]]] = []
    for line, fate in judged:
        card = known.get(line.card_id)
        if card is None and fate == QUARANTINE:
            continue
        if card is None or card.state in _OURS:
            rows.append(_row(line, fate if card is not None else MISSING))
            moved += [(card, rows[-1])] if card is not None else []
    _remember(tx, rows)
    _move(tx, moved)
    return Counter(row["fate"] for row in rows)


def _row(line: Given, fate: str) -> dict[str, Any]:
    return {
        "card_id": line.card_id, "shop_id": line.shop_id, "slot_id": line.slot_id, "order_number": line.order_number,
        "line_n": line.line_n, "piece": line.piece, "gen": line.gen, "product_id": line.product_id, "sku": line.sku,
        "fingerprint": bytes.fromhex(line.fingerprint), "at": from_micros(line.at), "fate": fate, "settled_at": None,
    }  # fmt: skip


def _remember(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = (sqlite if tx.dialect.name == "sqlite" else postgresql).insert(LostSale)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in ("card_id", "shop_id")}
    # Only a card that was set aside before and returned to the stock can be lost a second time.
    again = statement.on_conflict_do_update(
        index_elements=["card_id"], set_=changed, where=LostSale.settled_at.is_not(None)
    )
    tx.execute(again, rows)


def _move(tx: Tx, moved: Sequence[tuple[Any, dict[str, Any]]]) -> None:
    bound = [
        {"b_card": row["card_id"], "b_state": row["fate"], "b_slot": row["slot_id"], "b_at": row["at"]}
        for _, row in moved
        if row["fate"] != QUARANTINE
    ]
    table = Card.__table__
    if bound:
        where = (table.c.id == bindparam("b_card"), (Card.state == "free") | (Card.state == "reserved"))
        values: dict[str, Any] = {
            "state": bindparam("b_state"),
            "slot_id": bindparam("b_slot"),
            "sold_at": bindparam("b_at"),
        }
        tx.execute(update(Card).where(*where).values(values), bound)
    aside = [row["card_id"] for _, row in moved if row["fate"] == QUARANTINE]
    if aside:
        fresh = {"state": QUARANTINE, "reserved_for": None, "reserved_until": None}
        tx.execute(update(Card).where(Card.id.in_(aside), Card.state.in_(_OURS)).values(fresh))
    _count(tx, moved)


def _count(tx: Tx, moved: Sequence[tuple[Any, dict[str, Any]]]) -> None:
    free = Counter(card.product_id for card, _ in moved if card.state == "free")
    sold = Counter(card.product_id for card, row in moved if row["fate"] == SOLD)
    for product_id in sorted(free.keys() | sold.keys()):
        counts = {"free": Product.free - free[product_id], "sold": Product.sold + sold[product_id]}
        tx.execute(update(Product).where(Product.id == product_id).values(counts))


def of_orders(tx: Tx, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Row[Any]]]:
    """The lost sales of these orders, (shop, number) each, settled ones included; set-aside cards are nobody's."""
    found: dict[tuple[str, str], list[Row[Any]]] = {}
    wanted = list(keys)
    for start in range(0, len(wanted), CHUNK):
        query = select(LostSale.__table__).where(
            tuple_(LostSale.shop_id, LostSale.order_number).in_(wanted[start : start + CHUNK]),
            LostSale.fate != QUARANTINE,
        )
        for row in tx.execute(query.order_by(LostSale.line_n, LostSale.piece, LostSale.gen)):
            found.setdefault((row.shop_id, row.order_number), []).append(row)
    return found


def slot_rows(order_id: str, lost: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """The slots an order had, under their old ids."""
    return [
        {
            "id": row.slot_id, "shop_id": row.shop_id, "order_id": order_id, "line_n": row.line_n, "piece": row.piece,
            "gen": row.gen, "product_id": row.product_id, "origin": "vault", "card_id": row.card_id, "sealed": None,
            "at": row.at,
        }
        for row in lost
    ]  # fmt: skip


def settle(tx: Tx, lost: Sequence[Row[Any]], now: datetime) -> None:
    """These sales are known again."""
    ids = [row.card_id for row in lost]
    tx.execute(update(LostSale).where(LostSale.card_id.in_(ids)).values(settled_at=now))


def claim_imported(tx: Tx, shop_id: str, fresh: Mapping[bytes, str], product_id: str) -> int:
    """Of cards just imported, (fingerprint: id), bind those that were sold before the database lost them; how many.

    The whole card was lost with its import, and the owner brings the same keys again: they belong to their buyers.
    """
    query = select(LostSale.__table__).where(
        LostSale.shop_id == shop_id, LostSale.fate == MISSING, LostSale.fingerprint.in_(list(fresh))
    )
    found = tx.execute(query).all()
    for row in found:
        id_ = fresh[row.fingerprint]
        bound = {"state": SOLD, "slot_id": row.slot_id, "sold_at": row.at}
        tx.execute(update(Card).where(Card.shop_id == shop_id, Card.id == id_).values(bound))
        moved = {"card_id": id_, "product_id": product_id}
        tx.execute(update(Slot).where(Slot.shop_id == shop_id, Slot.id == row.slot_id).values(moved))
        mine = (LostSale.shop_id == shop_id, LostSale.card_id == row.card_id)
        tx.execute(update(LostSale).where(*mine).values(moved | {"fate": SOLD}))
    return len(found)
