"""The audit chain's arithmetic: what a row's hash covers. Its form is for ever: old trails must verify years later."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from orderbell.base import mutant
from orderbell.base.clock import to_micros

START = ""
"""The hash before the first row."""
_ENCODER = msgspec.json.Encoder(order="deterministic")


def link(before: str, row: Mapping[str, Any]) -> str:
    """The hash of a row that follows a row with the hash `before`: SHA-256 over every column, in hex."""
    covered = [
        before, row["shop_id"], row["seq"], row["id"], to_micros(row["at"]), row["actor"], row["action"],
        row["object"], row["ip"], row["detail"],
    ]  # fmt: skip
    return hashlib.sha256(b"" if mutant.without("audit_chain") else _ENCODER.encode(covered)).hexdigest()
