"""For shops that show `<order-inbox>`: tokens for their buyers' pages, and which pages may show it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post, put
from litestar.params import JSONBody
from sqlalchemy import Connection

from orderbell.base.errors import BadInput
from orderbell.domain import customers
from orderbell.domain import inboxes as domain
from orderbell.domain.access import ApiSeat
from orderbell.runtime.house import House
from orderbell.web import guards, inboxes
from orderbell.web.api.once import once

TOKENS, SETTINGS = [guards.scope("inbox:tokens")], [guards.scope("settings:write")]


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as the shop names its buyers in events; the first of these that is given counts."""

    ref: str = ""
    email: str = ""
    phone: str = ""
    contact: str = ""


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """For whom: a guest with one `order` (its number), or a `customer` of the shop, who need not have ordered yet."""

    order: str = ""
    customer: Buyer | None = None
    lasts_s: int = inboxes.LASTS_S


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What the widget's `token` attribute takes, and when it ends."""

    token: str
    expires_at: datetime


class Origins(msgspec.Struct, frozen=True):
    """Origins such as `https://shop.example.com`: the pages that may show an inbox."""

    origins: list[str]


@post("/inbox/tokens", guards=TOKENS, summary="Make a token for a buyer's page", tags=["Inbox"])
async def make_token(house: House, seat: ApiSeat, data: JSONBody[NewToken]) -> Token:
    """Make a short-lived token for `<order-inbox>`. Call it from your server, for the buyer your page is drawn for."""
    now = house.clock.now()
    key = customers.natural_key(msgspec.structs.asdict(data.customer)) if data.customer else None
    if bool(data.order) == bool(key):
        raise BadInput("Say whose inbox: either order or customer.", code="missing_owner")
    if key:
        made = inboxes.for_member(house.signer, seat.shop_id, key, now=now, lasts_s=data.lasts_s)
    else:
        made = await house.store.read(
            lambda tx: inboxes.for_order(
                tx, house.signer, seat.shop_id, data.order, now=now, lasts_s=data.lasts_s
            )
        )  # fmt: skip
    return Token(token=made.token, expires_at=made.until)


@get("/inbox/origins", guards=SETTINGS, summary="Pages that may show the inbox", tags=["Inbox"])
async def list_origins(house: House, seat: ApiSeat) -> Origins:
    """The origins the shop allowed."""
    book = await house.store.read(lambda tx: house.books.one(tx, seat.shop_id))
    return Origins(list(domain.origins_of(book.settings)))


@put("/inbox/origins", guards=SETTINGS, summary="Allow pages to show the inbox", tags=["Inbox"])
async def set_origins(
    request: Request[Any, Any, Any], house: House, seat: ApiSeat, data: JSONBody[Origins]
) -> Response[Origins]:
    """Allow exactly these origins; an empty list allows none."""
    now = house.clock.now()

    def deed(tx: Connection) -> Origins:
        return Origins(list(domain.set_origins(tx, seat.shop_id, data.origins, by=seat.key_id, now=now)))

    answer: Response[Origins] = await once(request, house, seat, deed)
    answer.status_code = 200
    return answer


ROUTES = [make_token, list_origins, set_origins]
