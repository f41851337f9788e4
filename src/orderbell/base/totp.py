"""Six-digit codes that change every 30 seconds, as authenticator apps make them (RFC 6238, read 2026-11-22)."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_S, DIGITS, SECRET_BYTES = 30, 6, 20
# Phones are seldom more than half a minute off; every step more gives a guess another chance.
DRIFT_STEPS = 1
"""A code of the step before or after counts too: clocks of phones differ (RFC 6238, 5.2)."""


def new_secret() -> bytes:
    """A fresh shared secret of 160 bits, as RFC 4226 recommends for SHA-1."""
    return secrets.token_bytes(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """A secret as people type it into an app: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def code(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of one step, by HMAC-SHA-1 and dynamic truncation (RFC 4226, 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_at(now: datetime) -> int:
    """The number of the step a moment lies in."""
    return int(now.timestamp()) // STEP_S


def step_of(secret: bytes, given: str, now: datetime) -> int | None:
    """The step whose code was given; None when it is no code of now. Whether it was used before is the caller's."""
    here, typed = step_at(now), "".join(given.split()).encode()
    fits = [
        step
        for step in range(here - DRIFT_STEPS, here + DRIFT_STEPS + 1)
        if hmac.compare_digest(code(secret, step).encode(), typed)
    ]
    return fits[-1] if fits else None


def address(secret: bytes, *, issuer: str, account: str) -> str:
    """The `otpauth://` address that apps read from a QR code (Google Authenticator's key URI, read 2026-11-22)."""
    label = quote(f"{issuer}:{account}", safe="")
    asked = urlencode({"secret": shown(secret), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{label}?{asked}"
