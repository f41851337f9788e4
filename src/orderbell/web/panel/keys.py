"""API keys: made for a program, shown once, ended by a button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from orderbell.base.errors import OrderBellError
from orderbell.domain import access
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import guards
from orderbell.web.panel import face
from orderbell.web.panel.face import AnyRequest, Form

HOME = "/panel/keys"
KEYS = [guards.deed("keys")]
SCOPE_WORDS = {
    "events:write": "Tell of orders and events",
    "orders:read": "Read orders",
    "messages:read": "Read messages",
    "messages:write": "Send messages again",
    "products:write": "Add and change products",
    "cards:write": "Import cards",
    "settings:write": "Change channels, rules and texts",
    "inbox:tokens": "Show buyers their inbox on your pages",
}

LIVES = {str(days): days for days in access.LIVES_DAYS}
PURPOSES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "shop": ("A shop system that tells of orders", ("events:write", "orders:read")),
    "stock": ("A program that fills the stock", ("products:write", "cards:write")),
    "reader": ("A report or a till that only reads", ("orders:read", "messages:read")),
    "all": ("Everything", access.SCOPES),
}
"""What a key is for in words, and what it therefore reaches."""


@get("/keys", guards=KEYS)
async def listing(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """All keys, and the form for a new one."""
    return await _draw(request, house, staff)


@post("/keys", guards=KEYS)
async def add(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """Make a key; its token is on the page that answers, and nowhere again."""
    form, now = await request.form(), house.clock.now()
    name, scopes = str(form.get("name") or ""), [str(each) for each in form.getall("scopes", [])]
    days, by = LIVES.get(str(form.get("days") or "")), staff.staff_id
    try:
        _, token = await house.store.write(
            lambda tx: access.create_api_key(tx, staff.shop_id, name, scopes, by=by, now=now, days=days)
        )
    except OrderBellError as error:
        return await _draw(request, house, staff, form=form, error=error)
    return await _draw(request, house, staff, token=token)


@post("/keys/{key_id:str}/rotate", guards=KEYS)
async def rotate(request: AnyRequest, house: House, staff: StaffSeat, key_id: FromPath[str]) -> Template:
    """A new key in the place of one; the old one goes on for a while, so that no program stops meanwhile."""
    now, chosen = house.clock.now(), str((await request.form()).get("overlap") or "")
    overlap = access.OVERLAPS.get(chosen, access.OVERLAPS["day"])
    try:
        _, token = await house.store.write(
            lambda tx: access.rotate_api_key(tx, staff.shop_id, key_id, overlap=overlap, by=staff.staff_id, now=now)
        )
    except OrderBellError as error:
        return await _draw(request, house, staff, error=error)
    seats: guards.KeySeats = request.app.state.key_seats
    seats.forget()
    return await _draw(request, house, staff, token=token)


@post("/keys/{key_id:str}/revoke", guards=KEYS)
async def revoke(request: AnyRequest, house: House, staff: StaffSeat, key_id: FromPath[str]) -> Redirect:
    """End a key at once."""
    now = house.clock.now()
    await house.store.write(lambda tx: access.revoke_api_key(tx, staff.shop_id, key_id, by=staff.staff_id, now=now))
    seats: guards.KeySeats = request.app.state.key_seats
    seats.forget()
    return face.go(HOME, "revoked")


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, *, form: Form | None = None,
    error: OrderBellError | None = None, token: str = "",
) -> Template:  # fmt: skip
    seen = await face.look(house, staff, lambda tx: access.list_api_keys(tx, staff.shop_id))
    chosen: list[Any] = form.getall("scopes", []) if form is not None else list(access.SCOPES)  # type: ignore[attr-defined]
    return face.page(
        request, staff, seen, "keys", status=error.status if error else 200, active="keys", token=token,
        scopes=SCOPE_WORDS, chosen=chosen, values=form or {}, wrong=face.wrong(error) if error else None,
        api=f"{house.settings.base_url}/v1/events", now=house.clock.now(), purposes=PURPOSES,
        followed={each.follows for each in seen.facts},
    )  # fmt: skip


ROUTES = [listing, add, rotate, revoke]
