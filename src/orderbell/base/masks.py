"""Takes out of any text what a log may not hold: tokens, signed links, passwords, whole contacts (promise H7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

HIDDEN = "***"
DEEPEST = 6
_LONGEST = 20_000
# A value under such a name is never written, whatever it is; `card` must stand alone, or `discarded` would be hidden.
_SECRET_NAME = re.compile(
    r"secret|passw|token|authori[sz]ation|api_?key|cookie|signature|credential|(?:^|[_\W])cards?(?:$|[_\W])",
    re.IGNORECASE,
)
_NAMED = (
    r"access_token|refresh_token|token|api_?key|key|secret|client_secret|password|passwd|pwd|sign|sig|signature|code"
)
_Replace = str | Callable[[re.Match[str]], str]


def _phone(match: re.Match[str]) -> str:
    text = match[0]
    digits = [place for place, letter in enumerate(text) if letter.isdigit()]
    if not 9 <= len(digits) <= 15:
        return text
    head = digits[max(0, len(digits) - 8)]
    return f"{text[:head]}****{text[digits[-4] :]}"


def _mail(match: re.Match[str]) -> str:
    # What an address of a server held before its @ is hidden by now; its two slashes tell it from a person's.
    return match[0] if match[1] == f"//{HIDDEN}" else f"{match[1][:1]}{HIDDEN}@{match[2]}"


_PHONE_SHAPES = (r"\+\d[\d ().-]{7,20}\d", r"1[3-9]\d(?:[ -]?\d{4}){2}", r"\(\d{3}\) ?\d{3}-\d{4}", r"\d{9,15}")
# In this order: what a later mask would cut in two, an earlier one has taken whole.
_MASKS: tuple[tuple[re.Pattern[str], _Replace], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL), HIDDEN),
    (re.compile(r"\b((?:proxy-)?authorization|(?:set-)?cookie)\b(['\"]?\s*[:=]\s*)[^\r\n]*", re.I), r"\1\2***"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.I), r"\1 ***"),
    (re.compile(r"\b(obk|whsec|obs|obl)_[\w+/=-]+"), r"\1_***"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@\"'<>]+@", re.I), r"\1***@"),
    (re.compile(r"(/panel/enter/|/(?:in|receipts)/[\w-]+/|/hook/|/bot)[^\s/?#\"'<>]+", re.I), r"\1***"),
    (re.compile(r"(?<![\w.])((?:https?://[^\s/\"'<>]+)?/[opuslc]/)[^\s?#\"'<>]+", re.I), r"\1***"),
    (re.compile(rf"\b({_NAMED})(['\"]?\s*[=:]\s*['\"]?)(?!\*\*\*)[^\s&'\",;)}}\]]{{4,}}", re.I), r"\1\2***"),
    (re.compile(r"([^\s@<>\"(),;:\[\]]+)@([^\s@<>\"'(),;:\[\]{}=/|]+)"), _mail),
    (re.compile(rf"(?<!\w)(?:{'|'.join(_PHONE_SHAPES)})(?!\w)"), _phone),
)


def mask_text(text: str) -> str:
    """`text` without tokens, links that open something, passwords, whole e-mail addresses or phone numbers.

    A phone number keeps its beginning and its last four digits, a mail address its first letter and its domain.
    """
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "…"
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text


def mask_path(path: str) -> str:
    """A request's path for the access log: what opens a door is taken out, and it is never asked for its query."""
    return mask_text(path.partition("?")[0])


def is_secret_name(name: str) -> bool:
    """Whether a value of that name is hidden without being looked at."""
    return _SECRET_NAME.search(name) is not None


def mask_value(value: Any, depth: int = 0) -> Any:
    """`value` with everything masked that is in it; what is neither number nor container becomes masked text."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        shown = mask_text(str(value))
        return shown if shown != str(value) and len(str(value)) == 11 else value
    if depth >= DEEPEST:
        return HIDDEN
    if isinstance(value, Mapping):
        return mask_fields(value, depth + 1)
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_value(each, depth + 1) for each in value]
    return mask_text(value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value))


def mask_fields(fields: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    """Named values, each hidden by its name or masked by what it holds; names are masked too."""
    return {
        mask_text(str(name)): HIDDEN if is_secret_name(str(name)) else mask_value(value, depth)
        for name, value in fields.items()
    }
