"""The table of roles: what each may, and above all what it may not."""

from __future__ import annotations

from orderbell.domain import roles


def test_finance_sees_the_money_and_takes_lists_along_but_sees_no_card() -> None:
    assert all(roles.may("finance", deed) for deed in ("see_money", "export"))
    assert not any(roles.may("finance", deed) for deed in ("reveal", "replace", "goods", "see_messages"))


def test_a_viewer_does_nothing_and_sees_no_whole_address() -> None:
    assert not any(roles.may("viewer", deed) for deed in (*roles.DOES, "see_contacts"))


def test_support_serves_buyers_and_changes_no_setting() -> None:
    assert all(roles.may("support", deed) for deed in ("see_orders", "see_messages", "see_contacts", "send"))
    assert not any(roles.may("support", deed) for deed in ("settings", "channels", "texts", "rules", "team", "keys"))
