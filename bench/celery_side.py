"""The same two messages as Celery tasks: a prefork pool, Redis without persistence, no results kept.

`python -m bench.celery_side REDIS_URL` runs the worker.
"""

from __future__ import annotations

import sys

from celery import Celery  # type: ignore[import-untyped]

from bench.ordinary import send_hook, send_mail

CONCURRENCY = 2


def make_app(redis_url: str) -> Celery:
    """The app with its two tasks; no results are kept, which is the faster way."""
    app = Celery("shop", broker=redis_url)
    app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=32, broker_connection_retry_on_startup=True)
    app.task(name="send_mail")(send_mail)
    app.task(name="send_hook")(send_hook)
    return app


if __name__ == "__main__":
    make_app(sys.argv[1]).worker_main(
        ["worker", "--pool=prefork", f"--concurrency={CONCURRENCY}", "--loglevel=WARNING", "--without-gossip",
         "--without-mingle", "--without-heartbeat"]
    )  # fmt: skip
