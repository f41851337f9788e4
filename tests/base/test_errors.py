"""The tree of refusals."""

from __future__ import annotations

from collections.abc import Iterator

from orderbell.base import errors
from orderbell.base.errors import BadInput, Conflict, OrderBellError, TooOften


def kinds(of: type[OrderBellError] = OrderBellError) -> Iterator[type[OrderBellError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_every_refusal_has_a_code_of_its_own_and_a_status() -> None:
    mine = [kind for kind in kinds() if kind.__module__ == errors.__name__]
    assert len({kind.code for kind in mine}) == len(mine) >= 10
    assert all(400 <= kind.status <= 599 for kind in mine)


def test_a_code_given_for_one_case_does_not_change_the_others() -> None:
    assert BadInput("no", code="bad_amount").code == "bad_amount"
    assert BadInput("no").code == "bad_input"


def test_what_is_said_beside_the_sentence_travels_with_it() -> None:
    refused = Conflict("taken", field="sku")
    assert (refused.extra, str(refused), refused.status) == ({"field": "sku"}, "taken", 409)


def test_too_often_says_when_to_come_back() -> None:
    assert TooOften("slow down", retry_after_s=7).extra == {"retry_after_s": 7}
