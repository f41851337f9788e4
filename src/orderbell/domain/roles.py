"""Which role may do what: one table that the navigation, the pages and the server read alike."""

from __future__ import annotations

from collections.abc import Mapping

SEES = (
    "look", "see_orders", "see_messages", "see_customers", "see_contacts", "see_goods", "see_rules", "see_texts",
    "see_channels", "see_money",
)  # fmt: skip
"""look: the first page and the search · see_orders · see_messages · see_customers: their pages · see_contacts: whole
addresses, else masked ones · see_goods: products and stock, never a card · see_rules: automations · see_texts:
templates and brand · see_channels: channels and shops, never a secret · see_money: revenue and costs."""
DOES = (
    "send", "decide", "replace", "reveal", "goods", "texts", "rules", "brand", "channels", "settings", "health",
    "export", "audit", "keys", "team",
)  # fmt: skip
"""send: tests and resends · decide: held orders, tasks, refunds · replace: give another card · reveal: see a card ·
goods: products and cards · texts: templates · rules: automations · brand: logo, colours, names · channels: accounts of
channels · settings: the shop's settings and connections · health: the state of the house and mending it · export:
take lists along · audit: the trail · keys: API keys · team: people, roles, invitations."""
DEEDS = (*SEES, *DOES)
_SERVES = frozenset({"look", "see_orders", "see_messages", "see_customers", "see_contacts", "see_goods"})
ALLOWED: Mapping[str, frozenset[str]] = {
    "owner": frozenset(DEEDS),
    "manager": frozenset(DEEDS) - {"keys", "team"},
    "support": _SERVES | {"send", "decide", "replace", "reveal"},
    "finance": frozenset({"look", "see_orders", "see_customers", "see_money", "decide", "export", "audit"}),
    "viewer": frozenset(SEES) - {"see_contacts", "see_money"},
}
ROLES = tuple(ALLOWED)


def may(role: str, deed: str) -> bool:
    """Whether a role allows a deed; an unknown role allows nothing."""
    return deed in ALLOWED.get(role, frozenset())
