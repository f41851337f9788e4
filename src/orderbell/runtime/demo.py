"""The demo shop: a few products, and buyers who order, pay, fail, forget and ask for their money back."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

from orderbell import events
from orderbell.base.errors import OrderBellError
from orderbell.base.ids import new_id
from orderbell.domain import cards, catalog
from orderbell.events import Buyer, Event, Line, OrderFacts
from orderbell.runtime import intake
from orderbell.runtime.house import House
from orderbell.store.database import Tx
from orderbell.store.journal import Entry

GOODS: tuple[tuple[str, str, str, int], ...] = (
    ("steam-100", "Steam 充值卡 ¥100", "card", 9800),
    ("netease-30", "网易点卡 ¥30", "card", 2850),
    ("video-year", "视频会员年卡", "card", 19800),
    ("ebook-potter", "《哈利波特》电子书", "reusable", 3900),
)
BUYERS = (
    Buyer(ref="u_1", name="张三", email="zhangsan@example.com", phone="+8613800138000", locale="zh-CN"),
    Buyer(ref="u_2", name="李四", email="lisi@example.com", phone="+8613900139000", locale="zh-CN"),
    Buyer(ref="u_3", name="Alice Brown", email="alice@example.com", locale="en", timezone="Europe/London"),
    Buyer(ref="u_4", name="王小明", email="xiaoming@example.com", locale="zh-CN"),
    Buyer(ref="u_5", name="Bob Smith", email="bob@example.com", locale="en", timezone="America/New_York"),
)
FIRST_CARDS, LEAST_CARDS, MORE_CARDS = 40, 3, 25
EVERY_S = (2.0, 6.0)


async def trade(house: House, shop_id: str) -> None:
    """Trade until cancelled."""
    dice = random.Random()
    await house.store.write(lambda tx: _open(tx, house, shop_id))
    for sku, *_ in GOODS:
        await stock_up(house, shop_id, sku, FIRST_CARDS)
    for _ in range(12):
        await _one_order(house, shop_id, dice)
    while True:
        await asyncio.sleep(dice.uniform(*EVERY_S))
        try:
            await _one_order(house, shop_id, dice)
        except OrderBellError:
            await asyncio.sleep(5)


def _open(tx: Tx, house: House, shop_id: str) -> None:
    now = house.clock.now()
    for sku, title, kind, _ in GOODS:
        if catalog.find(tx, shop_id, sku) is None:
            id_ = catalog.add_product(tx, shop_id, sku=sku, title=title, kind=kind, now=now)
            if kind == "reusable":
                vault = house.books.one(tx, shop_id).vault
                cards.set_reusable(tx, vault, id_, "https://example.com/books/harry-potter.epub", now=now)


async def stock_up(house: House, shop_id: str, sku: str, pieces: int = MORE_CARDS) -> None:
    """See to it that a product that is nearly sold out has cards again."""
    product = await house.store.read(lambda tx: catalog.find(tx, shop_id, sku))
    if product is not None and product.kind == "card" and product.free < LEAST_CARDS:
        keys = [f"DEMO-{sku.upper()}-{new_id('card')[-12:].upper()}" for _ in range(pieces)]
        await intake.import_keys(house, shop_id, product.id, keys, by="demo")


async def _one_order(house: House, shop_id: str, dice: random.Random) -> None:
    sku, title, _, price = dice.choice(GOODS)
    now = house.clock.now()
    quantity = dice.choice((1, 1, 1, 2))
    number = f"{now:%Y%m%d}-{dice.randrange(10**6):06d}"
    order = OrderFacts(
        number=number,
        amount_minor=price * quantity,
        currency="CNY",
        ip=f"203.0.113.{dice.randrange(1, 255)}",
        country="CN",
        buyer=dice.choice(BUYERS),
        lines=(Line(sku=sku, title=title, quantity=quantity, price_minor=price),),
        created_at=now,
        expires_at=now + timedelta(minutes=30),
        payment_url=f"{house.settings.base_url}/o",
    )
    if dice.random() < 0.15:
        await stock_up(house, shop_id, sku, MORE_CARDS)
    await _say(house, shop_id, events.OrderCreated(id=f"demo:{number}:created", at=now, order=order))
    await asyncio.sleep(dice.uniform(0.2, 1.0))
    for event in _fate(house, order, dice):
        await _say(house, shop_id, event)


def _fate(house: House, order: OrderFacts, dice: random.Random) -> list[Event]:
    now, chance = house.clock.now(), dice.random()
    known = OrderFacts(number=order.number)
    paid = events.OrderPaid(id=f"demo:{order.number}:paid", at=now, order=known)
    if chance < 0.08:
        return [events.PaymentFailed(id=f"demo:{order.number}:failed", at=now, order=known, reason="余额不足")]
    if chance < 0.14:
        return [events.OrderCancelled(id=f"demo:{order.number}:cancelled", at=now, order=known)]
    if chance < 0.20:
        return []
    if chance < 0.26:
        asked = events.RefundRequested(id=f"demo:{order.number}:refund", at=now, order=known, reason="买错了")
        return [paid, asked]
    return [paid]


async def _say(house: House, shop_id: str, event: Event) -> None:
    await house.record([Entry(shop_id=shop_id, source_id=None, event=event)])
