"""What each hearer does with an event: thin steps that ask a decider and put rows into the batch's buffers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from orderbell import events
from orderbell.base import mutant
from orderbell.base.clock import to_micros
from orderbell.base.ids import new_id
from orderbell.delivery import asking, outbox
from orderbell.delivery.book import RuleCard, ShopBook
from orderbell.delivery.route import Recipient
from orderbell.domain import cards, conditions, orders, shop_settings
from orderbell.domain.orders import OrderState
from orderbell.domain.quiet import place_of
from orderbell.events import OrderEvent, StockEvent
from orderbell.runtime import regain
from orderbell.runtime.batch import Batch, natural
from orderbell.runtime.words import Heard, Stock
from orderbell.store.allocations import Given
from orderbell.store.schema import LineRow, Order, State

_SERVED = ("paid", "completed")


def keep_order(batch: Batch, heard: Heard) -> None:
    """The order as it stands after this event, or why the event changes nothing."""
    event = _order_event(heard)
    order = batch.orders[heard.shop_id, event.order.number]
    heard.order = order
    heard.verdict = orders.settle(order, event)
    heard.tell("order", status=order.status, effective=heard.verdict.effective, why=heard.verdict.why)


def reserve_cards(batch: Batch, heard: Heard) -> None:
    """Keep cards for an unpaid order where the product says so."""
    order = _effective_order(heard)
    if order is None or order.status != "pending" or _has_had_cards(batch, order):
        return
    until = order.expires_at or batch.now + timedelta(seconds=_expiry_s(batch, order.shop_id))
    for line in order.lines:
        stock = batch.stock(order.shop_id, line.sku)
        if stock is None or stock.row.kind != "card" or not stock.row.reserve_on_order:
            continue
        kept = stock.keep(batch.tx, order, line.quantity, until)
        heard.tell("reserve", sku=line.sku, pieces=line.quantity, kept=kept)


def release_cards(batch: Batch, heard: Heard) -> None:
    """An order that will not be delivered gives its reserved cards back."""
    order = _effective_order(heard)
    if order is None:
        return
    freed = cards.release(batch.tx, order.shop_id, order.id, given={sale.card_id for sale in batch.out.sales})
    if freed:
        heard.tell("release", pieces=sum(freed.values()))
    for sku in sorted({line.sku for line in order.lines}):
        stock = batch.stock(order.shop_id, sku)
        if stock is not None and stock.row.id in freed:
            stock.take_back(order, freed[stock.row.id])
            _serve(batch, heard, sku, stock)


def _expiry_s(batch: Batch, shop_id: str) -> int:
    return shop_settings.expiry_s(batch.books[shop_id].settings, batch.means.expiry_s)


def arm_expiry(batch: Batch, heard: Heard) -> None:
    """Set the clock on an unpaid order."""
    order = _effective_order(heard)
    if order is None or order.status != "pending":
        return
    if order.expires_at is None:
        order.expires_at, order.changed = batch.now + timedelta(seconds=_expiry_s(batch, order.shop_id)), True
    batch.out.timers.append(
        {
            "id": new_id("timer"), "shop_id": order.shop_id, "kind": "expire_order", "subject_id": order.id, "gen": 0,
            "state": int(State.READY), "lane": 1, "due_at": order.expires_at, "lease_gen": 0, "tries": 0,
        }
    )  # fmt: skip


def watch_late_money(batch: Batch, heard: Heard) -> None:
    """Money for a cancelled order is never swallowed: a person decides between goods and refund."""
    order = heard.order
    if order is not None and not heard.verdict.effective and order.status == "cancelled":
        _open_task(batch, order, "late_payment", {"number": order.number})
        heard.tell("task", kind="late_payment")


def hand_out_cards(batch: Batch, heard: Heard) -> None:
    """Paid: bind a card to every piece, all or nothing; or the order is owed.

    Also when we hear only now what was bought, or hear that it is completed before we hear that it was paid.
    """
    order = heard.order
    if order is None or order.status not in _SERVED or order.delivered_at is not None:
        return
    if not heard.verdict.effective and not order.new_lines and not mutant.without("fill_once"):
        return
    if order.held:
        heard.tell("goods", why="the order is held for review")
        return
    _hand_out(batch, heard, order)


def _has_had_cards(batch: Batch, order: OrderState) -> bool:
    return batch.regained is not None and batch.regained.has_cards(order)


def _give_back(batch: Batch, heard: Heard, order: OrderState) -> None:
    """The order was filled before a restore: the same cards again, which left the stock long ago."""
    assert batch.regained is not None
    slots = batch.regained.give_back(batch.tx, order, batch.now)
    batch.out.slots += slots
    batch.filled.add(order.id)
    heard.tell("goods", pieces=len(slots), origin="journal")
    first = sum(not slot["gen"] for slot in slots)
    _end_goods(batch, order, whole=first == sum(line.quantity for line in order.lines))


def _hand_out(batch: Batch, heard: Heard, order: OrderState) -> None:
    if _has_had_cards(batch, order):
        _give_back(batch, heard, order)
        return
    mine = [
        (n, line, stock)
        for n, line in enumerate(order.lines, 1)
        if (stock := batch.stock(order.shop_id, line.sku)) is not None and stock.row.kind != "service"
    ]
    if not mine:
        heard.tell("goods", why="no product of this order is in our vault")
        return
    if _is_filled(batch, heard, order) and not mutant.without("fill_once"):
        return
    missing = _missing(batch, order, mine)
    if missing:
        heard.tell("goods", missing=missing)
        if not order.owed and not mutant.without("owed_task"):
            batch.find_out(order.shop_id, _fact(events.OrderOwed, order, batch, reason=", ".join(missing)))
        return
    for n, line, stock in mine:
        _fill(batch, order, stock, n=n, pieces=line.quantity)
    batch.filled.add(order.id)
    heard.tell("goods", pieces=sum(line.quantity for _, line, _ in mine))
    _end_goods(batch, order, whole=len(mine) == len(order.lines))
    for _, _, stock in mine:
        _warn(batch, order.shop_id, stock)


def _end_goods(batch: Batch, order: OrderState, *, whole: bool) -> None:
    if whole:
        batch.find_out(order.shop_id, _fact(events.OrderDelivered, order, batch))
    elif order.owed:
        # The other lines are the shop's to hand out, so we owe nothing more and cannot say "delivered".
        order.owed, order.changed = 0, True
        _close_owed(batch, order)


def _is_filled(batch: Batch, heard: Heard, order: OrderState) -> bool:
    # The usual case, money for an order that had none, is not worth a query.
    first = order.opened_by is not None or (isinstance(heard.event, events.OrderPaid) and heard.verdict.effective)
    return order.id in batch.filled or (not first and cards.has_slots(batch.tx, order.shop_id, order.id))


def _missing(batch: Batch, order: OrderState, mine: list[tuple[int, events.Line, Stock]]) -> list[str]:
    wanted: dict[str, int] = {}
    for _, line, stock in mine:
        if stock.row.kind == "card":
            wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    by_sku = {line.sku: stock for _, line, stock in mine}
    return [sku for sku, pieces in wanted.items() if not by_sku[sku].has(batch.tx, order, pieces)]


def _fill(batch: Batch, order: OrderState, stock: Stock, *, n: int, pieces: int) -> None:
    for piece in range(1, pieces + 1):
        origin = "vault" if stock.row.kind == "card" else "reusable"
        slot = cards.slot_row(order.shop_id, order.id, n, piece, origin=origin, now=batch.now)
        slot["product_id"] = stock.row.id
        if origin == "vault":
            slot["card_id"] = stock.give(order)
            batch.out.sales.append(_given(batch, slot, order, stock))
        batch.out.slots.append(slot)


def _given(batch: Batch, slot: dict[str, Any], order: OrderState, stock: Stock) -> Given:
    """What the allocation journal will say of this piece; `cards.sell` adds the card's fingerprint."""
    return Given(
        at=to_micros(batch.now), shop_id=order.shop_id, card_id=slot["card_id"], slot_id=slot["id"],
        order_number=order.number, line_n=slot["line_n"], piece=slot["piece"], gen=slot["gen"],
        product_id=stock.row.id, sku=stock.row.sku, fingerprint="",
    )  # fmt: skip


