"""Money: decimal strings outside, integer minor units with a currency inside, never a float."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache, lru_cache

from babel.core import get_global
from babel.numbers import format_currency, get_currency_precision

from orderbell.base.errors import BadInput

_SHAPE = re.compile(r"(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,4}))?", re.ASCII)
_MOST_MINOR = 10**15


@cache
def exponent(currency: str) -> int:
    """How many decimals the currency has: CNY 2, JPY 0, KWD 3 (ISO 4217 by CLDR).

    Raises:
        BadInput: `bad_currency` when ISO 4217 knows no such code.
    """
    if currency not in _currencies():
        raise BadInput(f"{currency[:12]!r} is not an ISO 4217 currency code.", code="bad_currency")
    return get_currency_precision(currency)


@cache
def _currencies() -> frozenset[str]:
    known = get_global("all_currencies")
    return frozenset(known)


def to_minor(text: str, currency: str, *, field: str = "amount") -> int:
    """`"99.00"` in CNY is 9900. Plain ASCII decimals only: no sign, exponent, grouping or full-width digit.

    Raises:
        BadInput: `bad_currency`, or `bad_amount` for anything else than a plain decimal that fits.
    """
    places = exponent(currency)
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise BadInput(f"{field} must be a plain decimal such as 99.00, not {text[:24]!r}.", code="bad_amount")
    whole, cents = match[1], match[2] or ""
    if len(cents.rstrip("0")) > places:
        raise BadInput(f"{field} has more decimals than {currency} has ({places}).", code="bad_amount")
    minor: int = int(whole) * 10**places + int(cents[:places].ljust(places, "0") or "0")
    if minor > _MOST_MINOR:
        raise BadInput(f"{field} is larger than any order we can keep.", code="bad_amount")
    return minor


def to_text(minor: int, currency: str) -> str:
    """9900 in CNY is `"99.00"`; the way back of `to_minor`."""
    places = exponent(currency)
    if places == 0:
        return str(minor)
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


@lru_cache(maxsize=4096)
def for_people(minor: int, currency: str, locale: str) -> str:
    """9900 CNY is `¥99.00` in zh-CN and `CN¥99.00` in en, by CLDR."""
    return format_currency(Decimal(to_text(minor, currency)), currency, locale=locale.replace("-", "_"))
