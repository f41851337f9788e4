"""An order's life: whatever the order of arrival and however often it is said, the end is the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderbell import events
from orderbell.domain.orders import RANK, OrderState, Verdict, learn, open_order, settle, still_true
from orderbell.events import Buyer, Line, OrderEvent, OrderFacts

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
OUTSIDE = tuple(kind for kind in events.ORDER_EVENTS if kind is not events.OrderOwed)
"""What a shop may tell us; that cards ran out we find out ourselves."""
MOVES = (
    events.OrderCreated, events.OrderExpired, events.OrderPaid, events.OrderCancelled, events.OrderDelivered,
    events.OrderCompleted, events.OrderRefunded,
)  # fmt: skip


def said(kind: type[OrderEvent], **facts: object) -> OrderEvent:
    return kind(id=f"{kind.__name__}", at=AT, order=OrderFacts(number="N-1", **facts))  # type: ignore[arg-type]


def live(kinds: Sequence[type[OrderEvent]]) -> tuple[OrderState, list[Verdict]]:
    order = open_order("shp_1", None, said(kinds[0]), currency="CNY")
    return order, [settle(order, said(kind)) for kind in kinds]


@settings(max_examples=400, deadline=None)
@given(st.data(), st.lists(st.sampled_from(OUTSIDE), min_size=1, max_size=8))
def test_any_order_and_repetition_of_the_facts_ends_alike(data: st.DataObject, kinds: list[type[OrderEvent]]) -> None:
    shuffled = data.draw(st.permutations(kinds))
    again = data.draw(st.lists(st.sampled_from(kinds), max_size=6))
    assert live([*shuffled, *again])[0].status == live(kinds)[0].status


@given(st.lists(st.sampled_from(events.ORDER_EVENTS), min_size=1, max_size=12))
def test_the_rank_of_an_order_never_falls(kinds: list[type[OrderEvent]]) -> None:
    order = open_order("shp_1", None, said(kinds[0]), currency="CNY")
    for kind in kinds:
        before = RANK[order.status]
        settle(order, said(kind))
        assert RANK[order.status] >= before


@pytest.mark.parametrize("kind", MOVES)
def test_the_same_fact_again_has_no_effect_and_says_why(kind: type[OrderEvent]) -> None:
    order, (first,) = live([kind])
    assert first.effective
    order.opened_by = None
    again = settle(order, said(kind))
    assert not again.effective
    assert again.why


def test_money_for_a_cancelled_order_does_not_revive_it() -> None:
    order, verdicts = live([events.OrderCancelled, events.OrderPaid])
    assert (order.status, verdicts[1].effective) == ("cancelled", False)
    assert "after the order was cancelled" in verdicts[1].why


def test_money_for_an_expired_order_does() -> None:
    order, _ = live([events.OrderExpired, events.OrderPaid])
    assert (order.status, order.paid_at, order.ended_at) == ("paid", AT, None)


def test_a_cancelled_order_is_never_owed() -> None:
    order, verdicts = live([events.OrderPaid, events.OrderCancelled, events.OrderOwed])
    assert (order.status, order.owed, verdicts[2].effective) == ("cancelled", 0, False)


def test_an_owed_order_is_not_completed_by_the_shops_word() -> None:
    order, verdicts = live([events.OrderPaid, events.OrderOwed, events.OrderCompleted])
    assert (order.status, order.owed, verdicts[2].effective) == ("paid", 1, False)


def test_goods_that_arrive_after_the_completion_are_news_once() -> None:
    order, verdicts = live([events.OrderCompleted, events.OrderDelivered, events.OrderDelivered])
    assert [verdict.effective for verdict in verdicts] == [True, True, False]
    assert (order.status, order.delivered_at) == ("completed", AT)


def test_a_refund_ends_every_debt() -> None:
    order, _ = live([events.OrderPaid, events.OrderOwed, events.RefundRequested, events.OrderRefunded])
    assert (order.status, order.owed, order.refund_requested) == ("refunded", 0, 0)


@pytest.mark.parametrize("kind", [events.RefundRequested, events.RefundApproved, events.RefundRejected])
def test_news_of_a_refund_comes_too_late_when_the_money_is_back(kind: type[OrderEvent]) -> None:
    order, verdicts = live([events.OrderPaid, events.OrderRefunded, kind])
    assert (order.refund_requested, verdicts[2].effective) == (0, False)


@pytest.mark.parametrize(("up", "down", "name"), [
    (events.RefundRequested, events.RefundRejected, "refund_requested"),
    (events.DisputeOpened, events.DisputeClosed, "disputed"),
    (events.ReviewNeeded, events.ReviewApproved, "held"),
])  # fmt: skip
def test_what_stands_beside_the_status_rises_and_falls(up: type[OrderEvent], down: type[OrderEvent], name: str) -> None:
    assert getattr(live([events.OrderPaid, up])[0], name) == 1
    assert getattr(live([events.OrderPaid, up, down])[0], name) == 0


def test_an_order_learns_what_it_did_not_know_and_keeps_what_it_knew() -> None:
    order = open_order("shp_1", None, said(events.OrderPaid, buyer=Buyer(email="a@b.cc")), currency="CNY")
    learn(order, OrderFacts(number="N-1", buyer=Buyer(email="x@y.zz", name="张三"), lines=(Line(sku="s"),), ip="::1"))
    assert order.buyer == {"email": "a@b.cc", "name": "张三"}
    assert (order.ip, order.lines, order.new_lines) == ("::1", [Line(sku="s")], True)


def test_other_lines_told_later_do_not_replace_the_first() -> None:
    order = open_order("shp_1", None, said(events.OrderPaid, lines=(Line(sku="a"),)), currency="CNY")
    learn(order, OrderFacts(number="N-1", lines=(Line(sku="b"), Line(sku="c"))))
    assert order.lines == [Line(sku="a")]


@pytest.mark.parametrize("facts", [{"attributes": {"a": "b"}}, {"country": "CN"}, {"amount_minor": 5}])
def test_an_order_that_learned_something_is_written_back(facts: dict[str, object]) -> None:
    order = open_order("shp_1", None, said(events.OrderPaid), currency="CNY")
    order.changed = False
    learn(order, OrderFacts(number="N-1"))
    assert not order.changed
    learn(order, OrderFacts(number="N-1", **facts))  # type: ignore[arg-type]
    assert order.changed


def test_a_moment_of_the_shop_is_the_orders_birth() -> None:
    born = AT - timedelta(days=1)
    assert open_order("s", None, said(events.OrderPaid, created_at=born), currency="CNY").created_at == born
    assert open_order("s", None, said(events.OrderPaid), currency="CNY").created_at == AT


@pytest.mark.parametrize(("type_", "state", "true"), [
    ("order.created", {"status": "pending"}, True), ("order.created", {"status": "paid"}, False),
    ("order.delivered", {"status": "completed"}, True), ("order.delivered", {"status": "refunded"}, False),
    ("order.owed", {"owed": 1}, True), ("order.owed", {"owed": 0}, False),
    ("refund.rejected", {"status": "paid"}, True), ("order.expired", {"status": "paid"}, False),
])  # fmt: skip
def test_a_message_is_sent_only_while_it_is_true(type_: str, state: dict[str, object], true: bool) -> None:
    assert still_true(type_, SimpleNamespace(**state)) is true
