"""What is counted, for Prometheus: every number of the house with its meaning, one table. Each process has its own.

Whoever counts calls a function of this file once a batch; the children of labelled numbers are kept, so that a call
costs about a microsecond. Gauges are filled when somebody asks for them (runtime/vitals.py).
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable
from functools import cache

from prometheus_client import Counter, Gauge, Histogram, Info

_MOMENTS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_WAITS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

INGESTED = Counter(
    "orderbell_ingested", "Events told to us: accepted, duplicate, conflict or refused.", ["source", "status"]
)
ACCEPT_SECONDS = Histogram(
    "orderbell_accept_seconds", "From an event's arrival to its being on the disk.", buckets=_MOMENTS_S
)
DECIDE_BATCH = Histogram("orderbell_decide_batch_size", "Events decided together.", buckets=_SIZES)
ATTEMPTS = Counter(
    "orderbell_attempts", "Tries to hand a message to a provider, by how they ended.", ["channel", "outcome"]
)
SEND_SECONDS = Histogram(
    "orderbell_send_seconds", "From a message's claim to the provider's answer.", ["channel"], buckets=_WAITS_S
)
EVENT_TO_PROVIDER_SECONDS = Histogram(
    "orderbell_event_to_provider_seconds",
    "From writing an event down to the provider's yes at the first try.",
    buckets=_WAITS_S,
)
COMMIT_SIZE = Histogram("orderbell_commit_size", "Transactions that shared one commit.", buckets=_SIZES[:7])
COMMIT_SECONDS = Histogram("orderbell_commit_seconds", "How long the disk took to take a commit.", buckets=_MOMENTS_S)
TIMER_LATE_SECONDS = Histogram("orderbell_timer_late_seconds", "How late timers rang.", buckets=_WAITS_S)
HTTP_SECONDS = Histogram(
    "orderbell_http_seconds", "From a request to the head of its answer.", ["door"], buckets=_MOMENTS_S
)
HTTP_ANSWERS = Counter("orderbell_http_answers", "Answers given, by door and status.", ["door", "status"])

QUEUE_DUE = Gauge(
    "orderbell_queue_due", "Work that is due and not yet taken; counting stops at 10,000.", ["kind", "lane"]
)
QUEUE_IN_HAND = Gauge("orderbell_queue_in_hand", "Work a worker holds now; counting stops at 10,000.", ["kind", "lane"])
QUEUE_LATER = Gauge("orderbell_queue_later", "Work that is not due yet; counting stops at 10,000.", ["kind", "lane"])
QUEUE_OLDEST_SECONDS = Gauge(
    "orderbell_queue_oldest_seconds", "For how long the oldest due work has waited.", ["kind", "lane"]
)
STUCK = Gauge("orderbell_stuck", "Rows only a person can set going again; counting stops at 10,000.", ["kind"])
TASKS_OPEN = Gauge("orderbell_tasks_open", "What waits for a person; counting stops at 10,000.")
PROVIDER_FAILING_SECONDS = Gauge(
    "orderbell_provider_failing_seconds", "For how long a provider has refused our account.", ["channel", "provider"]
)
WRITER_WAITING = Gauge("orderbell_writer_waiting", "Transactions that wait for the database or are in it.")
DATABASE_BYTES = Gauge("orderbell_database_bytes", "The size of the database, its log included.")
DISK_FREE_BYTES = Gauge("orderbell_disk_free_bytes", "Free space where the data lives.")
READY = Gauge("orderbell_ready", "1 while the check is passed, 0 while it is not.", ["check"])
BUILD = Info("orderbell_build", "What runs here.")


@cache
def _ingested(source: str, status: str) -> Counter:
    return INGESTED.labels(source, status)


@cache
def _attempt(channel: str, outcome: str) -> Counter:
    return ATTEMPTS.labels(channel, outcome)


@cache
def _answers(door: str, status: int) -> Counter:
    return HTTP_ANSWERS.labels(door, status)


@cache
def sending(channel: str) -> Histogram:
    """The send times of a channel."""
    return SEND_SECONDS.labels(channel)


@cache
def _door(door: str) -> Histogram:
    return HTTP_SECONDS.labels(door)


def ingested(source: str, statuses: Iterable[str]) -> None:
    """Events of one request and what became of each."""
    for status, count in Tally(statuses).items():
        _ingested(source, status).inc(count)


def attempts(ended: Iterable[tuple[str, str]]) -> None:
    """Tries that ended: (channel, outcome) of each."""
    for (channel, outcome), count in Tally(ended).items():
        _attempt(channel, outcome).inc(count)


def answered(door: str, status: int, took_s: float) -> None:
    """A request was answered."""
    _answers(door, status).inc()
    _door(door).observe(took_s)


def committed(size: int, took_s: float) -> None:
    """A commit reached the disk."""
    COMMIT_SIZE.observe(size)
    COMMIT_SECONDS.observe(took_s)


def mean(histogram: Histogram) -> tuple[int, float]:
    """How many values an unlabelled histogram has seen, and their mean; 0.0 when none."""
    found = {each.name: each.value for metric in histogram.collect() for each in metric.samples}
    total, count = (next((v for k, v in found.items() if k.endswith(tail)), 0.0) for tail in ("_sum", "_count"))
    return int(count), total / count if count else 0.0
