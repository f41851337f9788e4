"""Who buys: known again by the best name, reached by what they left."""

from __future__ import annotations

import pytest

from orderbell.domain.customers import address_for, addresses, kind_of, mask, natural_key


@pytest.mark.parametrize(("buyer", "key"), [
    ({"ref": "u_88", "email": "a@b.cc"}, "ref:u_88"),
    ({"email": "A@B.cc", "phone": "+8613800000000"}, "email:a@b.cc"),
    ({"phone": "+8613800000000"}, "phone:+8613800000000"),
    ({"contact": " 12345 "}, "contact:12345"),
    ({"name": "张三"}, None),
    ({}, None),
])  # fmt: skip
def test_the_best_name_of_a_buyer_is_chosen(buyer: dict[str, str], key: str | None) -> None:
    assert natural_key(buyer) == key


@pytest.mark.parametrize(("contact", "kind"), [
    ("li.wei@qq.com", "email"), ("+8613912348821", "phone"), ("123456789", "qq"), ("0123456", "unknown"),
    ("@handle", "unknown"), ("a@b", "unknown"), ("", "unknown"), (" li@qq.com ", "email"),
])  # fmt: skip
def test_a_contact_tells_its_kind_or_none(contact: str, kind: str) -> None:
    assert kind_of(contact) == kind


def test_every_way_to_reach_a_buyer_is_found_once() -> None:
    buyer = {"email": "a@b.cc", "phone": "+8613800000000", "contact": "a@b.cc"}
    assert addresses(buyer) == [("email", "a@b.cc"), ("phone", "+8613800000000")]


def test_a_contact_that_is_an_address_serves_as_one() -> None:
    assert address_for({"contact": "a@b.cc"}, "email") == "a@b.cc"
    assert address_for({"contact": "a@b.cc"}, "phone") is None


@pytest.mark.parametrize(("value", "shown"), [
    ("li.wei@qq.com", "li***@qq.com"), ("13912348821", "139****8821"), ("12345", "1***"), ("", "***"),
])  # fmt: skip
def test_a_bystander_reads_only_a_part_of_a_contact(value: str, shown: str) -> None:
    assert mask(value) == shown
