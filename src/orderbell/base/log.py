"""Structured logs on standard error, with secrets and contacts masked before they are written."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_WORDS = re.compile(r"(secret|password|token|authorization|api_?key|card|cookie|signature)", re.IGNORECASE)
_TOKENS = re.compile(r"\b(obk|whsec|obs|obl)_[A-Za-z0-9_\-+/=]{8,}")
_MAIL = re.compile(r"\b([\w.+-])[\w.+-]*@([\w-]+\.[\w.-]+)")
_PHONE = re.compile(r"(?<!\w)(\+?\d{3})\d{4,8}(\d{2})(?!\w)")


def mask_text(text: str) -> str:
    """`text` without tokens, whole e-mail addresses or whole phone numbers."""
    text = _TOKENS.sub(r"\1_***", text)
    return _PHONE.sub(r"\1****\2", _MAIL.sub(r"\1***@\2", text))


def mask(_: object, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog step that masks every value of an entry."""
    for name, value in entry.items():
        if _SECRET_WORDS.search(name):
            entry[name] = "***"
        elif isinstance(value, str) and name not in ("timestamp", "level"):
            entry[name] = mask_text(value)
    return entry


def set_up(level: str) -> None:
    """Send every log line of the process through the masks to standard error as JSON."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    ]
    structlog.configure(
        processors=[*steps, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


def get(room: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that says which room speaks."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=room)
    return log
