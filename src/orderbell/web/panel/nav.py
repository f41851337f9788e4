"""Where one can go in the panel: one table for the navigation, the phone's bar and the palette. Words are the
catalogue's ids; who may open what stands in rights.py.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A page of the navigation; `key` is the first word of its address, as rights.py and `active` name it."""

    key: str
    href: str
    word: str
    icon: str


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something the palette starts: the page where it is done, and the deed it needs."""

    href: str
    word: str
    icon: str
    deed: str = "look"


GROUPS: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "Operate",
        (
            Place("overview", "/panel", "Overview", "layout-dashboard"),
            Place("messages", "/panel/messages", "Messages", "messages-square"),
            Place("orders", "/panel/orders", "Orders", "receipt-text"),
            Place("customers", "/panel/customers", "Customers", "users"),
        ),
    ),
    (
        "Build",
        (
            Place("automations", "/panel/automations", "Automations", "workflow"),
            Place("templates", "/panel/templates", "Templates", "file-text"),
            Place("products", "/panel/products", "Products and cards", "package"),
            Place("channels", "/panel/channels", "Channels", "radio-tower"),
            Place("sources", "/panel/sources", "Shops", "store"),
        ),
    ),
    (
        "Manage",
        (
            Place("sandbox", "/panel/sandbox", "Sandbox mailbox", "flask-conical"),
            Place("brand", "/panel/brand", "Brand", "palette"),
            Place("settings", "/panel/settings", "Settings", "settings"),
            Place("team", "/panel/team", "Team", "users"),
            Place("keys", "/panel/keys", "API keys", "key-round"),
            Place("audit", "/panel/audit", "Audit trail", "eye"),
            Place("health", "/panel/health", "System health", "shield-check"),
        ),
    ),
)
ON_THE_PHONE = ("overview", "messages", "orders", "products")
ACTS = (
    Act(href="/panel/products/new", word="Add product", icon="plus", deed="goods"),
    Act(href="/panel/first-run/shop", word="Connect a shop", icon="store", deed="settings"),
    Act(href="/panel/channels/email", word="Set up e-mail", icon="mail", deed="settings"),
    Act(href="/panel/messages?status=failed", word="See what failed", icon="circle-x", deed="see_messages"),
    Act(href="/panel/orders?owed=1", word="See orders that wait for goods", icon="ticket", deed="see_orders"),
    Act(href="/panel/keys", word="Make an API key", icon="key-round", deed="keys"),
    Act(href="/panel/first-run", word="First steps", icon="list-checks"),
    Act(href="/panel/team", word="Invite a colleague", icon="users", deed="team"),
    Act(href="/panel/account", word="My account", icon="user"),
    Act(href="/panel/password", word="Change password", icon="lock"),
    Act(href="/panel/style-guide", word="Style guide", icon="palette"),
)


def on_the_phone() -> tuple[Place, ...]:
    """The places of the bar at the foot of a phone's screen."""
    return tuple(place for _, places in GROUPS for place in places if place.key in ON_THE_PHONE)
