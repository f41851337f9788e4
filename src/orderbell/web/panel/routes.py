"""Every page of the panel: those behind the door, and the door itself."""

from __future__ import annotations

from orderbell.web.panel import (
    channels,
    door,
    health,
    keys,
    messages,
    orders,
    overview,
    products,
    restored,
    rules,
    sandbox,
    search,
    sources,
    tasks,
    trail,
)

ROUTES = [
    *overview.ROUTES,
    *messages.ROUTES,
    *orders.ROUTES,
    *rules.ROUTES,
    *products.ROUTES,
    *restored.ROUTES,
    *channels.ROUTES,
    *sources.ROUTES,
    *sandbox.ROUTES,
    *keys.ROUTES,
    *search.ROUTES,
    *tasks.ROUTES,
    *trail.ROUTES,
    *health.ROUTES,
    *door.ROUTES,
]
OPEN = door.OPEN
