"""Products and their cards: what is left, what comes in, what warns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response, Template
from sqlalchemy import Connection

from orderbell.base.errors import OrderBellError
from orderbell.domain import audit, cards, catalog
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import guards, language
from orderbell.web.panel import face, importing, progress
from orderbell.web.panel.face import AnyRequest, Form
from orderbell.web.panel.queries import products as queries

HOME = "/panel/products"
GOODS = [guards.deed("goods")]
AnyResponse = Response[Any] | Template | Redirect


@get("/products")
async def listing(request: AnyRequest, house: House, staff: StaffSeat, q: FromQuery[str] = "") -> Template:
    """All products, those that run out first on top."""
    seen = await face.look(
        house, staff, lambda tx: (queries.find(tx, staff.shop_id, q[:100]), queries.owed(tx, staff.shop_id))
    )
    rows, owed = seen.facts
    return face.page(request, staff, seen, "products", active="products", rows=rows, owed=owed, q=q)


@get("/products/new", guards=GOODS)
async def blank(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The form for a new product."""
    seen = await face.look(house, staff, _nothing)
    return face.page(request, staff, seen, "product_new", active="products")


@post("/products", guards=GOODS)
async def add(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect | Template:
    """Add a product; its page, where cards come in, is next."""
    form, now = await request.form(), house.clock.now()
    new = {"sku": _text(form, "sku"), "title": _text(form, "title"), "kind": _text(form, "kind")}
    low_at = _number(form, "low_at")

    def deed(tx: Connection) -> str:
        product_id = catalog.add_product(tx, staff.shop_id, **new, low_at=low_at, now=now)
        audit.note(tx, staff.shop_id, actor=staff.staff_id, action="product.added", object=product_id, now=now)
        return product_id

    try:
        product_id = await house.store.write(deed)
    except OrderBellError as error:
        seen = await face.look(house, staff, _nothing)
        return face.page(
            request, staff, seen, "product_new", status=error.status, active="products", wrong=face.wrong(error),
            values=form,
        )  # fmt: skip
    return face.go(f"{HOME}/{product_id}", "added")


@get("/products/{product_id:str}")
async def one(request: AnyRequest, house: House, staff: StaffSeat, product_id: FromPath[str]) -> Template:
    """One product: stock, import, settings."""
    return await _draw(request, house, staff, product_id)


@post("/products/{product_id:str}", guards=GOODS)
async def change(request: AnyRequest, house: House, staff: StaffSeat, product_id: FromPath[str]) -> Redirect | Template:
    """Change a product's title, warning mark, reservation and instructions."""
    form = await request.form()
    new = {
        "title": _text(form, "title"), "low_at": _number(form, "low_at"),
        "reserve_on_order": int(bool(form.get("reserve_on_order"))), "instructions": _text(form, "instructions")[:4000],
    }  # fmt: skip
    return await _do(
        request, house, staff, product_id, action="product.changed",
        deed=lambda tx: catalog.change_product(tx, staff.shop_id, product_id, **new),
    )  # fmt: skip


@post("/products/{product_id:str}/archive", guards=GOODS)
async def archive(house: House, staff: StaffSeat, product_id: FromPath[str]) -> Redirect:
    """Take a product off the list; its cards and orders stay."""
    now = house.clock.now()

    def deed(tx: Connection) -> None:
        catalog.change_product(tx, staff.shop_id, product_id, archived_at=now)
        audit.note(tx, staff.shop_id, actor=staff.staff_id, action="product.archived", object=product_id, now=now)

    await house.store.write(deed)
    return face.go(HOME, "removed")


@post("/products/{product_id:str}/text", guards=GOODS)
async def set_text(
    request: AnyRequest, house: House, staff: StaffSeat, product_id: FromPath[str]
) -> Redirect | Template:
    """Set the text every buyer of a reusable product gets."""
    form, now = await request.form(), house.clock.now()
    vault = await house.vault(staff.shop_id)
    text = _text(form, "text")
    return await _do(
        request, house, staff, product_id, action="product.text_set",
        deed=lambda tx: cards.set_reusable(tx, vault, product_id, text, now=now),
    )  # fmt: skip


@post("/products/{product_id:str}/cards", guards=GOODS, request_max_body_size=importing.MAX_BYTES)
async def bring_in(request: AnyRequest, house: House, staff: StaffSeat, product_id: FromPath[str]) -> AnyResponse:
    """Import keys, telling how far it is; without a script the page is shown again when it is done."""
    form = await request.form()
    try:
        keys = await importing.read_keys(form)
    except OrderBellError as error:
        return await _draw(request, house, staff, product_id, error=error)
    bringing = importing.Bringing(shop_id=staff.shop_id, product_id=product_id, keys=keys, by=staff.staff_id)
    lines = importing.follow(house, bringing, language.words(request))
    if request.headers.get("hx-request"):
        return progress.flowing(lines)
    async for _ in lines:
        continue
    return face.go(f"{HOME}/{product_id}", "added")


async def _do(
    request: AnyRequest, house: House, staff: StaffSeat, product_id: str, *, action: str,
    deed: Callable[[Connection], None],
) -> Redirect | Template:  # fmt: skip
    now = house.clock.now()

    def noted(tx: Connection) -> None:
        deed(tx)
        audit.note(tx, staff.shop_id, actor=staff.staff_id, action=action, object=product_id, now=now)

    try:
        await house.store.write(noted)
    except OrderBellError as error:
        return await _draw(request, house, staff, product_id, error=error)
    return face.go(f"{HOME}/{product_id}", "saved")


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, product_id: str, *, error: OrderBellError | None = None
) -> Template:  # fmt: skip
    seen = await face.look(house, staff, lambda tx: queries.shelf(tx, staff.shop_id, product_id))
    return face.page(
        request, staff, seen, "product", status=error.status if error else 200, active="products",
        wrong=face.wrong(error) if error else None, may_change=staff.may("goods"),
    )  # fmt: skip


def _nothing(_: Connection) -> None:
    return None


def _text(form: Form, name: str) -> str:
    return str(form.get(name) or "").strip()


def _number(form: Form, name: str) -> int:
    """A number field; what is no number becomes -1, which every check refuses in its own words."""
    text = _text(form, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


ROUTES = [listing, blank, add, one, change, archive, set_text, bring_in]
