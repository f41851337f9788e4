"""One order's way, followed by one number: the 32 digits of an event's id are its trace id, everywhere.

An event's id is a UUIDv7 and so already has the shape of a W3C trace id (Trace Context, traceparent; read
2026-11-22): nothing more is stored. Messages and attempts carry their event's id, webhooks a `traceparent`, answers
to a shop a `traceresponse` (an editor's draft of the same group), and every log line about a fact a `trace`.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_NOTHING = "0" * 32


@dataclass(slots=True)
class Asking:
    """One request: the trace id its caller gave, empty without one, and the first event that came of it."""

    given: str = ""
    event_id: str = ""


_asking: ContextVar[Asking | None] = ContextVar("asking", default=None)
_following: ContextVar[str] = ContextVar("following", default="")


def follow(event_id: str) -> None:
    """From here on, this task works for that event: its log lines and its webhooks say so."""
    _following.set(event_id)


def followed() -> str:
    """The trace id this task works for; empty when it works for none."""
    return of(_following.get())


def begin(traceparent: str = "") -> Asking:
    """A request begins; what is recorded on its way is remembered in the answer."""
    asking = Asking(given=read(traceparent))
    _asking.set(asking)
    return asking


def heard(event_id: str) -> None:
    """An event came of the request under way; the first one names its trace."""
    asking = _asking.get()
    if asking is not None and not asking.event_id:
        asking.event_id = event_id


def read(traceparent: str) -> str:
    """The trace id of a caller's header; empty when there is none or it is not one."""
    match = _TRACEPARENT.fullmatch(traceparent.strip())
    return match[1] if match and match[1] != _NOTHING else ""


def of(event_id: str) -> str:
    """The trace id of an event: its id without the prefix."""
    return event_id.partition("_")[2]


def header(trace_id: str, row_id: str) -> str:
    """A `traceparent` or `traceresponse`: this trace, and a span named by the last 16 digits of a row's id."""
    return f"00-{trace_id}-{row_id[-16:]}-01"
