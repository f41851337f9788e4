"""独角数卡: one hook after payment, told apart by its text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.sources.recordings import NOW, recorded, with_body

from orderbell.base.errors import BadInput
from orderbell.events import Buyer, Line, OrderDelivered, OrderEvent, OrderFacts, OrderOwed, OrderPaid
from orderbell.sources.dujiaoka import Dujiaoka

SOURCE = Dujiaoka()
AUTO = recorded("dujiaoka/auto_one_key")
FACTS = OrderFacts(
    number="A1B2C3D4E5F6G7H8",
    amount_minor=9900,
    currency="CNY",
    buyer=Buyer(email="buyer@example.com"),
    lines=(Line(sku="good-7", title="Steam 充值卡 ¥100", quantity=1, price_minor=9900),),
)


def events(name: str, settings: dict[str, str] | None = None, **query: str) -> list[OrderEvent]:
    found = SOURCE.read(recorded(f"dujiaoka/{name}", **query), settings or {}).events
    return [event for event in found if isinstance(event, OrderEvent)]


def changed(**change: Any) -> list[OrderEvent]:
    body = json.dumps(json.loads(AUTO.body) | change).encode()
    return [each for each in SOURCE.read(with_body(AUTO, body), {}).events if isinstance(each, OrderEvent)]


def kinds(found: list[OrderEvent]) -> list[type]:
    return [type(event) for event in found]


def test_a_card_order_is_paid_and_delivered() -> None:
    paid = OrderPaid(id="dujiaoka:A1B2C3D4E5F6G7H8:paid", at=NOW, order=FACTS)
    delivered = OrderDelivered(id="dujiaoka:A1B2C3D4E5F6G7H8:delivered", at=NOW, order=FACTS, goods=("KEY-AAAA-1111",))
    assert events("auto_one_key") == [paid, delivered]


def test_the_hook_is_answered_200() -> None:
    reading = SOURCE.read(AUTO, {})
    assert (reading.status, reading.answer) == (200, "ok")


def test_two_cards_are_two_goods_and_one_line() -> None:
    delivered = events("auto_two_keys")[1]
    assert delivered.goods == ("KEY-AAAA-1111", "KEY-BBBB-2222")
    assert delivered.order.lines == (Line(sku="good-7", title="Steam 充值卡 ¥100", quantity=2, price_minor=9900),)


@pytest.mark.parametrize("name", ["oversell_zh_cn", "oversell_zh_tw"])
@pytest.mark.parametrize("kind", ["auto", "manual"])
def test_the_sold_out_sentence_is_no_card_but_a_debt(name: str, kind: str) -> None:
    found = events(name, kind=kind)
    assert kinds(found) == [OrderPaid, OrderOwed]
    assert "不足" in (found[1].reason or "")
    assert found[1].goods == ()


@pytest.mark.parametrize(
    ("settings", "query"),
    [({"goods_kind": "manual"}, {}), ({}, {"kind": "manual"}), ({"goods_kind": "auto"}, {"kind": "Manual"})],
)
def test_what_the_buyer_of_manual_goods_typed_is_no_card(settings: dict[str, str], query: dict[str, str]) -> None:
    assert kinds(events("manual", settings, **query)) == [OrderPaid]


def test_the_address_of_one_product_outranks_the_setting() -> None:
    assert kinds(events("auto_one_key", {"goods_kind": "manual"}, kind="auto")) == [OrderPaid, OrderDelivered]


def test_a_price_may_be_a_number() -> None:
    assert events("number_price")[0].order.amount_minor == 990


def test_the_currency_is_a_setting() -> None:
    facts = events("auto_one_key", {"currency": "USD"})[0].order
    assert (facts.currency, facts.amount_minor) == ("USD", 9900)


@pytest.mark.parametrize(
    ("settings", "query", "sku"),
    [
        ({"skus": "6 = other\r\n7 = steam 100\r\n"}, {}, "steam 100"),
        ({"skus": "77 = other"}, {}, "good-7"),
        ({"skus": "7=a"}, {"sku": "b"}, "b"),
    ],
)
def test_a_product_number_may_have_a_sku(settings: dict[str, str], query: dict[str, str], sku: str) -> None:
    assert events("auto_one_key", settings, **query)[0].order.lines[0].sku == sku


def test_cards_are_kept_as_they_are() -> None:
    assert changed(order_info=" a\u2028b \r\n\r\nuser:1----pass:2\r\n")[1].goods == (" a\u2028b ", "user:1----pass:2")


def test_no_cards_at_all_is_only_paid() -> None:
    assert kinds(changed(order_info=None)) == [OrderPaid]


def test_a_contact_that_is_no_address_is_kept_as_unknown() -> None:
    assert changed(email="QQ12345")[0].order.buyer == Buyer(contact="QQ12345")


def test_the_product_s_name_is_taken_from_the_title_when_it_is_missing() -> None:
    assert changed(gd_name=None, title="Card x 3")[0].order.lines[0] == Line(
        sku="good-7", title="Card", quantity=3, price_minor=3300
    )


@pytest.mark.parametrize(
    "change",
    [{"order_sn": ""}, {"order_sn": "x" * 65}, {"order_sn": None}, {"actual_price": "free"}, {"good_id": None}],
)
def test_another_body_than_the_hook_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        changed(**change)
