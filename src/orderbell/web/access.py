"""Every request as it passes the door: counted, timed, traced, and told to the log when somebody wants that.

The log line holds no query and no token: `/o/***` (promise H7).
"""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from litestar.datastructures import State
from litestar.types import Message

from orderbell.base import log, metrics, trace
from orderbell.base.masks import mask_path
from orderbell.sources.directory import SOURCES

DOORS = {
    "v1": "api", "in": "shops", "inbox": "buyer", "demo": "buyer", "receipts": "receipts", "panel": "panel",
    "static": "static", "o": "buyer", "p": "buyer", "u": "buyer", "s": "buyer", "l": "buyer",
}  # fmt: skip
_log = log.get("web")


def watch(state: State, scope: Mapping[str, Any], send: Any) -> Any:
    """A way out for the answer that counts it when it begins, and names the trace of what was recorded."""
    if scope["type"] != "http":
        return send
    began, path = perf_counter(), scope["path"]
    asking = trace.begin(_header(scope, b"traceparent"))

    async def out(message: Message) -> None:
        if message["type"] == "http.response.start":
            took_s = perf_counter() - began
            _count(scope["method"], path, message["status"], took_s)
            if asking.event_id:
                _name_trace(message, asking)
            if state.house.settings.access_log or log.tells_steps():
                _tell(scope["method"], path, message["status"], took_s)
        await send(message)

    return out


def door_of(path: str) -> str:
    """Which door a path leads to; `house` for the rest."""
    return DOORS.get(path[1:].partition("/")[0], "house")


def _header(scope: Mapping[str, Any], name: bytes) -> str:
    found: bytes = next((value for known, value in scope["headers"] if known == name), b"")
    return found.decode("latin-1")


def _count(method: str, path: str, status: int, took_s: float) -> None:
    door = door_of(path)
    metrics.answered(door, status, took_s)
    if status >= 400 and method == "POST":
        if path == "/v1/events":
            metrics.ingested("api", ["refused"])
        elif door == "shops" and (kind := path.split("/")[2]) in SOURCES:
            metrics.ingested(kind, ["refused"])


def _name_trace(message: Any, asking: trace.Asking) -> None:
    own = trace.of(asking.event_id)
    value = trace.header(asking.given or own, asking.event_id)
    message["headers"] = [*message["headers"], (b"traceresponse", value.encode())]
    if asking.given:
        # The caller's number is not stored: this line is the bridge from it to ours.
        _log.info("traced", given=asking.given, trace=own)


def _tell(method: str, path: str, status: int, took_s: float) -> None:
    _log.info("request", method=method, path=mask_path(path), status=status, took_ms=round(took_s * 1000, 1))
