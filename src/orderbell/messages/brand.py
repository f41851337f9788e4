"""How a shop looks in every message: name, logo, colour, signature; each saving is a new version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from orderbell.base.errors import BadInput, NotFound
from orderbell.base.ids import new_id
from orderbell.messages.colour import HEX
from orderbell.messages.escapes import clean, web_address
from orderbell.store.tables.messages import BrandVersion
from orderbell.store.tables.shops import Shop

ACCENT = "#4f46e5"
_MAX_CHARS = {"name": 60, "sender_name": 60, "footer": 300, "sms_signature": 12, "support_contact": 120}


class Brand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shop's look. Empty texts mean: the name signs mails and SMS, no logo, no footer, no contact."""

    name: str
    logo_url: str = ""
    accent: str = ACCENT
    sender_name: str = ""
    footer: str = ""
    sms_signature: str = ""
    support_contact: str = ""
    version_id: str | None = None

    @property
    def sender(self) -> str:
        """The name mails come from."""
        return self.sender_name or self.name


class BrandLine(msgspec.Struct, frozen=True, kw_only=True):
    """A version as lists show it."""

    id: str
    n: int
    accent: str
    name: str
    created_at: datetime


def versions(tx: Connection, shop_id: str, most: int = 8) -> list[BrandLine]:
    """The newest versions, the one in use first."""
    query = select(BrandVersion.__table__).where(BrandVersion.shop_id == shop_id).order_by(BrandVersion.n.desc())
    return [
        BrandLine(
            id=row.id,
            n=row.n,
            accent=row.parts.get("accent", ACCENT),
            name=row.parts["name"],
            created_at=row.created_at,
        )
        for row in tx.execute(query.limit(most))
    ]


def load(tx: Connection, shop_id: str) -> Brand:
    """The newest look of a shop; before the first saving its bare name."""
    row = tx.execute(
        select(BrandVersion.id, BrandVersion.parts)
        .where(BrandVersion.shop_id == shop_id)
        .order_by(BrandVersion.n.desc())
        .limit(1)
    ).first()
    if row is None:
        return Brand(name=_shop_name(tx, shop_id))
    return msgspec.convert({**row.parts, "version_id": row.id}, Brand)


def load_version(tx: Connection, shop_id: str, version_id: str | None) -> Brand:
    """The look an older message was sent with; None is the shop's bare name.

    Raises:
        NotFound: no such version in this shop.
    """
    if version_id is None:
        return Brand(name=_shop_name(tx, shop_id))
    row = tx.execute(
        select(BrandVersion.parts).where(BrandVersion.shop_id == shop_id, BrandVersion.id == version_id)
    ).first()
    if row is None:
        raise NotFound("There is no such brand version.")
    return msgspec.convert({**row.parts, "version_id": version_id}, Brand)


def save(tx: Connection, shop_id: str, brand: Brand, *, now: datetime) -> str:
    """Keep a look as the newest version and return its id.

    Raises:
        BadInput: `bad_brand`, with the `field` that is wrong.
    """
    good = check(brand)
    parts: dict[str, Any] = msgspec.to_builtins(good)
    newest = tx.execute(select(func.max(BrandVersion.n)).where(BrandVersion.shop_id == shop_id)).scalar()
    version_id = new_id("brand")
    tx.execute(
        insert(BrandVersion).values(id=version_id, shop_id=shop_id, n=(newest or 0) + 1, parts=parts, created_at=now)
    )
    # Processes that keep compiled words look at this number.
    tx.execute(update(Shop).where(Shop.id == shop_id).values(settings_gen=Shop.settings_gen + 1))
    return version_id


def check(brand: Brand) -> Brand:
    """The brand with tidy texts and no version.

    Raises:
        BadInput: `bad_brand`, with the `field` that is wrong.
    """
    for field, most in _MAX_CHARS.items():
        if len(getattr(brand, field)) > most:
            raise _bad(field, f"{field} may be {most} characters long.")
    if not brand.name.strip():
        raise _bad("name", "A brand needs a name.")
    accent = brand.accent.lower()
    if not HEX.fullmatch(accent):
        raise _bad("accent", "The colour must be written like #4f46e5.")
    if brand.logo_url and (not web_address(brand.logo_url) or len(brand.logo_url) > 500):
        raise _bad("logo_url", "The logo must be an http(s) address of at most 500 characters.")
    if len(brand.sms_signature) == 1:
        raise _bad("sms_signature", "An SMS signature has 2 to 12 characters.")
    # Aliyun and Tencent take letters, digits and Han in a signature, no marks (vendor docs, read 2026-11-22).
    if brand.sms_signature and not brand.sms_signature.isalnum():
        raise _bad("sms_signature", "An SMS signature holds only letters, digits and Chinese characters.")
    texts = {field: clean(getattr(brand, field)) for field in _MAX_CHARS}
    return msgspec.structs.replace(brand, **texts, accent=accent, version_id=None)


def _bad(field: str, sentence: str) -> BadInput:
    return BadInput(sentence, code="bad_brand", field=field)


def _shop_name(tx: Connection, shop_id: str) -> str:
    name = tx.execute(select(Shop.name).where(Shop.id == shop_id)).scalar()
    if name is None:
        raise NotFound("There is no such shop.")
    return str(name)
