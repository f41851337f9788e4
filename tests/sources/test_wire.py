"""JSON from strangers: what is refused before anybody looks at its meaning."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbell.base.errors import BadInput
from orderbell.sources.wire import read_json

_LEAVES = st.none() | st.booleans() | st.integers() | st.text()
_KEYS = st.text() | st.sampled_from(["a", 'a":', ":", '"'])
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner), max_leaves=8)


def refusal(body: bytes) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_json(body)
    return caught.value


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"NaN", "not valid JSON"),
        (b'{"a":1} {}', "not valid JSON"),
        (b'"a\x01"', "not valid JSON"),
        (b'"\\ud800abcdefg"', "not valid JSON"),
        (b"1e99999999999999999999999", "not valid JSON"),
        (b"9" * 5000, "not valid JSON"),
        (b'"\xff"', "UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("{}".encode("utf-16"), "UTF-16"),
        ("{}".encode("utf-16-le"), "UTF-16"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_plain_json_is_refused_in_words(body: bytes, word: str) -> None:
    flaw = refusal(body)
    assert (flaw.code, word in flaw.sentence) == ("bad_json", True)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{ "a" : 1 , "a" : 2 }',
        b'{"x":[{"b":{"a":null,"a":null}}]}',
        b'{"\\u0061":1,"a":2}',
        b'{"a":1,"a":"\\u0022:"}',
        b'{"a":1,"a":"\\"\\u003a"}',
        b'{"a":1,"a":"\\"\\u003A"}',
    ],
)
def test_a_key_twice_in_one_object_is_refused(body: bytes) -> None:
    assert refusal(body).code == "duplicate_key"


def test_the_same_key_in_two_objects_is_fine() -> None:
    assert read_json(b'[{"a":1},{"a":{"a":2}}]') == [{"a": 1}, {"a": {"a": 2}}]


def test_fractions_keep_their_digits() -> None:
    assert read_json(b"[9.90]") == [Decimal("9.90")]


@given(_VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_honest_json_is_never_refused_and_comes_back_as_it_was(value: object, ascii_: bool, indent: int | None) -> None:
    assert read_json(json.dumps(value, ensure_ascii=ascii_, indent=indent).encode()) == value
