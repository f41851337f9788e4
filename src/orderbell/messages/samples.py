"""Made-up facts and links for previews, tests and the check when a text is saved; no real buyer, no real key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from orderbell.messages.facts import Item, Links, MessageFacts
from orderbell.messages.i18n import nearest

# A fixed moment: previews and their pictures must not change from day to day.
_AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
_STATUS = {
    "order.created": "pending", "payment.failed": "pending", "order.delivered": "delivered",
    "card.revealed": "delivered", "order.completed": "completed", "order.cancelled": "cancelled",
    "order.expired": "expired", "review.rejected": "cancelled", "order.refunded": "refunded",
}  # fmt: skip


def sample_facts(event_type: str, locale: str) -> MessageFacts:
    """Facts of that event as a shop of that language would know them."""
    chinese = nearest(locale, default="en") == "zh-CN"
    title = "Steam 充值卡 ¥100" if chinese else "Steam gift card 100"
    stock_event = event_type.startswith("stock.")
    return MessageFacts(
        event_type=event_type,
        shop_name="星河数码" if chinese else "Galaxy Digital",
        order_number="" if stock_event else "20261122-0001",
        status=_STATUS.get(event_type, "" if stock_event else "paid"),
        amount_minor=None if stock_event else 19_800,
        currency="CNY" if chinese else "USD",
        buyer_name="" if stock_event else "张三" if chinese else "Alex Miller",
        buyer_contact="" if stock_event else "zhangsan@example.com" if chinese else "alex.miller@example.com",
        items=() if stock_event else (Item(title=title, quantity=2, price_minor=9_900, sku="steam-100"),),
        reason=("同一 IP 十分钟内下了 6 单" if chinese else "6 orders from one IP address within ten minutes"),
        created_at=_AT - timedelta(minutes=3),
        paid_at=_AT,
        expires_at=_AT + timedelta(days=7 if event_type.startswith("membership.") else 0, minutes=27),
        occurred_at=_AT,
        country="CN" if chinese else "US",
        timezone="Asia/Shanghai" if chinese else "America/New_York",
        sku="steam-100",
        product_title=title if stock_event else "",
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
