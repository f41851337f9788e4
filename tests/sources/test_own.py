"""The public JSON: what it becomes, and every way it is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.sources.recordings import NOW, recorded

from orderbell.base.errors import BadInput
from orderbell.events import (
    BY_TYPE,
    Buyer,
    Line,
    OrderDelivered,
    OrderEvent,
    OrderFacts,
    OrderPaid,
    StockLow,
    type_of,
)
from orderbell.sources.own import HOUSE_RAISED, MAX_EVENTS, read_events

PAID: dict[str, Any] = {"id": "e1", "type": "order.paid", "order": {"number": "n1"}}


def read(value: Any) -> Any:
    return read_events(json.dumps(value).encode(), now=NOW)


def order(**facts: Any) -> dict[str, Any]:
    return {**PAID, "order": {"number": "n1", "amount": "9.00", "currency": "CNY", **facts}}


def first(value: Any) -> OrderEvent:
    event = read(value)[0]
    assert isinstance(event, OrderEvent)
    return event


def refusal(value: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(value)
    return caught.value


def test_the_contract_s_example_becomes_its_event() -> None:
    lines = (Line(sku="steam-100", title="Steam 充值卡 ¥100", quantity=1, price_minor=9900),)
    buyer = Buyer(
        ref="u_88", name="张三", email="a@example.com", phone="+8613800000000", locale="zh-CN", timezone="Asia/Shanghai"
    )
    facts = OrderFacts(
        number="20261122-0001",
        amount_minor=9900,
        currency="CNY",
        ip="203.0.113.9",
        country="CN",
        buyer=buyer,
        lines=lines,
    )
    events = read_events(recorded("own/order_paid").body, now=NOW)
    assert events == [OrderPaid(id="paid-1", at=datetime(2026, 11, 22, 10, tzinfo=UTC), order=facts)]


def test_a_missing_time_is_now() -> None:
    assert read(PAID)[0].at == NOW


def test_a_batch_keeps_its_order() -> None:
    events = read({"events": [{**PAID, "id": f"e{n}"} for n in range(MAX_EVENTS)]})
    assert [event.id for event in events] == [f"e{n}" for n in range(MAX_EVENTS)]


def test_a_field_nobody_named_is_passed_over() -> None:
    assert read(PAID | {"colour": "red"}) == read(PAID)


@pytest.mark.parametrize("name", sorted(BY_TYPE.keys() - HOUSE_RAISED))
def test_every_type_a_shop_may_tell_is_taken(name: str) -> None:
    told = {"id": "e1", "type": name, "order": {"number": "n1"}, "product": {"sku": "s1"}}
    assert type_of(type(read(told)[0])) == name


@pytest.mark.parametrize("name", sorted(HOUSE_RAISED))
def test_what_only_the_house_finds_out_is_refused(name: str) -> None:
    assert refusal({**PAID, "type": name}).code == "event_not_yours"


def test_an_unknown_type_is_refused_with_its_neighbours() -> None:
    flaw = refusal({**PAID, "type": "order.payed"})
    assert (flaw.code, "order.paid" in flaw.sentence) == ("unknown_event_type", True)


def test_stock_events_tell_of_a_product() -> None:
    told = {"id": "e1", "type": "stock.low", "product": {"sku": "s1", "title": "Card", "left": 3}}
    assert read(told) == [StockLow(id="e1", at=NOW, sku="s1", title="Card", left=3)]


def test_a_stock_event_without_a_product_is_refused() -> None:
    flaw = refusal({"id": "e1", "type": "stock.low", "order": {"number": "n1"}})
    assert (flaw.code, flaw.extra["field"]) == ("missing_field", "product")


def test_keys_the_shop_handed_out_come_with_delivery() -> None:
    event = first({**PAID, "type": "order.delivered", "goods": ["KEY-1", "line 1\nline 2"]})
    assert (type(event), event.goods) == (OrderDelivered, ("KEY-1", "line 1\nline 2"))


def test_keys_with_any_other_event_are_refused() -> None:
    assert refusal({**PAID, "goods": ["KEY-1"]}).code == "goods_not_here"


def test_a_reason_may_have_lines() -> None:
    assert first({**PAID, "type": "payment.failed", "reason": "no\nmoney"}).reason == "no\nmoney"


@pytest.mark.parametrize(
    ("buyer", "email", "phone", "contact"),
    [
        ({"email": " a@example.com "}, "a@example.com", None, None),
        ({"email": "QQ 12345678"}, None, None, "QQ 12345678"),
        ({"email": "f08fcc01b8ee321e", "contact": "wx_88"}, None, None, "wx_88"),
        ({"contact": "12345678@qq.com"}, "12345678@qq.com", None, None),
        ({"contact": "+8613800000000"}, None, "+8613800000000", None),
        ({"phone": "138 0013 8000"}, None, "+8613800138000", None),
        ({"phone": "12"}, None, None, "12"),
        ({"email": "", "phone": ""}, None, None, None),
    ],
)
def test_a_buyer_s_ways_are_sorted_by_what_they_are(
    buyer: dict[str, str], email: str | None, phone: str | None, contact: str | None
) -> None:
    found = first(order(buyer=buyer)).order.buyer
    assert (found.email, found.phone, found.contact) == (email, phone, contact)


def test_a_local_number_is_read_in_the_order_s_country() -> None:
    event = first(order(country="GB", buyer={"phone": "07400 123456"}))
    assert event.order.buyer.phone == "+447400123456"


def test_an_underscore_in_a_locale_is_a_hyphen() -> None:
    assert first(order(buyer={"locale": "zh_CN"})).order.buyer.locale == "zh-CN"


def test_tabs_and_breaks_in_a_title_become_spaces() -> None:
    assert first(order(lines=[{"sku": "s1", "title": "Card\t100\r\n"}])).order.lines[0].title == "Card 100"


def test_addresses_are_written_in_one_way() -> None:
    assert first(order(ip="2001:DB8:0::1")).order.ip == "2001:db8::1"


def test_money_has_the_decimals_of_its_currency() -> None:
    event = first(order(currency="JPY", amount="980", lines=[{"sku": "s", "price": "490"}]))
    assert (event.order.amount_minor, event.order.lines[0].price_minor) == (980, 490)


@pytest.mark.parametrize(
    ("facts", "code", "field"),
    [
        ({"number": ""}, "empty", "order.number"),
        ({"number": " \t"}, "empty", "order.number"),
        ({"number": "n" * 65}, "too_long", "order.number"),
        ({"number": 7}, "bad_type", "order.number"),
        ({"number": "a\x00b"}, "control_character", "order.number"),
        ({"currency": "RMB"}, "bad_currency", "order.currency"),
        ({"currency": None}, "missing_field", "order.currency"),
        ({"amount": "1e2"}, "bad_amount", "order.amount"),
        ({"amount": "-1.00"}, "bad_amount", "order.amount"),
        ({"amount": "1,00"}, "bad_amount", "order.amount"),
        ({"amount": "\uff11.00"}, "bad_amount", "order.amount"),
        ({"amount": "1.001"}, "bad_amount", "order.amount"),
        ({"amount": 9.9}, "bad_amount", "order.amount"),
        ({"ip": "999.1.1.1"}, "bad_ip", "order.ip"),
        ({"ip": "fe80::1%eth0"}, "bad_ip", "order.ip"),
        ({"country": "China"}, "bad_country", "order.country"),
        ({"country": "ZZ"}, "bad_country", "order.country"),
        ({"created_at": "2026-11-22T10:00:00"}, "bad_time", "order.created_at"),
        ({"expires_at": "soon"}, "bad_time", "order.expires_at"),
        ({"payment_url": "javascript:alert(1)"}, "bad_url", "order.payment_url"),
        ({"buyer": {"email": "a" * 255}}, "too_long", "order.buyer.email"),
        ({"buyer": {"name": "n" * 201}}, "too_long", "order.buyer.name"),
        ({"buyer": {"name": "a\x1bb"}}, "control_character", "order.buyer.name"),
        ({"buyer": {"locale": "not a locale"}}, "bad_locale", "order.buyer.locale"),
        ({"buyer": {"timezone": "Mars/Base"}}, "bad_timezone", "order.buyer.timezone"),
        ({"buyer": {"timezone": "../../etc/passwd"}}, "bad_timezone", "order.buyer.timezone"),
        ({"lines": [{}]}, "missing_field", "order.lines[0].sku"),
        ({"lines": [{"sku": "s", "title": "t" * 301}]}, "too_long", "order.lines[0].title"),
        ({"lines": [{"sku": "s", "quantity": 0}]}, "out_of_range", "order.lines[0].quantity"),
        ({"lines": [{"sku": "s", "quantity": 1001}]}, "out_of_range", "order.lines[0].quantity"),
        ({"lines": [{"sku": "s", "quantity": 10**40}]}, "out_of_range", "order.lines[0].quantity"),
        ({"lines": [{"sku": "s", "price": "free"}]}, "bad_amount", "order.lines[0].price"),
        ({"lines": [{"sku": "s"}] * 101}, "too_many", "order.lines"),
        ({"attributes": {str(n): "x" for n in range(51)}}, "too_many", "order.attributes"),
        ({"attributes": {"a": 1}}, "bad_type", "order.attributes"),
        ({"attributes": {"a": "x" * 501}}, "too_long", "order.attributes"),
        ({"attributes": {"a": "x\x00"}}, "control_character", "order.attributes"),
    ],
)
def test_a_flaw_in_an_order_is_named_with_its_place(facts: dict[str, Any], code: str, field: str) -> None:
    flaw = refusal(order(**facts))
    assert (flaw.code, flaw.extra["field"], flaw.extra["index"]) == (code, field, 0)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"id": None}, "missing_field", "id"),
        ({"id": ""}, "bad_id", "id"),
        ({"id": "x" * 129}, "bad_id", "id"),
        ({"id": "订单"}, "bad_id", "id"),
        ({"id": "a\n"}, "bad_id", "id"),
        ({"type": None}, "bad_type", "type"),
        ({"order": None}, "missing_field", "order"),
        ({"occurred_at": "2026-11-22T10:00:00"}, "bad_time", "occurred_at"),
        ({"occurred_at": "2026-11-23T10:03:01Z"}, "bad_time", "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "bad_time", "occurred_at"),
        ({"occurred_at": 1795341720}, "bad_type", "occurred_at"),
        ({"reason": "x" * 501}, "too_long", "reason"),
    ],
)
def test_a_flaw_in_an_event_is_named_with_its_place(change: dict[str, Any], code: str, field: str) -> None:
    flaw = refusal({**PAID, **change})
    assert (flaw.code, flaw.extra["field"], flaw.extra["index"]) == (code, field, 0)


@pytest.mark.parametrize("wrong", [{"order": {}}, {"occurred_at": "soon"}, {"type": "order.pade"}])
def test_one_flaw_refuses_the_whole_batch_and_says_which_event(wrong: dict[str, Any]) -> None:
    assert refusal({"events": [PAID, {**PAID, "id": "e2"}, {**PAID, **wrong}]}).extra["index"] == 2


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"events": []}, "empty"),
        ({"events": "all"}, "bad_type"),
        ({"events": [PAID] * (MAX_EVENTS + 1)}, "too_many"),
        ({"events": [7]}, "bad_type"),
        ([], "bad_type"),
        (7, "bad_type"),
        (None, "bad_type"),
        ({}, "missing_field"),
    ],
)
def test_a_body_of_another_shape_is_refused(value: Any, code: str) -> None:
    assert refusal(value).code == code
