"""The shop's settings: everything a shopkeeper decides that is not the house's machinery, each with what it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from litestar import get, post
from litestar.response import Redirect, Template

from orderbell.base.errors import BadInput, OrderBellError
from orderbell.domain import shop_settings as domain
from orderbell.domain.shop_settings import ShopSettings
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import address, guards
from orderbell.web.panel import face, undo
from orderbell.web.panel.face import AnyRequest, Form

HOME = "/panel/settings"
SETTINGS = [guards.deed("settings")]
CURRENCIES = ("CNY", "HKD", "TWD", "MOP", "USD", "EUR", "GBP", "JPY", "KRW", "SGD", "MYR", "THB", "AUD", "CAD")
NEAR_ZONES = ("Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "UTC")


@get("/settings", guards=SETTINGS)
async def page(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The form."""
    return await _draw(request, house, staff)


@post("/settings", guards=SETTINGS)
async def save(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect | Template:
    """Keep the settings; undo puts the ones before back."""
    form, now = await request.form(), house.clock.now()
    try:
        before = await house.store.read(lambda tx: domain.load(tx, staff.shop_id))
        changed = await house.store.write(
            lambda tx: domain.change(tx, staff.shop_id, _wanted(form), by=staff.staff_id, now=now)
        )
    except OrderBellError as error:
        return await _draw(request, house, staff, form=form, error=error)
    if not changed:
        return face.go(HOME, "saved")
    return face.go(HOME, "saved", undo=undo.offer(house, staff, HOME, **_fields(before)))


def _wanted(form: Form) -> ShopSettings:
    text = {name: str(form.get(name) or "").strip() for name in ("name", "locale", "timezone", "currency")}
    return ShopSettings(
        **{**text, "currency": text["currency"].upper()},
        order_expiry_minutes=_number(form, domain.EXPIRY), texts_kept_days=_number(form, domain.KEPT),
    )  # fmt: skip


def _number(form: Form, name: str) -> int | None:
    text = str(form.get(name) or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadInput("This is not a whole number.", code="bad_number", field=name)
    return int(text)


def _fields(settings: ShopSettings) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in asdict(settings).items()}


@cache
def _zones() -> Sequence[str]:
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")))


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, *, form: Form | None = None,
    error: OrderBellError | None = None,
) -> Template:  # fmt: skip
    seen = await face.look(house, staff, lambda tx: domain.load(tx, staff.shop_id))
    base = house.settings.base_url
    host = urlsplit(base).hostname or ""
    return face.page(
        request, staff, seen, "settings", status=error.status if error else 200, active="settings",
        values=form or _fields(seen.facts), wrong=face.wrong(error) if error else None, zones=_zones(),
        near_zones=NEAR_ZONES, currencies=CURRENCIES, house_minutes=house.settings.order_expiry_minutes,
        base=base, is_near=host == "localhost" or address.is_near(host), is_safe=base.startswith("https://"),
    )  # fmt: skip


ROUTES = [page, save]
