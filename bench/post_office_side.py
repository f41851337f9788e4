"""The mail alone through django-post_office: Django with SQLite, its own queue table and its own command.

`python -m bench.post_office_side FOLDER SMTP_PORT fill` queues the orders read from standard input, one JSON a line;
`… send` runs `send_queued_mail` until the queue is empty. It has no webhooks. It renders when a mail is queued.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from email.utils import make_msgid
from importlib import import_module
from pathlib import Path
from typing import Any

import django  # type: ignore[import-untyped]
from django.conf import settings  # type: ignore[import-untyped]
from django.core.management import call_command  # type: ignore[import-untyped]
from django.db import transaction  # type: ignore[import-untyped]

from bench.ordinary import FROM, word

PROCESSES = 2
AT_ONCE = 500


def configure(folder: Path, smtp_port: int) -> None:
    """Django with one app; batches as large as its own manual suggests, and only failures logged."""
    settings.configure(
        SECRET_KEY="bench", USE_TZ=True, INSTALLED_APPS=["post_office"],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        DATABASES={"default": {
            "ENGINE": "django.db.backends.sqlite3", "NAME": folder / "django.db",
            "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", "timeout": 20,
                        "transaction_mode": "IMMEDIATE"},
        }},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        EMAIL_HOST="127.0.0.1", EMAIL_PORT=smtp_port,
        POST_OFFICE={"BATCH_SIZE": AT_ONCE, "THREADS_PER_PROCESS": 5, "LOG_LEVEL": 1},
    )  # fmt: skip
    django.setup()


def fill() -> None:
    """Queue a mail for each order, all in one transaction."""
    call_command("migrate", verbosity=0)
    # It can be imported only once Django knows its settings.
    mail = import_module("post_office.mail")
    with transaction.atomic():
        for line in sys.stdin:
            _queue(mail, json.loads(line))


def _queue(mail: Any, order: dict[str, Any]) -> None:
    subject, text, html = word(order)
    headers = {"Message-ID": make_msgid(domain="shop.example")}
    mail.send(
        order["buyer"]["email"], FROM, subject=subject, message=text, html_message=html, headers=headers,
        priority="medium",
    )  # fmt: skip


def send(folder: Path) -> dict[str, float]:
    """Run the command until the queue is empty: when it began, and the processor seconds it and its processes took."""
    began_at, began = time.monotonic(), os.times()
    call_command("send_queued_mail", processes=PROCESSES, lockfile=str(folder / "lock"))
    return {"began_at": began_at, "cpu_s": sum(os.times()[:4]) - sum(began[:4])}


if __name__ == "__main__":
    here = Path(sys.argv[1])
    configure(here, int(sys.argv[2]))
    if sys.argv[3] == "fill":
        fill()
    else:
        print(json.dumps(send(here)), flush=True)
        # Whoever reads this takes an early end for a fall.
        signal.pause()
