"""Signatures other systems know: Standard Webhooks, and plain HMAC in hex or base64."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from orderbell.base.errors import BadSignature, Misconfigured

TOLERANCE_S = 300


def new_webhook_secret() -> str:
    """A fresh Standard Webhooks secret: `whsec_` and base64 of 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def webhook_key(secret: str) -> bytes:
    """The key bytes of a `whsec_…` secret.

    Raises:
        Misconfigured: not base64, or not 24–64 bytes (Standard Webhooks 1.0.0, read 2026-11-22).
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:
        raise Misconfigured("A webhook secret is whsec_ and base64 of 24 to 64 bytes.", code="bad_webhook_secret")
    return key


def sign_webhook(secrets_: Iterable[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three Standard Webhooks headers; several secrets give several signatures (rotation)."""
    stamp = str(int(at.timestamp()))
    text = f"{message_id}.{stamp}.".encode() + body
    marks = ["v1," + _b64(hmac.digest(webhook_key(each), text, "sha256")) for each in secrets_]
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": " ".join(marks)}


def check_webhook(secrets_: Iterable[str], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Verify a Standard Webhooks request (lower-case header names) and return its id.

    Raises:
        BadSignature: a header missing, more than 300 s off, or no signature that matches.
    """
    try:
        message_id, stamp, given = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError as missing:
        raise BadSignature(f"The header {missing.args[0]} is missing.") from None
    if not (stamp.isascii() and stamp.isdigit()) or abs(int(stamp[:15]) - now.timestamp()) > TOLERANCE_S:
        raise BadSignature("The webhook-timestamp is more than 5 minutes off.", code="stale_signature")
    text = f"{message_id}.{stamp}.".encode() + body
    wanted = [_b64(hmac.digest(webhook_key(each), text, "sha256")) for each in secrets_]
    marks = [mark[3:] for mark in given.split(" ") if mark.startswith("v1,")]
    if not any(same(mark, want) for mark in marks for want in wanted):
        raise BadSignature("The signature does not match the body.")
    return message_id


def hmac_base64(key: bytes, body: bytes) -> str:
    """Base64 of HMAC-SHA256."""
    return _b64(hmac.digest(key, body, "sha256"))


def same(given: str, wanted: str) -> bool:
    """Equality that takes the same time whatever the answer."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
