"""Requests as they pass the door: traced, and told to the log without what opens a door."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import structlog
from tests.cast import event_json

from orderbell.base import trace
from orderbell.runtime.house import House
from orderbell.web.access import door_of

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def told() -> Iterator[list[Any]]:
    """What the log is told."""
    with structlog.testing.capture_logs() as lines:
        yield lines


async def test_the_answer_names_the_events_own_trace(program: httpx.AsyncClient) -> None:
    answer = await program.post("/v1/events", json=event_json("order.paid", "N-1"))
    event_id = answer.json()["events"][0]["id"]
    assert answer.headers["traceresponse"] == f"00-{trace.of(event_id)}-{event_id[-16:]}-01"


async def test_a_callers_trace_is_answered_and_tied_to_ours_in_the_log(
    program: httpx.AsyncClient, told: list[Any]
) -> None:
    answer = await program.post("/v1/events", json=event_json("order.paid", "N-1"), headers={"traceparent": GIVEN})
    assert answer.headers["traceresponse"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    tied = [line for line in told if line["event"] == "traced"]
    assert [(line["given"], line["trace"]) for line in tied] == [
        ("0af7651916cd43dd8448eb211c80319c", trace.of(answer.json()["events"][0]["id"]))
    ]


async def test_a_request_that_tells_nothing_has_no_trace(program: httpx.AsyncClient) -> None:
    answer = await program.get("/v1/orders", headers={"traceparent": GIVEN})
    assert answer.status_code == 200 and "traceresponse" not in answer.headers


async def test_the_access_log_is_silent_until_asked_and_hides_tokens(
    browser: httpx.AsyncClient, house: House, told: list[Any]
) -> None:
    await browser.get("/o/ord_1.0.SECRET?x=SECRET")
    assert not [line for line in told if line["event"] == "request"]
    house.settings = replace(house.settings, access_log=True)
    await browser.get("/o/ord_1.0.SECRET?x=SECRET")
    lines = [line for line in told if line["event"] == "request"]
    assert lines[0]["path"] == "/o/***" and "SECRET" not in str(lines)


@pytest.mark.parametrize(("path", "door"), [
    ("/v1/events", "api"), ("/in/signed/x", "shops"), ("/o", "buyer"), ("/panel", "panel"), ("/healthz", "house"),
    ("/", "house"), ("/../../etc", "house"),
])  # fmt: skip
def test_every_path_leads_to_one_of_few_doors(path: str, door: str) -> None:
    assert door_of(path) == door
