"""What every shop system's door promises, whatever it is."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.recordings import NOW, ROOT, recorded

from orderbell.base.errors import BadInput
from orderbell.events import Event, from_payload, to_payload, type_of
from orderbell.sources.base import RawRequest
from orderbell.sources.directory import SOURCES
from orderbell.sources.own import read_events

RECORDED = [str(path.relative_to(ROOT)).removesuffix(".body") for path in sorted(ROOT.glob("*/*.body"))]
HOOKS = [name for name in RECORDED if name.split("/")[0] in SOURCES and "published_vector" not in name]
HEADERS = {"x-wc-webhook-topic": "order.updated", "webhook-id": "msg_1"}
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def read_all(body: bytes) -> None:
    """Every reader at once; only BadInput may come out."""
    request = RawRequest(method="POST", headers=HEADERS, body=body, received_at=NOW, query={})
    for source in SOURCES.values():
        with suppress(BadInput):
            source.read(request, {})
    with suppress(BadInput):
        read_events(body, now=NOW)


def events_of(name: str) -> tuple[Event, ...]:
    return SOURCES[name.split("/")[0]].read(recorded(name), {}).events


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_a_source_is_listed_under_its_own_name(kind: str) -> None:
    source = SOURCES[kind]
    assert (source.kind, bool(source.title)) == (kind, True)


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_every_source_has_recordings(kind: str) -> None:
    assert any(name.startswith(f"{kind}/") for name in RECORDED)


@pytest.mark.parametrize("name", HOOKS)
def test_the_same_request_twice_tells_the_same_facts(name: str) -> None:
    assert events_of(name) == events_of(name)


@pytest.mark.parametrize("name", HOOKS)
def test_what_is_read_survives_the_journal(name: str) -> None:
    for event in events_of(name):
        goods = getattr(event, "goods", ())
        assert from_payload(type_of(type(event)), to_payload(event), goods) == event


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_bad_input(body: bytes) -> None:
    read_all(body)


@given(_JSON)
def test_random_json_raises_nothing_but_bad_input(value: Any) -> None:
    read_all(json.dumps(value).encode())


@given(st.sampled_from([name for name in RECORDED if "ping" not in name]), st.data())
def test_any_value_in_any_place_raises_nothing_but_bad_input(name: str, data: st.DataObject) -> None:
    value = json.loads(recorded(name).body)
    place: Any = value
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not (isinstance(place[key], dict | list) and place[key]) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(_JSON)
    read_all(json.dumps(value).encode())


@given(st.sampled_from(RECORDED), st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_raises_nothing_but_bad_input(name: str, place: int, change: int) -> None:
    body = bytearray(recorded(name).body)
    body[place % len(body)] ^= change
    read_all(bytes(body))
