"""Names for rows: a prefix that tells the kind, then a UUIDv7 that sorts by birth."""

from __future__ import annotations

import re

import uuid_utils

PREFIXES = {
    "shop": "shp",
    "staff": "stf",
    "session": "ses",
    "invitation": "inv",
    "key": "key",
    "source": "src",
    "event": "evt",
    "order": "ord",
    "line": "lin",
    "product": "prd",
    "card": "crd",
    "slot": "slt",
    "reveal": "rvl",
    "customer": "cus",
    "address": "adr",
    "rule": "rul",
    "rule_change": "ruc",
    "template": "tpl",
    "version": "ver",
    "brand": "brd",
    "provider": "prv",
    "message": "msg",
    "attempt": "att",
    "timer": "tmr",
    "task": "tsk",
    "import": "imp",
    "audit": "aud",
    "consent": "cns",
    "job": "job",
    "filter": "flt",
}
_SHAPE = re.compile(r"[a-z]{3}_[0-9a-f]{32}")


def new_id(kind: str) -> str:
    """A fresh id such as `ord_0192…`; `kind` is a key of PREFIXES."""
    return f"{PREFIXES[kind]}_{uuid_utils.uuid7().hex}"


def is_id(text: str, kind: str) -> bool:
    """Whether `text` has the shape of an id of that kind; says nothing of its existence."""
    return bool(_SHAPE.fullmatch(text)) and text.startswith(PREFIXES[kind] + "_")


def born_ms(id_: str) -> int:
    """When an id was made, in milliseconds since 1970: a UUIDv7 begins with them."""
    return int(id_[4:16], 16)
