"""Which web pages may show a buyer's inbox: the origins a shop allowed, kept among its settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, select, update

from orderbell.base.errors import BadInput
from orderbell.domain.audit import note
from orderbell.domain.rules import touch
from orderbell.store.schema import Shop

SETTING = "inbox_origins"
MOST_ORIGINS = 20
_LONGEST = 200
_HOST = re.compile(r"[a-z0-9.-]+(:\d+)?|\[[0-9a-f:.]+\](:\d+)?")


def clean_origin(text: str) -> str:
    """An origin as browsers send it: `https://shop.example.com`, no path, the usual port left out.

    Raises:
        BadInput: `bad_origin_address`.
    """
    try:
        parts = urlsplit(text.strip().lower().rstrip("/"))
        port = parts.port
    except ValueError:
        raise _refused(text) from None
    extra = parts.path or parts.query or parts.fragment or len(text) > _LONGEST
    if parts.scheme not in ("http", "https") or extra or not _HOST.fullmatch(parts.netloc):
        raise _refused(text)
    usual = {"http": 80, "https": 443}[parts.scheme]
    netloc = parts.netloc.rpartition(":")[0] if port == usual else parts.netloc
    return f"{parts.scheme}://{netloc}"


def _refused(text: str) -> BadInput:
    return BadInput(
        f"{text.strip()[:80]!r} is not a page's origin; write it as https://shop.example.com, without a path.",
        code="bad_origin_address", field="origins",
    )  # fmt: skip


def origins_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The allowed origins among a shop's settings."""
    return tuple(str(each) for each in settings.get(SETTING, ()))


def allowed_anywhere(tx: Connection, origin: str) -> bool:
    """Whether any shop of the house allowed this origin: a browser asks before it says whose inbox it wants."""
    return any(origin in origins_of(settings) for settings in tx.execute(select(Shop.settings)).scalars())


def set_origins(tx: Connection, shop_id: str, origins: Iterable[str], *, by: str, now: datetime) -> tuple[str, ...]:
    """Allow exactly these origins; empty lines are passed over. The origins as they were kept.

    Raises:
        BadInput: `bad_origin_address`, or `too_many_origins` for more than twenty.
    """
    wanted = tuple(dict.fromkeys(clean_origin(each) for each in origins if each.strip()))
    if len(wanted) > MOST_ORIGINS:
        raise BadInput(f"At most {MOST_ORIGINS} pages can show the inbox.", code="too_many_origins", field="origins")
    settings = tx.execute(select(Shop.settings).where(Shop.id == shop_id).with_for_update()).scalar_one()
    tx.execute(update(Shop).where(Shop.id == shop_id).values(settings={**settings, SETTING: list(wanted)}))
    touch(tx, shop_id)
    detail = {"from": list(origins_of(settings)), "to": list(wanted)}
    note(tx, shop_id, actor=by, action="inbox.origins", object=shop_id, detail=detail, now=now)
    return wanted
