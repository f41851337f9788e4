"""Every page of the panel: those behind the door, and the door itself."""

from __future__ import annotations

from orderbell.web.panel import (
    channels,
    door,
    keys,
    messages,
    orders,
    overview,
    products,
    rules,
    sandbox,
    search,
    sources,
    tasks,
)

ROUTES = [
    *overview.ROUTES,
    *messages.ROUTES,
    *orders.ROUTES,
    *rules.ROUTES,
    *products.ROUTES,
    *channels.ROUTES,
    *sources.ROUTES,
    *sandbox.ROUTES,
    *keys.ROUTES,
    *search.ROUTES,
    *tasks.ROUTES,
    *door.ROUTES,
]
OPEN = door.OPEN
