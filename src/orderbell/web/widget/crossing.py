"""Pages of other origins that may ask for an inbox: those a shop allowed, without cookies, with a token each time.

The rules are the Fetch standard's (fetch.spec.whatwg.org, CORS protocol, read 2026-11-22).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from litestar.handlers import BaseRouteHandler

from orderbell.base.errors import NotAllowed, NotSignedIn
from orderbell.domain import inboxes as domain
from orderbell.web import cookies, guards, inboxes
from orderbell.web.cookies import Connection
from orderbell.web.inboxes import InboxSeat

_SEAT = "orderbell.seat"
PREFLIGHT = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type, last-event-id",
    "access-control-max-age": "7200",
}
"""Browsers ask at most this often again: Chromium caps the time at two hours."""


async def let_read(connection: Connection, _: BaseRouteHandler | None = None) -> None:
    """Let a page of an allowed origin read the answer, refusals too; before it is known whose inbox it wants."""
    origin, house = foreign_origin(connection), guards.house_of(connection)
    allowed = await house.store.read(lambda tx: domain.allowed_anywhere(tx, origin)) if origin else False
    if allowed:
        cookies.leave_header(connection, "access-control-allow-origin", origin)
    cookies.leave_header(connection, "vary", "Origin")


async def with_token(connection: Connection, _: BaseRouteHandler) -> None:
    """The guard of every inbox: a token that holds, shown by a page its shop allowed.

    Raises:
        NotSignedIn: `no_inbox_token`, `bad_inbox_token` or `inbox_token_over`.
        NotAllowed: `origin_not_allowed`.
    """
    house, now = guards.house_of(connection), guards.house_of(connection).clock.now()
    kind, _space, token = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise NotSignedIn("Send the header Authorization: Bearer and an inbox token.", code="no_inbox_token")
    seat = await house.store.read(lambda tx: inboxes.find_seat(tx, house.signer, token.strip(), now=now))
    origin = foreign_origin(connection)
    if origin:
        book = await house.store.read(lambda tx: house.books.one(tx, seat.shop_id))
        if origin not in domain.origins_of(book.settings):
            raise NotAllowed("The shop has not allowed this page to show the inbox.", code="origin_not_allowed")
    connection.scope["state"][_SEAT] = seat


def seat_of(connection: Connection) -> InboxSeat:
    """The seat that the guard `with_token` found."""
    seat: InboxSeat = connection.scope["state"][_SEAT]
    return seat


def foreign_origin(connection: Connection) -> str:
    """The origin of the page that asks, when it is not ours; empty for our own pages and for programs."""
    origin: str = connection.headers.get("origin", "").lower()
    return "" if urlsplit(origin).netloc == connection.headers.get("host", "").lower() else origin