def _warn(batch: Batch, shop_id: str, stock: Stock) -> None:
    """Once when stock falls to its mark, once when it is gone; armed again by a restock."""
    if stock.row.kind != "card":
        return
    level: type[StockEvent] | None = None
    if stock.left <= 0 and stock.warned < 2:
        stock.warned, level = 2, events.StockOut
    elif 0 < stock.left <= stock.row.low_at and stock.warned < 1:
        stock.warned, level = 1, events.StockLow
    if level is not None:
        name = f"{natural(level, stock.row.id)}:{new_id('event')}"
        batch.find_out(
            shop_id, level(id=name, at=batch.now, sku=stock.row.sku, title=stock.row.title, left=max(stock.left, 0))
        )


def keep_shop_goods(batch: Batch, heard: Heard) -> None:
    """Keys the shop handed out itself go into the vault's keeping, sealed, so that the order page shows them."""
    event, order = _order_event(heard), _effective_order(heard)
    if order is None:
        return
    box = batch.books[order.shop_id].vault.box
    # The pieces of a line we keep are ours to fill: what the shop brings belongs to the first that is not.
    n = next((n for n, line in enumerate(order.lines, 1) if batch.stock(order.shop_id, line.sku) is None), 1)
    for piece, key in enumerate(event.goods, 1):
        slot = cards.slot_row(order.shop_id, order.id, n, piece, origin="shop", now=batch.now)
        slot["sealed"] = box.close(key.encode(), "slot", order.shop_id, slot["id"]).packed()
        batch.out.slots.append(slot)
    if event.goods:
        heard.tell("goods", pieces=len(event.goods), origin="shop")


