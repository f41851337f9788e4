"""Who hears it and where; and where nobody does, why."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from orderbell.delivery.book import Account, Colleague, RuleCard
from orderbell.delivery.route import Recipient, Route, choose

OWNER = Colleague(id="stf_1", email="owner@example.com", role="owner", locale="en")
VIEWER = Colleague(id="stf_2", email="viewer@example.com", role="viewer", locale=None)


def account(id_: str, kind: str, *events: str) -> Account:
    return Account(id=id_, kind=kind, name=kind, values={}, events=events)


class Pages(SimpleNamespace):
    """As much of a shop's book as a route needs; like that, it is only equal to itself."""

    __hash__ = object.__hash__


def book(*accounts: Account) -> Any:
    by_kind: dict[str, tuple[Account, ...]] = {}
    for each in accounts:
        by_kind[each.kind] = (*by_kind.get(each.kind, ()), each)
    return Pages(accounts=by_kind, staff=(OWNER, VIEWER), locale="zh-CN")


def order(**buyer: str) -> Any:
    return SimpleNamespace(id="ord_1", customer_id="cus_1", buyer=buyer)


def routed(audience: str, channel: str, where: Any, who: Any = None, event_type: str = "order.paid") -> Route:
    rule = RuleCard(id="rul_1", name="x", condition="", audience=audience, channels=(channel,), lane=1)
    return choose(rule, where, event_type, who)


def test_a_buyer_is_reached_in_their_own_language() -> None:
    found = routed("buyer", "email", book(account("prv_1", "email")), order(email="a@b.cc", locale="en-GB"))
    assert found.recipients == (Recipient("email", "prv_1", "a@b.cc", "en"),)


def test_without_an_account_a_message_goes_to_the_sandbox() -> None:
    found = routed("buyer", "email", book(), order(email="a@b.cc"))
    assert found.recipients == (Recipient("email", None, "a@b.cc", "zh-CN"),)


def test_a_buyer_who_left_no_address_is_named_as_the_reason() -> None:
    found = routed("buyer", "email", book(account("prv_1", "email")), order(phone="+8613800000000"))
    assert (found.recipients, found.nobody) == ((), (("email", "the buyer left no email"),))


def test_the_inbox_belongs_to_the_customer_or_else_to_the_order() -> None:
    (known,) = routed("buyer", "inbox", book(), order()).recipients
    nameless = SimpleNamespace(id="ord_1", customer_id=None, buyer={})
    (unknown,) = routed("buyer", "inbox", book(), nameless).recipients
    assert (known.address, unknown.address) == ("cus_1", "ord_1")


def test_an_event_without_an_order_has_no_buyer() -> None:
    assert routed("buyer", "email", book()).nobody == (("email", "the event has no buyer"),)


def test_mail_goes_only_to_those_who_act() -> None:
    found = routed("staff", "email", book())
    assert [each.address for each in found.recipients] == ["owner@example.com"]


def test_every_endpoint_that_asked_hears_and_no_other() -> None:
    where = book(
        account("prv_1", "webhook"), account("prv_2", "webhook", "order.paid"), account("prv_3", "webhook", "x")
    )
    assert [each.provider_id for each in routed("staff", "webhook", where).recipients] == ["prv_1", "prv_2"]
    assert routed("staff", "webhook", where, event_type="order.created").recipients[0].provider_id == "prv_1"


def test_without_an_endpoint_there_is_nothing_to_show() -> None:
    assert routed("staff", "webhook", book()).nobody == (("webhook", "no endpoint asked for this event"),)


def test_every_robot_of_a_group_hears() -> None:
    where = book(account("prv_1", "feishu"), account("prv_2", "feishu"))
    assert [each.provider_id for each in routed("staff", "feishu", where).recipients] == ["prv_1", "prv_2"]


def test_a_channel_this_release_does_not_have_is_named() -> None:
    assert routed("staff", "pigeon", book()).nobody == (("pigeon", "this release has no such channel"),)


def test_a_group_robot_never_speaks_to_a_buyer() -> None:
    found = routed("buyer", "feishu", book(account("prv_1", "feishu")), order(email="a@b.cc"))
    assert found.nobody == (("feishu", "this channel cannot reach a buyer"),)


def test_whoever_wants_no_mail_of_an_event_gets_none() -> None:
    pages = book()
    pages.staff = (Colleague(id="stf_1", email="a@b.cc", role="owner", locale="en", muted=("order.paid",)),)
    assert routed("staff", "email", pages).recipients == ()
    assert len(routed("staff", "email", pages, event_type="order.owed").recipients) == 1
