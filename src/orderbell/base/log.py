"""Structured logs on standard error: JSON for programs, lines for people, nothing secret in either (promise H7).

Everything passes the masks: our own lines, those of libraries that speak through `logging`, and the traceback of
an error nobody caught.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

from orderbell.base import trace
from orderbell.base.errors import Misconfigured
from orderbell.base.masks import HIDDEN, is_secret_name, mask_text, mask_value

FORMATS = ("auto", "json", "text")
# Written by ourselves: masking them would only cost time, and a moment's digits read like a phone number.
_OURS = ("timestamp", "level", "room", "trace")
# Left in whole lines by libraries at INFO; below a warning they say nothing a shopkeeper needs.
_QUIET = ("asyncio", "aiosmtplib", "alembic", "nats", "httpx", "_granian", "granian")


def mask(_: object, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog step that masks every value of an entry, however deep it lies."""
    for name, value in entry.items():
        if name in _OURS or name.startswith("_"):
            continue
        entry[name] = HIDDEN if is_secret_name(name) else mask_value(value)
    return entry


class _Mouth(io.TextIOBase):
    """A stream to speak into: a full disk behind it, or nobody, silences the log and not the house (promises C5)."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        # ValueError is what a stream says that was closed.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def set_up(level: str, form: str = "auto") -> None:
    """Send every log line of the process through the masks to standard error.

    `form` is `json`, `text`, or `auto`: text on a terminal, JSON everywhere else.

    Raises:
        Misconfigured: `bad_log_format`.
    """
    if form not in FORMATS:
        raise Misconfigured(f"The log format is one of {', '.join(FORMATS)}, not {form!r}.", code="bad_log_format")
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    steps = _steps()
    ends = _ends(sys.stderr, form)
    structlog.configure(
        processors=[*steps, *ends],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Mouth(sys.stderr))),
    )
    _take_in_others(number, steps, ends)
    sys.excepthook = _last_words


def name_trace(_: object, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog step that says for which event this task works, where that is known."""
    if followed := trace.followed():
        entry.setdefault("trace", followed)
    return entry


def get(room: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that says which room speaks."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=room)
    return log


def tells_steps() -> bool:
    """Whether the log is asked to tell each step of each order (level debug); asked once a batch, it costs nothing."""
    return structlog.is_configured() and logging.getLogger().getEffectiveLevel() <= logging.DEBUG


def _steps() -> list[structlog.typing.Processor]:
    return [
        name_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    ]


def _ends(stream: TextIO, form: str) -> list[structlog.typing.Processor]:
    if form == "json" or (form == "auto" and not stream.isatty()):
        return [structlog.processors.JSONRenderer(ensure_ascii=False, default=_unknown)]
    # The traceback is text by now, and masked: a prettier one would be drawn from the unmasked error.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]


def _unknown(value: object) -> str:
    return mask_text(str(value))


def _take_in_others(
    number: int, steps: list[structlog.typing.Processor], ends: list[structlog.typing.Processor]
) -> None:
    """Lines of libraries pass the same masks; only their warnings, unless everything is asked for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[_name_room, *steps, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ends]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def _name_room(_: object, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record = entry["_record"]
    entry["room"] = record.name
    if record.exc_info:
        entry["exc_info"] = record.exc_info
    return entry


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    get("process").critical("ended by an error nobody caught", exc_info=(kind, error, trace))
