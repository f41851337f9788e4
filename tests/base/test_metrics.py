"""The counters: what one call adds to what a scrape shows."""

from __future__ import annotations

from prometheus_client import REGISTRY

from orderbell.base import metrics


def shown(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_request_with_many_events_is_counted_by_what_became_of_each() -> None:
    before = [shown("orderbell_ingested_total", source="test", status=each) for each in ("accepted", "duplicate")]
    metrics.ingested("test", ["accepted", "accepted", "duplicate"])
    after = [shown("orderbell_ingested_total", source="test", status=each) for each in ("accepted", "duplicate")]
    assert [new - old for new, old in zip(after, before, strict=True)] == [2, 1]


def test_tries_are_counted_by_channel_and_outcome() -> None:
    before = shown("orderbell_attempts_total", channel="test", outcome="taken")
    metrics.attempts([("test", "taken"), ("test", "later"), ("test", "taken")])
    assert shown("orderbell_attempts_total", channel="test", outcome="taken") - before == 2


def test_the_mean_of_a_histogram_is_its_sum_by_its_count() -> None:
    count, mean = metrics.mean(metrics.COMMIT_SIZE)
    metrics.committed(9, 0.001)
    grown, after = metrics.mean(metrics.COMMIT_SIZE)
    assert (grown - count, round(after * grown - mean * count)) == (1, 9)