def open_owed_task(batch: Batch, heard: Heard) -> None:
    """A paid order without goods stands before a person until it has them."""
    order = _effective_order(heard)
    if order is not None:
        _open_task(batch, order, "owed", {"number": order.number, "missing": _order_event(heard).reason or ""})


def close_owed_task(batch: Batch, heard: Heard) -> None:
    """Delivered, cancelled or refunded: nothing is owed any more."""
    order = _effective_order(heard)
    if order is not None:
        _close_owed(batch, order)


def _close_owed(batch: Batch, order: OrderState) -> None:
    if order.opened_by is not None:
        # Nothing of a new order is in the database yet: at most this batch opened a task for it.
        batch.out.tasks = [task for task in batch.out.tasks if (task["kind"], task["subject_id"]) != ("owed", order.id)]
        return
    batch.out.closed_tasks.append({"b_shop": order.shop_id, "b_kind": "owed", "b_subject": order.id})


def serve_owed(batch: Batch, heard: Heard) -> None:
    """New cards go first to those who paid and wait, oldest first."""
    event = heard.event
    assert isinstance(event, StockEvent)
    stock = batch.stock(heard.shop_id, event.sku)
    if stock is None:
        return
    _serve(batch, heard, event.sku, stock)
    if stock.left > stock.row.low_at:
        stock.warned = 0


def _serve(batch: Batch, heard: Heard, sku: str, stock: Stock) -> None:
    query = (
        select(Order.number)
        .join(LineRow, LineRow.order_id == Order.id)
        .where(Order.shop_id == heard.shop_id, Order.owed == 1, Order.status.in_(_SERVED), LineRow.sku == sku)
        .order_by(Order.paid_at)
        .limit(max(1, stock.left))
    )
    numbers = list(dict.fromkeys(batch.tx.execute(query).scalars()))
    batch.load_orders((heard.shop_id, number) for number in numbers)
    for number in numbers:
        order = batch.orders[heard.shop_id, number]
        if order.owed and not order.held:
            _hand_out(batch, heard, order)


