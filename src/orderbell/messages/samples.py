"""Made-up facts and links for previews, tests and the check when a text is saved; no real buyer, no real key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from orderbell.messages.facts import Item, Links, MessageFacts
from orderbell.messages.i18n import written

# A fixed moment: previews and their pictures must not change from day to day.
_AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
_STATUS = {
    "order.created": "pending", "payment.failed": "pending", "order.delivered": "delivered",
    "card.revealed": "delivered", "order.completed": "completed", "order.cancelled": "cancelled",
    "order.expired": "expired", "review.rejected": "cancelled", "order.refunded": "refunded",
}  # fmt: skip

_TOLD = {
    "zh-CN": {
        "shop": "星河数码", "title": "Steam 充值卡 ¥100", "currency": "CNY", "buyer": "张三",
        "contact": "zhangsan@example.com", "reason": "同一 IP 十分钟内下了 6 单", "country": "CN",
        "timezone": "Asia/Shanghai",
    },
    "zh-TW": {
        "shop": "星河數位", "title": "Steam 儲值卡 NT$100", "currency": "TWD", "buyer": "陳小明",
        "contact": "xiaoming@example.com", "reason": "同一 IP 十分鐘內下了 6 筆訂單", "country": "TW",
        "timezone": "Asia/Taipei",
    },
    "en": {
        "shop": "Galaxy Digital", "title": "Steam gift card 100", "currency": "USD", "buyer": "Alex Miller",
        "contact": "alex.miller@example.com", "reason": "6 orders from one IP address within ten minutes",
        "country": "US", "timezone": "America/New_York",
    },
}  # fmt: skip


def sample_facts(event_type: str, locale: str) -> MessageFacts:
    """Facts of that event as a shop of that language would know them."""
    told = _TOLD[written(locale)]
    stock_event = event_type.startswith("stock.")
    return MessageFacts(
        event_type=event_type,
        shop_name=told["shop"],
        order_number="" if stock_event else "20261122-0001",
        status=_STATUS.get(event_type, "" if stock_event else "paid"),
        amount_minor=None if stock_event else 19_800,
        currency=told["currency"],
        buyer_name="" if stock_event else told["buyer"],
        buyer_contact="" if stock_event else told["contact"],
        items=() if stock_event else (Item(title=told["title"], quantity=2, price_minor=9_900, sku="steam-100"),),
        reason=told["reason"],
        created_at=_AT - timedelta(minutes=3),
        paid_at=_AT,
        expires_at=_AT + timedelta(days=7 if event_type.startswith("membership.") else 0, minutes=27),
        occurred_at=_AT,
        country=told["country"],
        timezone=told["timezone"],
        sku="steam-100",
        product_title=told["title"] if stock_event else "",
        stock_left={"stock.low": 5, "stock.restocked": 120}.get(event_type, 0),
        owed_pieces=2 if event_type == "order.owed" else 0,
    )


def sample_links() -> Links:
    """Addresses that lead nowhere."""
    return Links(
        order_url="https://shop.example/o/sample",
        panel_url="https://shop.example/panel/orders/20261122-0001",
        payment_url="https://shop.example/pay/sample",
    )
