"""The same two messages as Dramatiq actors: processes of threads, Redis without persistence, no results kept.

`python -m bench.dramatiq_side REDIS_URL` runs the worker.
"""

from __future__ import annotations

import os
import sys

import dramatiq
from dramatiq import cli
from dramatiq.brokers.redis import RedisBroker

from bench.ordinary import send_hook, send_mail

PROCESSES = 2
THREADS = 4
REDIS = "BENCH_REDIS_URL"


def make_broker(redis_url: str) -> RedisBroker:
    """The broker with its two actors and the middleware Dramatiq comes with."""
    broker = RedisBroker(url=redis_url)  # type: ignore[no-untyped-call]
    dramatiq.set_broker(broker)
    for deed in (send_mail, send_hook):
        dramatiq.actor(broker=broker)(deed)
    return broker


def broker() -> RedisBroker:
    """What each worker process calls: its Redis is named by the environment."""
    return make_broker(os.environ[REDIS])


def work(redis_url: str) -> int:
    """Run the workers until SIGTERM."""
    os.environ[REDIS] = redis_url
    words = ["bench.dramatiq_side:broker", "--processes", str(PROCESSES), "--threads", str(THREADS), "--skip-logging"]
    parser = cli.make_argument_parser()  # type: ignore[no-untyped-call]
    return int(cli.main(parser.parse_args(words)) or 0)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    sys.exit(work(sys.argv[1]))
