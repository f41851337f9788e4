"""Products and their cards. Keys go in and never come out here."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection, select

from orderbell.base.errors import BadInput, NotFound, TooLarge
from orderbell.domain import cards, catalog
from orderbell.domain.access import ApiSeat
from orderbell.domain.audit import note
from orderbell.runtime import intake
from orderbell.runtime.house import House
from orderbell.store.schema import Product
from orderbell.web import guards
from orderbell.web.api.once import once, once_in_steps
from orderbell.web.api.paging import DEFAULT_LIMIT, Cursor, Limit, Place, read_page

WRITE, CARDS = [guards.scope("products:write")], [guards.scope("cards:write")]
MOST_CARDS = 5_000
MOST_CARD_BYTES = 4 * 1024 * 1024


class ProductOut(msgspec.Struct, frozen=True, kw_only=True):
    """A product; `free` and `sold` count cards, `low_at` is the warning mark."""

    id: str
    sku: str
    title: str
    kind: str
    free: int
    sold: int
    low_at: int
    instructions: str
    created_at: datetime
    archived_at: datetime | None


class ProductPage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the list; `next` null is its end."""

    items: list[ProductOut]
    next: str | None


class NewProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product to add. `kind`: card (one key per piece), reusable (the same text for all), service (no goods)."""

    sku: str
    title: str
    kind: str = "card"
    low_at: int = 5
    instructions: str = ""


class ProductChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; a field left out stays."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    low_at: int | msgspec.UnsetType = msgspec.UNSET
    instructions: str | msgspec.UnsetType = msgspec.UNSET


class CardList(msgspec.Struct, frozen=True):
    """Keys to import, one card each."""

    cards: list[str]


class RefusedLine(msgspec.Struct, frozen=True):
    """A line that cannot be a key: its number, from 1, and why."""

    line: int
    reason: str


class CardsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an import; a key the product has had before is a duplicate and changes nothing."""

    taken: int
    duplicates: int
    refused: list[RefusedLine]


