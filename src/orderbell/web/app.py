"""The web door, put together: rooms, guards, pages, the outer wall. Each room brings its handlers as `ROUTES`.

Handlers ask for `house` (runtime.house.House), `staff` (domain.staff.StaffSeat, in the panel) and `seat`
(domain.access.ApiSeat, in /v1) by name. Panel pages stand behind the guards `signed_in` and `own_form`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import SkipValidation
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig
from litestar.types import LifeSpanReceive, LifeSpanScope, LifeSpanSend, Receive, Scope, Send

from orderbell.domain.access import ApiSeat
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.runtime.vitals import Vitals
from orderbell.web import access, guards, hooks, ingest, logo, packing, pages, vitals, wall
from orderbell.web.api.routes import ROUTES as API
from orderbell.web.buyer import settings as buyer_settings
from orderbell.web.buyer.routes import ROUTES as BUYER
from orderbell.web.panel import rights
from orderbell.web.panel.routes import OPEN as PANEL_OPEN
from orderbell.web.panel.routes import ROUTES as PANEL
from orderbell.web.storefront import routes as storefront
from orderbell.web.widget.hub import Hub
from orderbell.web.widget.routes import ROUTES as WIDGET

VERSION = "1"
AnyScope: TypeAlias = Scope | LifeSpanScope
AnyReceive: TypeAlias = Receive | LifeSpanReceive
AnySend: TypeAlias = Send | LifeSpanSend
TRUSTED = {"House": SkipValidation[House], "StaffSeat": SkipValidation[StaffSeat], "ApiSeat": SkipValidation[ApiSeat]}
"""What we hand in ourselves; checking a whole house against its types would cost more than the request."""


class Door(Litestar):
    """Litestar, with the busiest address answered before its routing."""

    async def __call__(self, scope: AnyScope, receive: AnyReceive, send: AnySend) -> None:
        """The entry of every request."""
        send = access.watch(self.state, scope, send)
        if ingest.is_meant(scope):
            await ingest.answer(self.state, scope, receive, send)  # type: ignore[arg-type]
        else:
            await super().__call__(scope, receive, send)


def make_app(house: House) -> Door:
    """The ASGI application of one house."""

    def provide_house() -> House:
        now: House = door.state.house
        return now

    door = Door(
        route_handlers=[*rooms(), vitals.healthz, vitals.readyz, vitals.metrics, logo.picture, *_static()],
        dependencies={"house": Provide(provide_house, sync_to_thread=False)},
        exception_handlers=wall.HANDLERS,
        before_send=[wall.finish],
        template_config=TemplateConfig(instance=pages.make_engine()),
        compression_config=packing.config(),
        signature_namespace=TRUSTED,
        request_max_body_size=house.settings.max_body_bytes,
        openapi_config=_openapi(),
        state=State({}),
        logging_config=None,
    )
    open_to(door, house)
    return door


def open_to(door: Door, house: House) -> None:
    """Let the door lead into this house from now on, and forget what it knew of another."""
    known = {"house": house, "key_seats": guards.KeySeats(), "vitals": Vitals(house), "inboxes": Hub(house)}
    for name, value in known.items():
        door.state[name] = value


def rooms() -> list[Router]:
    """Every room behind its own guards."""
    staff = {"staff": Provide(guards.staff_seat, sync_to_thread=False)}
    seat = {"seat": Provide(guards.api_seat, sync_to_thread=False)}
    behind = [guards.signed_in, guards.own_form, rights.may_open]
    return [
        Router("/v1", route_handlers=API, dependencies=seat),
        Router("/in", route_handlers=hooks.ROUTES, include_in_schema=False),
        Router("/inbox", route_handlers=WIDGET, include_in_schema=False),
        Router("/o", route_handlers=BUYER, guards=[guards.own_form], include_in_schema=False),
        Router("/p", route_handlers=buyer_settings.SETTINGS, guards=[guards.own_form], include_in_schema=False),
        Router(
            "/demo",
            route_handlers=storefront.ROUTES,
            guards=[storefront.only_in_demo, guards.own_form],
            include_in_schema=False,
        ),
        Router("/u", route_handlers=buyer_settings.WAY_OUT, include_in_schema=False),
        Router("/panel", route_handlers=PANEL, guards=behind, dependencies=staff, include_in_schema=False),
        Router("/panel", route_handlers=PANEL_OPEN, guards=[guards.own_form], include_in_schema=False),
    ]


def _static() -> list[Router]:
    return [create_static_files_router("/static", directories=[Path(pages.STATIC)], include_in_schema=False)]


def _openapi() -> OpenAPIConfig:
    key = SecurityScheme(type="http", scheme="bearer", description="An API key of the shop: obk_…")
    return OpenAPIConfig(
        title="OrderBell", version=VERSION, path="/docs", components=Components(security_schemes={"key": key}),
        security=[{"key": []}], render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        description="Tell us of your orders; your buyers and your staff hear of them.",
    )  # fmt: skip
