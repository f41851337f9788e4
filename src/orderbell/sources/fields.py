"""What shops write into single fields, told apart: text, ways to reach a buyer, places, money. Pure."""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import NamedTuple

import phonenumbers
from babel.core import Locale

from orderbell.base.errors import BadInput
from orderbell.base.money import exponent, to_minor

# Only the shape: whether a mailbox is behind it is for the channel that writes to it to find out.
_EMAIL = re.compile(
    r"[^\s@<>()\[\],;:\\\"\x00-\x20\x7f.]+(?:\.[^\s@<>()\[\],;:\\\"\x00-\x20\x7f.]+)*"
    r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])"
)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
# The standard library takes five times as long for these, and nearly every order brings one.
_IPV4 = re.compile(
    r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}"
)
_URL = re.compile(r"https?://[^\s/?#\\]+[^\s\\]*", re.IGNORECASE)
_BREAKS = re.compile(r"[\t-\r\x85\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_GROUPS = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})
"""Two-letter codes CLDR knows that are no place a buyer can live in."""


class Reach(NamedTuple):
    """The ways to reach a buyer, each of a known kind but for `contact`."""

    email: str | None
    phone: str | None
    contact: str | None


def one_line(text: str, *, field: str) -> str:
    """`text` as one trimmed line; tabs and line breaks become a space.

    Raises:
        BadInput: `control_character` for NUL and its like.
    """
    if text.isprintable():
        return text.strip()
    return _BREAKS.sub(" ", many_lines(text, field=field)).strip()


def many_lines(text: str, *, field: str) -> str:
    """`text` as it is, line breaks and all.

    Raises:
        BadInput: `control_character` for NUL and its like.
    """
    if not text.isprintable() and _CONTROLS.search(text):
        raise BadInput(f"{field} holds a control character.", code="control_character", field=field)
    return text


def tidied(text: str, *, max_chars: int) -> str:
    """One trimmed line without control characters, cut to `max_chars`: for shops that cannot mend what they send."""
    return _BREAKS.sub(" ", _CONTROLS.sub("", text)).strip()[:max_chars].rstrip()


def reach(email: str | None, phone: str | None, contact: str | None, *, country: str | None = None) -> Reach:
    """What a buyer left, sorted by what it is and not by the box it was typed into.

    Text in the e-mail or phone box that is neither becomes the contact of unknown kind, unless there is one; a
    contact that is plainly an address or an international number is taken as such. Digits without a country code
    are read in `country`, else as Chinese.
    """
    if email is not None and not is_email(email):
        email, contact = None, contact or email
    number = phone_number(phone, country=country) if phone else None
    if phone and number is None:
        contact = contact or phone
    if contact and email is None and is_email(contact):
        email, contact = contact, None
    if contact and number is None and _E164.fullmatch(contact):
        number, contact = contact, None
    return Reach(email or None, number, contact or None)


def is_email(text: str) -> bool:
    """Whether `text` has the shape of an e-mail address; says nothing of a mailbox behind it."""
    return len(text) <= 254 and _EMAIL.fullmatch(text) is not None and text.find("@") <= 64


def phone_number(text: str, *, country: str | None = None) -> str | None:
    """`text` in E.164 form, None when it is no phone number there."""
    # Taken as it is: reading it with the tables would take as long as the rest of the order together.
    if _E164.fullmatch(text):
        return text
    try:
        number = phonenumbers.parse(text, country if country in phonenumbers.SUPPORTED_REGIONS else "CN")
    except phonenumbers.NumberParseException:
        return None
    # Merely possible is not enough here: many QQ numbers are as long as a phone number.
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def ip_address(text: str) -> str | None:
    """The address in its usual writing, None when it is none."""
    if _IPV4.fullmatch(text):
        return text
    try:
        return None if "%" in text else str(ipaddress.ip_address(text))
    except ValueError:
        return None


def country_code(text: str) -> str | None:
    """An ISO 3166 alpha-2 code in capitals, None when no place has it (CLDR's list)."""
    code = text.upper()
    return code if code in _countries() else None


def locale_tag(text: str) -> str | None:
    """A BCP 47 tag by its shape (`zh_CN` is taken as `zh-CN`), None when it cannot be one."""
    tag = text.replace("_", "-")
    return tag if _LOCALE.fullmatch(tag) else None


def timezone_name(text: str) -> str | None:
    """An IANA zone such as `Asia/Shanghai`, None when there is none of that name."""
    return text if text in _zones() else None


def web_address(text: str) -> str | None:
    """An http or https address of at most 2,048 characters, None for anything else."""
    return text if len(text) <= 2048 and _URL.fullmatch(text) else None


def rounded_minor(amount: Decimal, currency: str, *, field: str) -> int:
    """Minor units of a number with more decimals than the currency has, rounded half up.

    Raises:
        BadInput: `bad_currency`, or `bad_amount` when it is negative, no number or too large to keep.
    """
    places = exponent(currency)
    if not amount.is_finite() or amount < 0 or amount.adjusted() > 11:
        raise BadInput(f"{field} is no amount we can keep.", code="bad_amount", field=field)
    exact = amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP) if amount else Decimal(0)
    return to_minor(f"{exact:f}", currency, field=field)


@cache
def _countries() -> frozenset[str]:
    known = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in known if len(code) == 2 and code.isalpha()) - _GROUPS


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
