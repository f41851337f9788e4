"""Whom a message goes to, as a list may show it: never a whole address."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from orderbell.domain.customers import mask
from orderbell.domain.staff import StaffSeat


def recipient(row: Any, providers: Mapping[str, str]) -> str:
    """The recipient of a message row: a masked address, a buyer's name, or the account it goes to."""
    if row.channel != "inbox" and row.address:
        return mask(row.address)
    if row.audience == "staff":
        return providers.get(row.provider_id or "", "")
    buyer = row.buyer or {}
    return buyer.get("name") or masked_contact(buyer) or (row.number or "")


def masked_contact(buyer: Mapping[str, Any] | None) -> str:
    """A buyer's best contact, masked; empty when there is none."""
    known = buyer or {}
    value = known.get("email") or known.get("phone") or known.get("contact") or ""
    return mask(str(value)) if value else ""


def title(buyer: Mapping[str, Any] | None) -> str:
    """How a list names a buyer: the name, else the masked contact; empty when nothing is known."""
    known = buyer or {}
    return str(known.get("name") or "") or masked_contact(known)


def customer_name(row: Any, addresses: Sequence[Any]) -> str:
    """How a list names a customer: the name, else the first address masked, else the shop's own key of them."""
    if row.name:
        return str(row.name)
    if addresses:
        return mask(addresses[0].value)
    kind, _, value = row.natural_key.partition(":")
    return str(value) if kind == "ref" else mask(value)


def contact_for(staff: StaffSeat) -> Callable[[str], str]:
    """How somebody may read an address: whole, or masked."""
    return str if staff.may("see_contacts") else mask
