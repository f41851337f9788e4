"""Who buys and how to reach them; a contact may be of any kind, or of none we know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_MAIL = re.compile(r"^[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}$")
_PHONE = re.compile(r"^\+[1-9][0-9]{6,14}$")
_QQ = re.compile(r"^[1-9][0-9]{4,10}$")


def natural_key(buyer: Mapping[str, Any]) -> str | None:
    """The best name a shop gave its buyer; None when it told nothing that would know them again."""
    for name in ("ref", "email", "phone", "contact"):
        if value := buyer.get(name):
            return f"{name}:{value.strip().lower() if name == 'email' else value.strip()}"
    return None


def kind_of(contact: str) -> str:
    """What a contact looks like: email, phone, qq or unknown."""
    contact = contact.strip()
    if _MAIL.match(contact):
        return "email"
    if _PHONE.match(contact):
        return "phone"
    return "qq" if _QQ.match(contact) else "unknown"


def addresses(buyer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every way to reach a buyer: (kind, value), each once."""
    found = [(kind, str(buyer[kind]).strip()) for kind in ("email", "phone") if buyer.get(kind)]
    contact = buyer.get("contact")
    if contact:
        pair = (kind_of(contact), str(contact).strip())
        if pair not in found:
            found.append(pair)
    return found


def address_for(buyer: Mapping[str, Any], kind: str) -> str | None:
    """The buyer's address of one kind (`email`, `phone`); None when there is none."""
    for found, value in addresses(buyer):
        if found == kind:
            return value
    return None


def mask(value: str) -> str:
    """A contact a bystander may read: `li***@qq.com`, `139****8821`."""
    name, at, host = value.partition("@")
    if at:
        return f"{name[:2]}***@{host}"
    return f"{value[:3]}****{value[-4:]}" if len(value) > 8 else f"{value[:1]}***"
