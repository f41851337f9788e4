"""All doors of /v1 in one list."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from orderbell.web.api import accounts, automations, drafts, events, inbox, messages, orders, products, wishes, wording

ROUTES: list[ControllerRouterHandler] = [
    *events.ROUTES, *orders.ROUTES, *messages.ROUTES, *products.ROUTES, *accounts.ROUTES, *wording.ROUTES,
    *drafts.ROUTES,
    *automations.ROUTES, *inbox.ROUTES, *wishes.ROUTES,
]  # fmt: skip
