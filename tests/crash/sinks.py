"""A mail server and a webhook receiver in a process of their own; every arrival is a line of an append-only ledger.

Run: python -m tests.crash.sinks LEDGER; prints the two ports, then serves until its standard input closes.
"""

from __future__ import annotations

import asyncio
import email
import json
import sys
from collections.abc import Awaitable, Callable
from email.policy import default
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP


class Mailbox:
    """Writes down each mail it takes."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        mail = email.message_from_bytes(envelope.content, policy=default)
        text = mail.get_body(("plain",))
        write(
            self._ledger, kind="mail", id=mail["Message-ID"], subject=mail["Subject"], to=envelope.rcpt_tos,
            text=text.get_content() if text else "",
        )  # fmt: skip
        return "250 2.0.0 OK taken"


def write(ledger: Any, **line: Any) -> None:
    """One line, at once."""
    ledger.write(json.dumps(line, ensure_ascii=False) + "\n")
    ledger.flush()


async def serve(path: Path) -> None:
    """Serve until standard input closes."""
    with path.open("a", encoding="utf-8") as ledger:

        async def take(request: web.Request) -> web.Response:
            raw = await request.text()
            body = json.loads(raw)
            number = body["data"].get("order", {}).get("number")
            signed = {
                name.lower(): value for name, value in request.headers.items() if name.lower().startswith("webhook-")
            }
            write(
                ledger, kind="hook", id=signed["webhook-id"], type=body["type"], number=number, signed=signed, raw=raw
            )
            return web.Response(text="taken")

        await open_doors(Mailbox(ledger), take)


async def open_doors(mailbox: object, hook: Callable[[web.Request], Awaitable[web.Response]]) -> None:
    """Take mails and webhooks, print the two ports, and go on until standard input closes."""
    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    loop = asyncio.get_running_loop()
    mail = await loop.create_server(lambda: SMTP(mailbox, loop=loop, ident="sink"), "127.0.0.1", 0)
    print(mail.sockets[0].getsockname()[1], runner.addresses[0][1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
