"""Conditions: checked when saved, always answering, and never an error that stops an event."""

from __future__ import annotations

import pytest
from tests.domain.stand import NOW

from orderbell.base.errors import BadInput
from orderbell.domain.conditions import SAMPLE, check, holds, order_facts, stock_facts
from orderbell.domain.orders import open_order
from orderbell.events import Buyer, Line, OrderFacts, OrderPaid

FACTS = OrderFacts(
    number="N-1", amount_minor=12345, currency="CNY", country="CN", buyer=Buyer(email="a@b.cc"),
    lines=(Line(sku="a", title="A", quantity=2), Line(sku="b", quantity=3)), attributes={"channel": "app"},
)  # fmt: skip
ORDER = open_order("shp_1", None, OrderPaid(id="e", at=NOW, order=FACTS), currency="CNY")


@pytest.mark.parametrize(("text", "yes"), [
    ("", True), ("true", True), ("order.amount > 100.0", True), ("order.amount > 100", True),
    ("order.amount >= 123.45 && order.currency == 'CNY'", True), ("order.quantity == 5", True),
    ("'b' in order.skus", True), ("order.country in ['US', 'CN']", True), ("buyer.email.endsWith('@b.cc')", True),
    ("order.attributes.channel == 'app'", True), ("event.type == 'order.paid'", True), ("buyer.phone != ''", False),
    ("order.owed || order.held", False), ("order.first", False), ("event.hour >= 0 && event.weekday < 8", True),
])  # fmt: skip
def test_an_order_can_be_asked_about_all_it_shows(text: str, yes: bool) -> None:
    assert holds(text, order_facts(ORDER, "order.paid", None, here=NOW))[0] is yes


def test_a_stock_event_can_be_asked_what_is_left() -> None:
    facts = stock_facts("steam-100", "Steam", 3, "stock.low", here=NOW)
    assert holds("product.left < 5 && product.sku == 'steam-100'", facts) == (True, "")


@pytest.mark.parametrize("text", [
    "order.amount >", "order.nothing == 1", "1 + 1", "'x'", "no_such()", "order.amount / 0", "[1][5] == 1",
    "x" * 2001, "(" * 500,
])  # fmt: skip
def test_a_condition_that_cannot_be_asked_is_refused_when_saved(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        check(text)
    assert refused.value.code == "bad_condition"


def test_a_condition_that_fails_while_asked_counts_as_no_and_says_why() -> None:
    yes, why = holds("product.left < 5", order_facts(ORDER, "order.paid", None, here=NOW))
    assert (yes, why.startswith("the condition could not be asked")) == (False, True)


def test_a_condition_that_does_not_hold_is_quoted() -> None:
    assert holds("order.owed", order_facts(ORDER, "order.paid", None, here=NOW))[1].endswith("order.owed")


def test_the_sample_shows_the_same_names_as_a_real_order() -> None:
    real = order_facts(ORDER, "order.paid", None, here=NOW)
    assert {name: set(part) for name, part in real.items()} == {name: set(SAMPLE[name]) for name in real}
