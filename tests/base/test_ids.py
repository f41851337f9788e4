"""Ids: their shape, their order, and what is not one."""

from __future__ import annotations

import pytest

from orderbell.base.ids import PREFIXES, is_id, new_id


@pytest.mark.parametrize("kind", PREFIXES)
def test_a_fresh_id_is_of_its_kind_and_of_no_other(kind: str) -> None:
    fresh = new_id(kind)
    assert [other for other in PREFIXES if is_id(fresh, other)] == [kind]


def test_ids_sort_by_their_birth() -> None:
    ids = [new_id("order") for _ in range(2000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 2000


@pytest.mark.parametrize("text", ["", "ord_", "ord_" + "g" * 32, "ord_" + "a" * 31, "ord_" + "A" * 32])
def test_what_only_looks_like_an_id_is_none(text: str) -> None:
    assert not is_id(text, "order")


def test_a_line_end_behind_an_id_is_not_overlooked() -> None:
    assert not is_id(new_id("order") + "\n", "order")


def test_no_two_kinds_share_a_prefix() -> None:
    assert len(set(PREFIXES.values())) == len(PREFIXES)
