"""Trace ids: taken if they are given in the right shape, else the event's own."""

from __future__ import annotations

import pytest

from orderbell.base import trace
from orderbell.base.ids import new_id

GOOD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(("given", "read"), [
    (GOOD, "0af7651916cd43dd8448eb211c80319c"), ("", ""), ("00-0AF7-b7-01", ""), (GOOD + "-x", ""),
    (GOOD.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32), ""), ("\r\nx: y", ""),
])  # fmt: skip
def test_only_a_well_formed_trace_id_is_taken(given: str, read: str) -> None:
    assert trace.read(given) == read


def test_an_events_id_makes_a_header_that_reads_back_as_its_trace() -> None:
    event_id, message_id = new_id("event"), new_id("message")
    assert trace.read(trace.header(trace.of(event_id), message_id)) == event_id[4:]


def test_the_first_event_of_a_request_names_its_trace() -> None:
    asking = trace.begin(GOOD)
    trace.heard("evt_1")
    trace.heard("evt_2")
    assert (asking.given, asking.event_id) == ("0af7651916cd43dd8448eb211c80319c", "evt_1")
