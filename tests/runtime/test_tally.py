"""What passes is counted once it is safe, and told step by step only at level debug."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY
from tests.desk import Desk

from orderbell.base import log


def shown(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_a_try_is_counted_with_its_channel_and_outcome(desk: Desk) -> None:
    await desk.shop.add_account("webhook", url="http://127.0.0.1:9/x")
    await desk.shop.stock("KEY-1")
    labels = {"channel": "webhook", "outcome": "later"}
    before = shown("orderbell_attempts_total", **labels), shown("orderbell_send_seconds_count", channel="webhook")
    await desk.hears("order.paid")
    await desk.send()
    tries = [row for row in await desk.shop.attempts() if row.outcome == "later"]
    assert tries and shown("orderbell_attempts_total", **labels) - before[0] == len(tries)
    assert shown("orderbell_send_seconds_count", channel="webhook") - before[1] == len(tries)


async def test_a_timer_that_rings_is_counted_with_its_lateness(desk: Desk) -> None:
    await desk.hears("order.created")
    before = shown("orderbell_timer_late_seconds_count"), shown("orderbell_timer_late_seconds_sum")
    desk.clock.turn(minutes=31)
    assert await desk.ring() == 1
    assert shown("orderbell_timer_late_seconds_count") - before[0] == 1
    assert shown("orderbell_timer_late_seconds_sum") - before[1] == pytest.approx(60)


@pytest.mark.parametrize(("debug", "steps"), [(True, {"told", "decided"}), (False, set())])
async def test_steps_are_told_with_their_trace_only_at_level_debug(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, debug: bool, steps: set[str]
) -> None:
    monkeypatch.setattr(log, "tells_steps", lambda: debug)
    lines: list[Any]
    with structlog.testing.capture_logs() as lines:
        await desk.hears("order.created")
    told = [line for line in lines if line["event"] in ("told", "decided")]
    assert {line["event"] for line in told} == steps
    assert len({line["trace"] for line in told}) == (1 if debug else 0)
