"""WooCommerce: each recorded delivery becomes exactly its facts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.recordings import recorded, with_body, without_header

from orderbell.base.errors import BadInput, BadSignature
from orderbell.base.signing import hmac_base64
from orderbell.events import (
    Buyer,
    Event,
    Line,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderFacts,
    OrderPaid,
    OrderRefunded,
    PaymentFailed,
)
from orderbell.sources.base import Reading
from orderbell.sources.woocommerce import WooCommerce

SECRET = 's&c<ret"'
SOURCE = WooCommerce()
PENDING = recorded("woocommerce/order_created_pending")
PING = recorded("woocommerce/ping")
NAMES = ["order_created_pending", "order_updated_processing", "order_deleted", "order_updated_chinese_product"]
FACTS = OrderFacts(
    number="727",
    amount_minor=2935,
    currency="USD",
    ip="203.0.113.9",
    country="GB",
    buyer=Buyer(ref="woo-12", name="Ada Moss", email="ada@example.com", phone="+447400123456"),
    lines=(
        Line(sku="steam-10", title="Steam Wallet 10", quantity=2, price_minor=1000),
        Line(sku="woo-99-103", title="Game key - EU", quantity=1, price_minor=935),
    ),
    created_at=datetime(2026, 11, 22, 10, 0, 5, tzinfo=UTC),
    payment_url="https://shop.example/checkout/order-pay/727/?pay_for_order=true&key=wc_order_k2wN1b0Tq8Zr3",
    attributes={"payment_method": "stripe"},
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-22T{text}+00:00")


def events(name: str) -> tuple[Event, ...]:
    return SOURCE.read(recorded(f"woocommerce/{name}"), {}).events


def pending(**change: Any) -> Reading:
    body = json.dumps(json.loads(PENDING.body) | change).encode()
    return SOURCE.read(with_body(PENDING, body), {})


def test_a_pending_order_was_created() -> None:
    assert events("order_created_pending") == (OrderCreated(id="woo:727:created", at=at("10:00:05"), order=FACTS),)


def test_created_and_updated_of_one_change_are_one_fact() -> None:
    assert events("order_updated_pending") == events("order_created_pending")


@pytest.mark.parametrize("name", ["order_created_on_hold", "order_restored"])
def test_an_order_on_hold_or_back_from_the_bin_was_created(name: str) -> None:
    (event,) = events(name)
    assert (type(event), event.id, event.at) == (OrderCreated, "woo:727:created", at("10:00:05"))


def test_a_processing_order_is_paid_at_the_time_of_payment() -> None:
    assert events("order_updated_processing") == (OrderPaid(id="woo:727:paid", at=at("10:02:11"), order=FACTS),)


def test_a_bank_transfer_set_to_processing_is_paid_although_it_has_no_payment_date() -> None:
    (event,) = events("order_updated_processing_unpaid_date")
    assert (type(event), event.id, event.at) == (OrderPaid, "woo:727:paid", at("10:31:00"))


def test_a_completed_order_is_paid_and_completed() -> None:
    paid = OrderPaid(id="woo:727:paid", at=at("10:02:11"), order=FACTS)
    done = OrderCompleted(id="woo:727:completed", at=at("10:02:20"), order=FACTS)
    assert events("order_updated_completed") == (paid, done)


def test_a_status_of_the_shop_s_own_counts_as_paid_once_money_came() -> None:
    assert events("order_updated_custom_status") == events("order_updated_processing")


def test_a_cancelled_order_is_cancelled() -> None:
    expected = OrderCancelled(id="woo:727:cancelled", at=at("10:59:30"), order=FACTS)
    assert events("order_updated_cancelled") == (expected,)


def test_a_refunded_order_is_refunded_and_not_paid_again() -> None:
    expected = OrderRefunded(id="woo:727:refunded", at=at("10:40:00"), order=FACTS)
    assert events("order_updated_refunded") == (expected,)


def test_a_payment_that_failed_twice_is_two_facts() -> None:
    first, second = (*events("order_updated_failed"), *events("order_updated_failed_again"))
    assert first == PaymentFailed(id="woo:727:failed:2026-11-22T10:01:02", at=at("10:01:02"), order=FACTS)
    assert second.id == "woo:727:failed:2026-11-22T10:01:40"


@pytest.mark.parametrize("name", ["order_deleted", "order_updated_draft", "product_updated"])
def test_deleted_orders_drafts_and_other_topics_say_nothing(name: str) -> None:
    assert SOURCE.read(recorded(f"woocommerce/{name}"), {}) == Reading()


def test_a_chinese_order_keeps_its_words() -> None:
    (event,) = events("order_updated_chinese_product")
    assert isinstance(event, OrderPaid)
    assert event.order.buyer == Buyer(name="张三", email="zhang@example.cn", phone="+8613800138000")
    assert event.order.lines == (Line(sku="woo-95", title="Steam 充值卡 ¥100", quantity=2, price_minor=9900),)
    assert (event.order.number, event.order.ip, event.order.amount_minor) == ("WX-801", "2001:db8::17", 19800)


def test_the_unsigned_ping_passes_and_is_answered_200() -> None:
    SOURCE.verify(PING, [SECRET])
    assert SOURCE.read(PING, {}) == Reading(status=200)


@pytest.mark.parametrize("body", [b"", b"webhook_id=", b"webhook_id=1&x=2", b"webhook_id=1\n", b'{"id":1}'])
def test_only_the_exact_ping_passes_unsigned(body: bytes) -> None:
    with pytest.raises(BadSignature):
        SOURCE.verify(with_body(PING, body), [SECRET])


@pytest.mark.parametrize("name", NAMES)
def test_what_the_shop_signed_passes(name: str) -> None:
    SOURCE.verify(recorded(f"woocommerce/{name}"), ["another", SECRET])


def test_a_secret_copied_with_its_entities_passes_too() -> None:
    SOURCE.verify(PENDING, ["s&amp;c&lt;ret&quot;"])


@pytest.mark.parametrize("secrets", [[], [""], ["another"]])
def test_another_secret_or_none_does_not(secrets: list[str]) -> None:
    with pytest.raises(BadSignature):
        SOURCE.verify(PENDING, secrets)


def test_an_empty_secret_signs_nothing() -> None:
    forged = replace(PENDING, headers={**PENDING.headers, "x-wc-webhook-signature": hmac_base64(b"", PENDING.body)})
    with pytest.raises(BadSignature):
        SOURCE.verify(forged, [""])


def test_a_request_without_a_signature_is_refused() -> None:
    with pytest.raises(BadSignature):
        SOURCE.verify(without_header(PENDING, "x-wc-webhook-signature"), [SECRET])


@given(st.integers(0, len(PENDING.body) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused(place: int, change: int) -> None:
    body = bytearray(PENDING.body)
    body[place] ^= change
    with pytest.raises(BadSignature):
        SOURCE.verify(with_body(PENDING, bytes(body)), [SECRET])


def test_a_missing_topic_is_refused() -> None:
    with pytest.raises(BadInput):
        SOURCE.read(without_header(PENDING, "x-wc-webhook-topic"), {})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "USDT"}, "bad_currency"),
        ({"total": "much"}, "bad_input"),
        ({"total": "-1.00"}, "bad_amount"),
        ({"id": None}, "bad_type"),
        ({"date_created_gmt": "yesterday"}, "bad_time"),
        ({"line_items": [{"quantity": -1}]}, "out_of_range"),
        ({"line_items": {}}, "bad_type"),
    ],
)
def test_what_woocommerce_never_sends_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        pending(**change)
    assert caught.value.code == code


@pytest.mark.parametrize("quantity", [2, 2.0, 1.5])
def test_a_quantity_is_rounded_up_to_whole_pieces(quantity: float) -> None:
    (event,) = pending(line_items=[{"product_id": 1, "quantity": quantity}]).events
    assert isinstance(event, OrderCreated)
    assert event.order.lines[0].quantity == 2
