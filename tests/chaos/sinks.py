"""Providers in a process of their own: a mail server that knows no key, a webhook receiver that does; one ledger.

Run: python -m tests.chaos.sinks LEDGER [LONGEST_MS [REFUSE_PERCENT]]; prints the two ports and serves until its
standard input closes. Each arrival takes up to LONGEST_MS; of mails, REFUSE_PERCENT get "451 later". Every line of
the ledger is one arrival that was accepted, written before it is acknowledged.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.crash.sinks import open_doors

_MESSAGE_ID = re.compile(rb"^message-id:\s*<([^@>]+)", re.IGNORECASE | re.MULTILINE)
_SUBJECT_ORDER = re.compile(rb"\b([NO]\d+)\b")


class Ledger:
    """Append-only; each line is out of this process before its sender hears of it."""

    def __init__(self, path: Path, longest_s: float, refuse: float) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._longest_s = longest_s
        self._refuse = refuse
        self._dice = random.Random(path.name)

    async def take(self, **line: Any) -> bool:
        """Wait a while, then keep the line or say that it is to come again."""
        if self._longest_s:
            # Most are quick, one in sixty takes half of the longest or more: a fortieth of it on average.
            await asyncio.sleep(self._longest_s * self._dice.random() ** 40)
        if line["kind"] == "mail" and self._dice.random() < self._refuse:
            return False
        self._file.write(json.dumps({"at": time.time(), **line}) + "\n")
        self._file.flush()
        return True


class Mailbox:
    """Neither a key nor a question: what comes twice is there twice."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        head = envelope.content[:4000]
        found, order = _MESSAGE_ID.search(head), _SUBJECT_ORDER.search(head)
        taken = await self._ledger.take(
            kind="mail", id=found[1].decode() if found else "", to=envelope.rcpt_tos[0],
            number=order[1].decode() if order else None,
        )  # fmt: skip
        return "250 2.0.0 taken" if taken else "451 4.3.0 later"


async def serve(path: Path, longest_s: float, refuse: float) -> None:
    """Serve until standard input closes."""
    ledger = Ledger(path, longest_s, refuse)

    async def hook(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        number = body["data"].get("order", {}).get("number")
        await ledger.take(kind="hook", id=request.headers["webhook-id"], type=body["type"], number=number)
        return web.Response(text="taken")

    await open_doors(Mailbox(ledger), hook)


if __name__ == "__main__":
    path_, longest_ms, refuse_percent = (*sys.argv[1:], "0", "0")[:3]
    asyncio.run(serve(Path(path_), float(longest_ms) / 1000, float(refuse_percent) / 100))