@get("/products", guards=WRITE, summary="List products", tags=["Products"])
async def list_products(
    house: House, seat: ApiSeat, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> ProductPage:
    """Products that are not archived, newest first."""
    query = select(Product.__table__).where(Product.shop_id == seat.shop_id, Product.archived_at.is_(None))
    place = Place(cursor=cursor, limit=limit, kind="product")
    rows, after = await house.store.read(lambda tx: read_page(tx, query, Product.id, place))
    return ProductPage(items=[product_out(row) for row in rows], next=after)


@get("/products/{sku:str}", guards=WRITE, summary="One product", tags=["Products"])
async def get_product(house: House, seat: ApiSeat, sku: FromPath[str]) -> ProductOut:
    """A product by its SKU."""
    return await house.store.read(lambda tx: product_out(_find(tx, seat.shop_id, sku)))


@post("/products", guards=WRITE, summary="Add a product", tags=["Products"])
async def add_product(
    request: Request[Any, Any, Any], house: House, seat: ApiSeat, data: JSONBody[NewProduct]
) -> Response[ProductOut]:
    """Add a product."""
    now = house.clock.now()

    def deed(tx: Connection) -> ProductOut:
        product_id = catalog.add_product(
            tx, seat.shop_id, sku=data.sku, title=data.title, kind=data.kind, low_at=data.low_at, now=now
        )
        if data.instructions:
            catalog.change_product(tx, seat.shop_id, product_id, instructions=_fit(data.instructions))
        note(tx, seat.shop_id, actor=seat.key_id, action="product.added", object=product_id, now=now)
        return product_out(catalog.get(tx, seat.shop_id, product_id))

    return await once(request, house, seat, deed)


@put("/products/{sku:str}", guards=WRITE, summary="Change a product", tags=["Products"])
async def change_product(house: House, seat: ApiSeat, sku: FromPath[str], data: JSONBody[ProductChange]) -> ProductOut:
    """Change a product's title, warning mark or instructions."""
    new: dict[str, Any] = msgspec.to_builtins(data)
    if "instructions" in new:
        new["instructions"] = _fit(new["instructions"])

    def deed(tx: Connection) -> ProductOut:
        product_id = _find(tx, seat.shop_id, sku).id
        if new:
            catalog.change_product(tx, seat.shop_id, product_id, **new)
        detail = {"fields": sorted(new)}
        now = house.clock.now()
        note(tx, seat.shop_id, actor=seat.key_id, action="product.changed", object=product_id, detail=detail, now=now)
        return product_out(catalog.get(tx, seat.shop_id, product_id))

    return await house.store.write(deed)


@delete("/products/{sku:str}", guards=WRITE, summary="Archive a product", tags=["Products"])
async def archive_product(house: House, seat: ApiSeat, sku: FromPath[str]) -> None:
    """Take a product out of the list; its cards and orders stay."""
    now = house.clock.now()

    def deed(tx: Connection) -> None:
        product_id = _find(tx, seat.shop_id, sku).id
        catalog.change_product(tx, seat.shop_id, product_id, archived_at=now)
        note(tx, seat.shop_id, actor=seat.key_id, action="product.archived", object=product_id, now=now)

    await house.store.write(deed)


@post("/products/{sku:str}/cards", guards=CARDS, summary="Import cards", tags=["Products"],
      request_max_body_size=MOST_CARD_BYTES)  # fmt: skip
async def import_cards(
    request: Request[Any, Any, Any], house: House, seat: ApiSeat, sku: FromPath[str]
) -> Response[CardsTaken]:
    """Import up to 5,000 keys: JSON `{"cards": […]}`, `text/plain` with one a line, or `text/csv` (first column)."""
    keys = read_keys(request.headers.get("content-type", ""), await request.body())

    async def deed() -> CardsTaken:
        product_id = (await house.store.read(lambda tx: _find(tx, seat.shop_id, sku))).id
        done = await intake.import_keys(house, seat.shop_id, product_id, keys, by=seat.key_id)
        refused = [RefusedLine(line, reason) for line, reason in done.refused]
        return CardsTaken(taken=done.taken, duplicates=done.duplicates, refused=refused)

    return await once_in_steps(request, house, seat, deed)


def read_keys(content_type: str, body: bytes) -> list[str]:
    """The keys of a request body, by its content type.

    Raises:
        BadInput: not UTF-8, not what the type says, or no key at all.
        TooLarge: more than 5,000 keys.
    """
    kind = content_type.split(";")[0].strip().lower()
    try:
        keys = _READERS.get(kind, _from_json)(body)
    except UnicodeDecodeError:
        raise BadInput("Cards must be UTF-8 text.", code="not_utf8") from None
    except (msgspec.DecodeError, csv.Error) as why:
        raise BadInput(f"The cards cannot be read: {why}", code="bad_cards") from None
    if not keys:
        raise BadInput("There is no card in this request.", code="no_cards")
    if len(keys) > MOST_CARDS:
        raise TooLarge(f"Send at most {MOST_CARDS} cards in one request.", code="too_many_cards")
    return keys


def _from_json(body: bytes) -> list[str]:
    keys = msgspec.json.decode(body, type=CardList).cards
    return [key.strip() for key in keys if key.strip()]


def _from_text(body: bytes) -> list[str]:
    return cards.split_lines(body.decode())


def _from_csv(body: bytes) -> list[str]:
    rows = csv.reader(io.StringIO(body.decode("utf-8-sig")), strict=True)
    keys = [row[0].strip() for row in rows if row and row[0].strip()]
    return keys[1:] if keys and keys[0].lower() in ("card", "cards", "key", "卡密") else keys


_READERS = {"text/plain": _from_text, "text/csv": _from_csv}


def product_out(row: Any) -> ProductOut:
    """A product's row as the API shows it."""
    return ProductOut(
        id=row.id, sku=row.sku, title=row.title, kind=row.kind, free=row.free, sold=row.sold, low_at=row.low_at,
        instructions=row.instructions, created_at=row.created_at, archived_at=row.archived_at,
    )  # fmt: skip


def _fit(instructions: str) -> str:
    if len(instructions) > cards.MAX_KEY_CHARS:
        raise BadInput("Instructions are at most 4,000 characters.", code="bad_text", field="instructions")
    return instructions


def _find(tx: Connection, shop_id: str, sku: str) -> Any:
    row = catalog.find(tx, shop_id, sku)
    if row is None:
        raise NotFound("There is no such product.")
    return row


ROUTES = [list_products, get_product, add_product, change_product, archive_product, import_cards]
