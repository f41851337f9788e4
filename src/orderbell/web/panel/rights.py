"""Which part of the panel a role may open at all: what the navigation leaves out, the server refuses."""

from __future__ import annotations

from collections.abc import Mapping

from litestar.handlers import BaseRouteHandler

from orderbell.domain import staff
from orderbell.domain.staff import StaffSeat
from orderbell.web import guards
from orderbell.web.cookies import Connection

SECTIONS: Mapping[str, str] = {
    "": "look", "live": "look", "search": "look", "palette": "look", "first-run": "look", "tasks": "look",
    "events": "look", "style-guide": "look", "restored": "look", "account": "look", "password": "look",
    "sign-out": "look", "messages": "see_messages", "sandbox": "see_messages", "orders": "see_orders",
    "held-orders": "see_orders", "customers": "see_customers", "products": "see_goods", "rules": "see_rules",
    "automations": "see_rules", "templates": "see_texts", "brand": "see_texts", "channels": "see_channels",
    "sources": "see_channels", "settings": "settings", "team": "team", "keys": "keys", "audit": "audit",
    "health": "health",
}  # fmt: skip
"""The first word of a panel address (the key of its link in the navigation), and the deed one needs to open it."""
_KEYS = {"overview": ""}


def deed_for(path: str) -> str:
    """The deed one needs for an address below /panel; what nobody placed is for those who run the shop."""
    return SECTIONS.get(path.removeprefix("/panel").strip("/").split("/")[0], "settings")


def sees(seat: StaffSeat, key: str) -> bool:
    """Whether somebody's navigation shows a link; `key` as base.html names it."""
    return seat.may(SECTIONS.get(_KEYS.get(key, key), "settings"))


async def may_open(connection: Connection, _: BaseRouteHandler) -> None:
    """The guard of every page of the panel; stands after `signed_in`.

    Raises:
        NotAllowed: `role_too_low`.
    """
    staff.require(guards.seat_of(connection), deed_for(connection.scope["path"]))
