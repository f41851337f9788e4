"""Every route that changes something leaves a row in the audit trail, of the same transaction (promise H5).

The routes are read from the app: a new one that stands in neither table here fails the first test.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from tests.cast import Shopkeeper
from tests.web import scene as scenes
from tests.web.panel.conftest import enter
from tests.web.scene import MAIL, PASSWORD, RULE, Scene

from orderbell.domain import audit

# What leaves no row, and why.
OWN_FILTER = "a filter somebody keeps for themselves changes nothing of the shop"
SILENT = {
    **{f"POST /panel/{page}/filters": OWN_FILTER for page in ("messages", "orders", "customers")},
    **{f"POST /panel/{page}/filters/{{filter_id}}/remove": OWN_FILTER for page in ("messages", "orders", "customers")},
    "POST /v1/events": "what shops tell is the journal itself, each fact with its source",
    "POST /v1/inbox/{message_id}/read": "that a buyer read something is the message's own row",
    "POST /v1/inbox/tokens": "makes a signed word of an hour; nothing is kept of it",
    "PUT /v1/preferences": "each choice is a line of the log of consent",
    "POST /p": "each choice is a line of the log of consent",
    "POST /p/{token}": "each choice is a line of the log of consent",
    "POST /u/{token}": "each choice is a line of the log of consent",
    "POST /demo/orders": "a visitor of the demo tells it by the shop's own door: the journal has it",
    "POST /demo/deeds/{name}": "a visitor of the demo tells it by the shop's own door: the journal has it",
    "POST /demo/new": "forgets a cookie of the visitor's own browser",
    "POST /inbox/read": "that a buyer read something is the message's own row",
    "POST /in/{kind}/{token}": "what shops tell is the journal itself",
    "PUT /v1/templates/{event_type}/{audience}/{channel}/{locale}/draft": "a draft counts for nobody",
    "POST /v1/templates/{event_type}/{audience}/{channel}/{locale}/preview": "words a text and keeps nothing",
    "POST /panel/templates/{event_type}/{channel}/{locale}/draft": "a draft counts for nobody; publishing it is told",
    "POST /o/find": "a buyer looks for an order; wrong tries are counted",
    "POST /o/reveal": "each reveal is a row of its own, shown to the buyer",
    "POST /panel/account/second-factor/begin": "a secret that opens nothing before it is confirmed, which is written",
    "POST /o/leave": "forgets a cookie of the buyer's own browser",
}
TEXT = {"parts": {"title": "Paid: {order_number}", "body": "Thank you."}}
ACCOUNT = {"kind": "email", "name": "Post", "values": MAIL}
EDITOR = "/panel/templates/{event_type}/{channel}/{locale}"
WORDING = "/v1/templates/{event_type}/{audience}/{channel}/{locale}"
DEEDS: dict[str, tuple[str, dict[str, Any]]] = {
    "POST /v1/channels": ("provider.added", ACCOUNT),
    "PUT /v1/channels/{account_id}": ("provider.changed", ACCOUNT),
    "DELETE /v1/channels/{account_id}": ("provider.removed", {}),
    "POST /v1/channels/{account_id}/test": ("provider.tested", {"to": "a@example.com"}),
    "POST /v1/webhooks": ("provider.added", {"target_url": "http://127.0.0.1:9/x", "event": "order.paid"}),
    "DELETE /v1/webhooks/{hook_id}": ("provider.removed", {}),
    "PUT /v1/inbox/origins": ("inbox.origins", {"origins": ["https://shop.example.com"]}),
    "POST /panel/sources/inbox": ("inbox.origins", {"origins": "https://shop.example.com"}),
    "POST /v1/messages/{message_id}/resend": ("message.resend", {}),
    "POST /v1/products": ("product.added", {"sku": "p1", "title": "One"}),
    "PUT /v1/products/{sku}": ("product.changed", {"title": "Two"}),
    "DELETE /v1/products/{sku}": ("product.archived", {}),
    "POST /v1/products/{sku}/cards": ("cards.import", {"cards": ["NEW-1"]}),
    "POST /v1/rules": ("rule.added", RULE),
    "POST /v1/rules/set": ("rules.set_chosen", {"set": "minimal"}),
    "PUT /v1/rules/quiet-hours": ("rules.quiet_set", {"begins": "22:00", "ends": "08:00"}),
    "PUT /v1/rules/{rule_id}": ("rule.changed", {"name": "Ours"}),
    "DELETE /v1/rules/{rule_id}": ("rule.removed", {}),
    f"PUT {WORDING}": ("template.saved", TEXT),
    f"DELETE {WORDING}": ("template.reverted", {}),
    f"DELETE {WORDING}/draft": ("template.draft_dropped", {}),
    f"POST {WORDING}/publish": ("template.saved", {"rev": None}),
    f"POST {WORDING}/restore": ("template.reverted", {"version": scenes.old_text}),
    f"POST {EDITOR}/publish": ("template.saved", {"part-title": "Paid", "part-body": "Thank you."}),
    f"POST {EDITOR}/restore": ("template.reverted", {}),
    f"POST {EDITOR}/discard": ("template.draft_dropped", {}),
    f"POST {EDITOR}/test": ("template.tested", {"to": "a@example.com"}),
    "POST /panel/messages/{message_id}/resend": ("message.resend", {}),
    "POST /panel/messages/{message_id}/call-off": ("message.called_off", {}),
    "POST /panel/messages/again": ("messages.resent", {"q": "status:failed"}),
    "POST /panel/messages/again/{job_id}/stop": ("messages.resend_stopped", {}),
    "POST /panel/messages/export": ("messages.exported", {}),
    "POST /panel/orders/export": ("orders.exported", {}),
    "POST /panel/customers/export": ("customers.exported", {}),
    "POST /panel/products": ("product.added", {"sku": "p1", "title": "One", "kind": "card", "low_at": "3"}),
    "POST /panel/products/{product_id}": ("product.changed", {"title": "Two", "low_at": "3"}),
    "POST /panel/products/{product_id}/archive": ("product.archived", {}),
    "POST /panel/products/{product_id}/text": ("product.text_set", {"text": "the same for all"}),
    "POST /panel/products/{product_id}/cards": ("cards.import", {"keys": "NEW-1"}),
    "POST /panel/sign-in": ("staff.signed_in", {"email": "owner@example.com", "password": PASSWORD}),
    "POST /panel/enter/{token}": ("staff.link_used", {}),
    "POST /panel/password": ("staff.password_set", {"password": PASSWORD, "again": PASSWORD}),
    "POST /panel/sign-out": ("staff.signed_out", {}),
    "POST /panel/automations/{rule_id}": ("rule.changed", {"name": "Ours"}),
    "POST /panel/automations/{rule_id}/channels/{kind}": ("rule.changed", {"on": "1"}),
    "POST /panel/automations/{rule_id}/remove": ("rule.removed", {}),
    "POST /panel/automations/new": ("rule.added", {"name": "Mine", "trigger": "order.paid", "audience": "staff"}),
    "POST /panel/automations/set": ("rules.set_chosen", {"set": "minimal"}),
    "POST /panel/automations/quiet": ("rules.quiet_set", {"on": "1", "quiet_from": "22:00", "quiet_until": "08:00"}),
    "POST /panel/automations/undo": ("rules.undone", {"change": scenes.rule_change}),
    "POST /panel/sources": ("source.added", {"kind": "signed", "name": "My shop"}),
    "POST /panel/sources/{source_id}/pause": ("source.paused", {}),
    "POST /panel/sources/{source_id}/remove": ("source.removed", {}),
    "POST /panel/channels/{kind}": ("provider.added", {"name": "Mail", **MAIL}),
    "POST /panel/channels/{kind}/{account_id}": ("provider.changed", {"name": "Post", **MAIL}),
    "POST /panel/channels/{kind}/{account_id}/switch": ("provider.switched_off", {}),
    "POST /panel/channels/{kind}/{account_id}/remove": ("provider.removed", {}),
    "POST /panel/channels/{kind}/{account_id}/test": ("provider.tested", {"to": "a@example.com"}),
    "POST /panel/orders/{number}/replace": ("card.reissue", {"slot": scenes.slot, "reason": "used already"}),
    "POST /panel/keys": ("key.created", {"name": "till", "scopes": ["orders:read"]}),
    "POST /panel/keys/{key_id}/rotate": ("key.rotated", {"overlap": "week"}),
    "POST /panel/brand": ("brand.saved", {"name": "Star", "accent": "#0b6b9c"}),
    "POST /panel/brand/versions/{version_id}/restore": ("brand.saved", {}),
    "POST /panel/settings": ("shop.changed", scenes.SETTINGS),
    "POST /panel/keys/{key_id}/revoke": ("key.revoked", {}),
    "POST /panel/team/invite": ("staff.invited", {"email": "li@example.com", "role": "viewer"}),
    "POST /panel/team/invitations/{invitation_id}/revoke": ("staff.invitation_revoked", {}),
    "POST /panel/team/invitations/{invitation_id}/restore": ("staff.invitation_restored", {}),
    "POST /panel/team/{staff_id}/role": ("staff.role_changed", {"role": "finance"}),
    "POST /panel/team/{staff_id}/disable": ("staff.disabled", {}),
    "POST /panel/team/{staff_id}/enable": ("staff.enabled", {}),
    "POST /panel/team/{staff_id}/link": ("staff.link_made", {}),
    "POST /panel/team/{staff_id}/second-factor/off": ("staff.factor_off", {}),
    "POST /panel/team/second-factor": ("team.factor_needed", {"on": "1"}),
    "POST /panel/join/{invite_token}": ("staff.joined", {"name": "Li", "password": PASSWORD, "again": PASSWORD}),
    "POST /panel/second-step": ("staff.code_taken", {"code": scenes.code}),
    "POST /panel/account": ("staff.changed", {"name": "Wang Fang"}),
    "POST /panel/account/sessions/{session_id}/end": ("staff.session_ended", {}),
    "POST /panel/account/sessions/end-others": ("staff.sessions_ended", {}),
    "POST /panel/account/second-factor/confirm": ("staff.factor_on", {"code": scenes.code}),
    "POST /panel/account/second-factor/codes": ("staff.codes_renewed", {"code": scenes.code}),
    "POST /panel/account/second-factor/off": ("staff.factor_off", {"code": scenes.code}),
    "POST /panel/first-run/account": (
        "first_run.introduced",
        {"name": "Li", "email": "li@example.com", "shop_name": "Ours", "password": PASSWORD},
    ),
    "POST /panel/first-run/shop": ("source.added", {"kind": "signed", "name": "My shop"}),
    "POST /panel/first-run/channel": ("provider.added", {"kind": "email", "name": "Mail", **MAIL}),
    "POST /panel/first-run/test": ("first_run.step", {"to": "a@example.com"}),
    "POST /panel/first-run/away": ("first_run.away", {}),
    "POST /panel/tasks/{task_id}/close": ("task.closed", {}),
    "POST /panel/events/{event_id}/again": ("event.again", {}),
    "POST /panel/held-orders/call-off": ("orders.mass_expiry", {}),
    "POST /panel/held-orders/spare": ("orders.mass_expiry", {}),
    "POST /panel/health/again": ("message.again", {"kind": "message", "reason": scenes.stuck_message}),
    "POST /panel/health/let-be": ("message.let_be", {"reason": scenes.stuck_message}),
    "POST /panel/restored/go-on": ("restore.confirmed", {}),
    "POST /panel/restored/set-aside": ("cards.set_aside", {}),
    "POST /panel/restored/products/{product_id}/return": ("cards.put_back", {}),
    "POST /panel/restored/products/{product_id}/write-off": ("cards.written_off", {}),
    "POST /panel/audit/export": ("trail.exported", {}),
    "POST /o/resend": ("message.resend", {}),
}


async def _worded(scene: Scene) -> None:
    await scene.call(f"PUT {WORDING}", TEXT)


async def _drafted(scene: Scene) -> None:
    await scene.call(f"PUT {WORDING}/draft", TEXT)


async def _held(scene: Scene) -> None:
    await scenes.task(scene, "mass_cancel")


FIRST: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "POST /panel/messages/again": scenes.with_failed,
    "POST /panel/messages/{message_id}/call-off": scenes.copied,
    f"DELETE {WORDING}": _worded,
    f"POST {WORDING}/publish": _drafted,
    "POST /panel/sign-in": scenes.with_password,
    "POST /panel/held-orders/call-off": _held,
    "POST /panel/held-orders/spare": _held,
    "POST /panel/products/{product_id}/text": scenes.only_reusable,
    "POST /panel/restored/go-on": scenes.paused,
    "POST /panel/restored/set-aside": scenes.paused,
    "POST /panel/restored/products/{product_id}/return": scenes.with_cards_aside,
    "POST /panel/restored/products/{product_id}/write-off": scenes.with_cards_aside,
    "POST /panel/team/invitations/{invitation_id}/restore": scenes.called_back,
    "POST /panel/team/{staff_id}/enable": scenes.gone_colleague,
    "POST /panel/team/{staff_id}/second-factor/off": scenes.colleague_with_factor,
    "POST /panel/team/second-factor": scenes.with_factor,
    "POST /panel/second-step": scenes.half_in,
    "POST /panel/account/second-factor/confirm": scenes.scanning,
    "POST /panel/account/second-factor/codes": scenes.with_factor,
    "POST /panel/account/second-factor/off": scenes.with_factor,
    "POST /o/resend": scenes.as_buyer,
}


@pytest.fixture
async def scene(shop: Shopkeeper, program: httpx.AsyncClient, browser: httpx.AsyncClient) -> Scene:
    """A shop with two cards left, in which one order was paid and served."""
    await shop.stock("KEY-1", "KEY-2", "KEY-3")
    await shop.says("order.paid", "N-1")
    await shop.settled()
    await enter(browser, shop, "owner")  # type: ignore[arg-type]
    return Scene(shop, program, browser)


def mutating(app: Litestar) -> set[str]:
    """Every method and address of the app that may change something."""
    return {
        f"{method} {re.sub(r':[a-z]+}', '}', route.path)}"
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods - {"GET", "HEAD", "OPTIONS"}
    }


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_every_route_that_changes_something_is_known_here(app: Litestar) -> None:
    assert mutating(app) == set(DEEDS) | set(SILENT)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("route", DEEDS)
async def test_every_deed_leaves_its_row_and_the_trail_stays_whole(scene: Scene, route: str) -> None:
    if route in FIRST:
        await FIRST[route](scene)
    action, payload = DEEDS[route]
    before = (await scene.trail()).count(action)
    answer = await scene.call(route, payload)
    assert answer.status_code < 400, answer.text
    assert (await scene.trail()).count(action) - before in (1, 2)
    assert (await scene.shop.house.store.read(lambda tx: audit.verify(tx, scene.shop.id))).ok
