"""JSON from strangers, read strictly: every flaw becomes a BadInput that says where it is. Knows no shop system."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from orderbell.base.errors import BadInput

T = TypeVar("T")

_COMPLAINT = re.compile(r"(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_BOUND = re.compile(r"Expected `(\w+)` (of length )?(<=|>=) (\d+)")
_KIND = re.compile(r"Expected `([\w |]+)`, got `(\w+)`")
_JSON_WORDS = {
    "str": "text",
    "int": "a whole number",
    "array": "a list",
    "bool": "true or false",
    "decimal": "a fraction",
}


def read_json(body: bytes) -> Any:
    """The one JSON value of `body`, with fractions as Decimal so that money never passes through a float.

    Raises:
        BadInput: `bad_json` (malformed, not UTF-8, a byte order mark, nested too deep) or `duplicate_key`.
    """
    try:
        # Decoded without a shape first: the search for repeated keys and `fit` then share the one pass.
        value = _decoder.decode(body)
        if _may_repeat_a_key(body, value):
            _strict.decode(body.decode())
    except RecursionError:
        raise BadInput("The JSON is nested too deep.", code="bad_json") from None
    except UnicodeDecodeError:
        raise BadInput("The body is not UTF-8.", code="bad_json") from None
    except (ValueError, ArithmeticError) as flaw:
        raise BadInput(_malformed(body, str(flaw)), code="bad_json") from None
    return value


def fit(value: Any, shape: type[T]) -> T:
    """`value` as `shape`; fields the shape does not name are passed over.

    Raises:
        BadInput: `missing_field`, `empty`, `too_long`, `too_many`, `out_of_range`, `bad_amount`, `bad_type` or
            `bad_input`; `field` names the place, and `index` the event when `value` is a list.
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as flaw:
        raise _placed(str(flaw)) from None


def _malformed(body: bytes, flaw: str) -> str:
    if body.startswith(b"\xef\xbb\xbf"):
        return "The body begins with a byte order mark; send plain UTF-8."
    if body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in body[:4]:
        return "The body looks like UTF-16 or UTF-32; send plain UTF-8."
    return f"The body is not valid JSON: {flaw.removeprefix('JSON is malformed: ')}."


def _may_repeat_a_key(body: bytes, value: Any) -> bool:
    # A repeated key is gone after decoding, so writing the value again yields other bytes, or fewer `":`. That takes
    # a quarter of the time of looking at every pair; escaped quotes and colons could fool the count.
    again = msgspec.json.encode(value)
    if again == body:
        return False
    if b"\\u0022" in body or b"\\u003a" in body or b"\\u003A" in body:
        return True
    return msgspec.json.format(body, indent=-1).count(b'":') != again.count(b'":')


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise BadInput(f"The key {key[:64]!r} appears twice in one object.", code="duplicate_key", field=key[:64])
        found[key] = value
    return found


def _placed(flaw: str) -> BadInput:
    match = _COMPLAINT.fullmatch(flaw)
    what, path = (match["what"], match["path"] or "") if match else (flaw, "")
    number = re.match(r"\[(\d+)\]", path)
    field = path[number.end() if number else 0 :].lstrip(".").replace("[...]", "")
    if missing := _MISSING.match(what):
        field = f"{field}.{missing[1]}".lstrip(".")
        code, sentence = "missing_field", f"{field} is missing."
    else:
        code, sentence = _reworded(what, field or "The body")
    extra: dict[str, object] = {"index": int(number[1])} if number else {}
    return BadInput(sentence, code=code, field=field, **extra)


def _reworded(what: str, field: str) -> tuple[str, str]:
    if bound := _BOUND.match(what):
        return _out_of_bounds(bound, field)
    if field.endswith(("amount", "price")):
        return "bad_amount", f'{field} must be a decimal in quotes such as "99.00".'
    if kinds := _KIND.match(what):
        wanted, given = (_JSON_WORDS.get(name.removesuffix(" | null"), name) for name in kinds.groups())
        return "bad_type", f"{field} must be {wanted}, not {given}."
    return "bad_input", f"{field}: {what}."


def _out_of_bounds(bound: re.Match[str], field: str) -> tuple[str, str]:
    kind, length, side, number = bound.groups()
    if not length:
        return "out_of_range", f"{field} must be {'at most' if side == '<=' else 'at least'} {number}."
    if side == ">=":
        return "empty", f"{field} must not be empty."
    if kind == "str":
        return "too_long", f"{field} may hold at most {number} characters."
    return "too_many", f"{field} may hold at most {number} entries."


_decoder = msgspec.json.Decoder(float_hook=Decimal)
_strict = json.JSONDecoder(object_pairs_hook=_refuse_repeats)