def run_rules(batch: Batch, heard: Heard) -> None:
    """Ask every rule of this event; matched ones become messages, the others say why not."""
    if not heard.verdict.effective:
        heard.tell("rules", why=heard.verdict.why)
        return
    book = batch.books[heard.shop_id]
    told = batch.regained is not None and batch.regained.is_told(heard)
    for answer in asking.ask(book, heard.row.type, heard.order, lambda: _facts(batch, heard)):
        waits = [_put(batch, heard, answer.rule, recipient, told=told) for recipient in answer.found.recipients]
        until = max((at for at in waits if at), default=None)
        heard.tell(
            "rule", rule=answer.rule.id, name=answer.rule.name, matched=answer.matched, why=answer.why,
            audience=answer.rule.audience, messages=len(waits), **_until(until, book),
            nobody=[f"{kind}: {reason}" for kind, reason in answer.found.nobody],
        )  # fmt: skip
    for name in book.off_rules.get(heard.row.type, ()):
        heard.tell("rule", name=name, matched=False, why="the rule is switched off")


def _until(at: datetime | None, book: ShopBook) -> dict[str, str]:
    return {"until": at.astimezone(place_of(book.timezone)).isoformat()} if at else {}


def _put(batch: Batch, heard: Heard, rule: RuleCard, recipient: Recipient, *, told: bool) -> datetime | None:
    """Add a message; when quiet hours hold it back, until when."""
    order = heard.order
    row = outbox.message_row(recipient, rule, event=heard.row, order=order, extras=_extras(heard), now=batch.now)
    until = asking.waits_until(rule, batch.books[heard.shop_id], recipient, order, now=batch.now)
    if until is not None:
        row.update(due_at=until, reason=asking.QUIET_HOURS)
    if told:
        regain.hush(row, batch.now)
    batch.out.messages.append((row, order))
    return until


def _extras(heard: Heard) -> dict[str, Any] | None:
    event = heard.event
    if isinstance(event, StockEvent):
        return {"sku": event.sku, "product_title": event.title, "stock_left": event.left}
    reason = event.reason if isinstance(event, OrderEvent) else None
    return {"reason": reason} if reason else None


def _facts(batch: Batch, heard: Heard) -> dict[str, Any]:
    event, book = heard.event, batch.books[heard.shop_id]
    here = event.at.astimezone(place_of(book.timezone))
    if isinstance(event, StockEvent):
        return conditions.stock_facts(event.sku, event.title, event.left, heard.row.type, here=here)
    order = heard.order
    assert order is not None
    asked = any(conditions.asks_for_first(rule.condition) for rule in book.rules.get(heard.row.type, ()))
    first = asked and batch.is_first(order)
    return conditions.order_facts(order, heard.row.type, _order_event(heard).reason, here=here, first=first)


def _fact(
    kind: type[OrderEvent], order: OrderState, batch: Batch, reason: str | None = None
) -> OrderEvent:  # fmt: skip
    name = natural(kind, order.id)
    if kind is events.OrderOwed:
        name = f"{name}:{order.version}"
    return kind(id=name, at=batch.now, order=events.OrderFacts(number=order.number), reason=reason)


def _open_task(batch: Batch, order: OrderState, kind: str, detail: dict[str, Any]) -> None:
    batch.out.tasks.append(
        {
            "id": new_id("task"), "shop_id": order.shop_id, "kind": kind, "subject_id": order.id, "detail": detail,
            "opened_at": batch.now,
        }
    )  # fmt: skip


def _order_event(heard: Heard) -> OrderEvent:
    assert isinstance(heard.event, OrderEvent)
    return heard.event


def _effective_order(heard: Heard) -> OrderState | None:
    return heard.order if heard.verdict.effective else None
