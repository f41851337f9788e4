"""The server with two parts that fail as a broken library would: by a word in the buyer's address.

Run: python -m tests.chaos.poisoned up. `segv-decide` and `segv-render` end the process with SIGSEGV while the event
is decided or the mail is written; `raise-decide`, `raise-render` and `memory-render` raise.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from orderbell.cli.main import app
from orderbell.delivery.wording import Writer
from orderbell.domain import orders

_settle = orders.settle
_write = Writer.write


def _fail(where: str, text: str) -> None:
    if f"segv-{where}" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if f"raise-{where}" in text:
        raise ValueError(f"a poison word while we {where}")
    if f"memory-{where}" in text:
        raise MemoryError


def settle(state: Any, event: Any) -> Any:
    """What an event does to its order, unless it is poison."""
    _fail("decide", event.order.buyer.email or "")
    return _settle(state, event)


def write(self: Writer, row: Any, *rest: Any) -> Any:
    """A message's words, unless its address is poison."""
    _fail("render", row.address or "")
    return _write(self, row, *rest)


if __name__ == "__main__":
    orders.settle = settle
    Writer.write = write  # type: ignore[method-assign]
    app()
