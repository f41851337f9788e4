"""Undo: what a deed offers for taking it back, as one POST of ours.

The offer travels in an address, so it is signed for the person it was made to: no stranger's link can put another deed
behind the button. The answer to the POST asks for the right again, like every other.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from orderbell.base.errors import NotFound
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House

PURPOSE = "undo"
HEADER = "HX-Trigger"


@dataclass(frozen=True)
class Undo:
    """The address that takes a deed back, and the form it wants."""

    action: str
    fields: Mapping[str, str]


def offer(house: House, staff: StaffSeat, action: str, **fields: str) -> str:
    """The mark of an undo, for `face.go(…, undo=…)` and `toast`; `action` is an address of the panel."""
    body = base64.urlsafe_b64encode(msgspec.json.encode([action, fields])).decode().rstrip("=")
    return house.signer.sign(PURPOSE, staff.staff_id, body)


def read(house: House, staff: StaffSeat, mark: str) -> Undo | None:
    """What a mark offers; None when it is empty, altered or somebody else's."""
    try:
        owner, body = house.signer.read(PURPOSE, mark)
    except (NotFound, ValueError):
        return None
    if owner != staff.staff_id:
        return None
    action, fields = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return Undo(action, fields)


def toast(text: str, undo: Undo | None = None) -> dict[str, str]:
    """The header of an answer to htmx that says `text` at the foot of the page, with the way back beside it."""
    way = {"action": undo.action, "fields": dict(undo.fields)} if undo else None
    told = msgspec.json.encode({"toast": {"text": text, "undo": way}}).decode()
    # A header is ASCII; JSON may write every other letter as its number.
    return {HEADER: "".join(each if each.isascii() else _numbered(each) for each in told)}


def _numbered(letter: str) -> str:
    pair = letter.encode("utf-16-be")
    return "".join(f"\\u{pair[n] << 8 | pair[n + 1]:04x}" for n in range(0, len(pair), 2))
