"""Who stands at the door: signed-in staff, programs with a key, and forms that really come from our own pages."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Coroutine
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from orderbell.base.errors import NotAllowed, NotSignedIn
from orderbell.base.secrets import token_hash
from orderbell.domain import access, staff
from orderbell.domain.access import ApiSeat
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.web import cookies, language
from orderbell.web.cookies import Connection

SESSION, ORDER, SEED = "session", "order", "seed"
SESSION_S = int(staff.SESSION_LASTS.total_seconds())
CSRF_FIELD, CSRF_HEADER = "_csrf_token", "x-csrf-token"
OWING_MAY = ("/panel/account", "/panel/password", "/panel/sign-out")
"""What somebody may open who still owes the second factor that the shop wants."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
KEY_KEPT_S, MARK_EVERY_S = 10.0, 60.0
_SEAT, _SEED_PLACE = "orderbell.seat", "orderbell.seed"
Guard = Callable[[Connection, BaseRouteHandler], Coroutine[Any, Any, None]]


def house_of(connection: Connection) -> House:
    """The house this process is."""
    house: House = connection.app.state.house
    return house


def cookie_value(connection: Connection, word: str) -> str | None:
    """What a cookie of ours holds; None when the browser sent none."""
    return connection.cookies.get(cookies.name_of(word, secure=_secure(connection)))


def leave_cookie(connection: Connection, word: str, value: str, *, max_age_s: int | None = None) -> None:
    """Let the answer set (or, with `max_age_s` 0, take away) a cookie of ours."""
    cookies.leave(connection, cookies.make(word, value, secure=_secure(connection), max_age_s=max_age_s))


def _secure(connection: Connection) -> bool:
    return cookies.is_secure(house_of(connection).settings.base_url)


async def signed_in(connection: Connection, _: BaseRouteHandler) -> None:
    """The guard of the panel: a session that holds, else NotSignedIn."""
    token, house = cookie_value(connection, SESSION), house_of(connection)
    now = house.clock.now()
    found = await house.store.read(lambda tx: staff.find_session(tx, token, now=now)) if token else None
    if found is None or token is None:
        raise NotSignedIn("Please sign in.")
    if found.owes_factor and not connection.scope["path"].startswith(OWING_MAY):
        raise NotAllowed("The shop wants a second step at sign-in of everybody.", code="second_factor_needed")
    if found.stale:
        await house.store.write(lambda tx: staff.prolong_session(tx, found.seat, token, now=now))
        leave_cookie(connection, SESSION, token, max_age_s=SESSION_S)
    language.prefer(connection, found.seat.locale)
    connection.scope["state"][_SEAT] = found.seat


def seat_of(connection: Connection) -> StaffSeat:
    """Whose request it is; the route needs the guard `signed_in`."""
    seat: StaffSeat = connection.scope["state"][_SEAT]
    return seat


def staff_seat(request: Request[Any, Any, Any]) -> StaffSeat:
    """The dependency `staff`; the route needs the guard `signed_in`."""
    return seat_of(request)


def deed(name: str) -> Guard:
    """A guard that lets pass staff whose role allows a deed; stands after `signed_in`."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        staff.require(seat_of(connection), name)

    return guard


class KeySeats:
    """API keys seen a moment ago, so that most requests cost no query. Holds hashes only, each for ten seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seats: dict[str, tuple[float, ApiSeat]] = {}
        self._marked: dict[str, float] = {}

    async def find(self, house: House, token: str) -> ApiSeat | None:
        """The seat of a token, from memory or from the database."""
        name, at = token_hash(token), self._monotonic()
        kept = self._seats.get(name)
        if kept and kept[0] > at:
            return kept[1]
        now = house.clock.now()
        seat = await house.store.read(lambda tx: access.find_api_key(tx, token, now=now))
        self._seats.pop(name, None)
        if seat is not None:
            self._seats[name] = (at + KEY_KEPT_S, seat)
            await self._mark(house, seat, at)
        return seat

    async def _mark(self, house: House, seat: ApiSeat, at: float) -> None:
        """Remember once a minute that a key is in use, so that its owner sees which ones nobody needs."""
        if at - self._marked.get(seat.key_id, -MARK_EVERY_S) >= MARK_EVERY_S:
            self._marked[seat.key_id] = at
            now = house.clock.now()
            await house.store.write(lambda tx: access.mark_used(tx, seat.shop_id, seat.key_id, now=now))

    def forget(self) -> None:
        """Ask the database again, for every key; called when one was revoked."""
        self._seats.clear()


def scope(name: str) -> Guard:
    """A guard that lets pass programs whose key reaches `name`, one of access.SCOPES."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        header = connection.headers.get("authorization", "")
        connection.scope["state"][_SEAT] = await key_seat(connection.app.state, header, name)

    return guard


async def key_seat(state: State, authorization: str, scope_name: str) -> ApiSeat:
    """The seat of a bearer key that reaches `scope_name`.

    Raises:
        NotSignedIn: `no_key` or `bad_key`.
        NotAllowed: `missing_scope`.
    """
    kind, _space, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not token.startswith("obk_"):
        raise NotSignedIn("Send the header Authorization: Bearer obk_…", code="no_key")
    seats: KeySeats = state.key_seats
    seat = await seats.find(state.house, token.strip())
    if seat is None:
        raise NotSignedIn("This key does not exist or was revoked.", code="bad_key")
    access.require_scope(seat, scope_name)
    return seat


def api_seat(request: Request[Any, Any, Any]) -> ApiSeat:
    """The dependency `seat`; the route needs the guard `scope(…)`."""
    seat: ApiSeat = request.scope["state"][_SEAT]
    return seat


def csrf_token(connection: Connection) -> str:
    """A token for a form of ours: bound to this browser's session, another one at each drawing.

    A fresh nonce each time keeps it from being guessed through the length of compressed pages.
    """
    nonce = secrets.token_hex(8)
    return f"{nonce}.{_csrf_mac(connection, _browser(connection), nonce)}"


async def own_form(connection: Connection, _: BaseRouteHandler) -> None:
    """The guard of every page that changes something: the browser says it comes from us, and the token proves it.

    Raises:
        NotAllowed: `bad_origin` or `bad_csrf`.
    """
    if not isinstance(connection, Request) or connection.method in SAFE_METHODS:
        return
    if not _same_site(connection):
        raise NotAllowed("This form was sent from another site.", code="bad_origin")
    given = connection.headers.get(CSRF_HEADER) or (await connection.form()).get(CSRF_FIELD) or ""
    nonce, _dot, mac = str(given).partition(".")
    wanted = [_csrf_mac(connection, browser, nonce) for browser in _browsers(connection)]
    if not any(hmac.compare_digest(mac.encode(), each.encode()) for each in wanted):
        raise NotAllowed("This page was open for too long. Please load it again.", code="bad_csrf")


def _same_site(connection: Connection) -> bool:
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = connection.headers.get("origin")
    # A browser too old for Sec-Fetch-Site still sends Origin with a POST, `null` under our Referrer-Policy: then the
    # token alone decides.
    return origin in (None, "null") or urlsplit(origin).netloc == connection.headers.get("host")


def _browsers(connection: Connection) -> list[str]:
    """What tells this browser from others: its session, its order, a random seed we gave it; the best first."""
    values = ((word, cookie_value(connection, word)) for word in (SESSION, ORDER, SEED))
    return [f"{word}:{value}" for word, value in values if value]


def _browser(connection: Connection) -> str:
    known = _browsers(connection)
    if known:
        return known[0]
    state = connection.scope["state"]
    if _SEED_PLACE not in state:
        state[_SEED_PLACE] = secrets.token_urlsafe(32)
        leave_cookie(connection, SEED, state[_SEED_PLACE])
    return f"{SEED}:{state[_SEED_PLACE]}"


def _csrf_mac(connection: Connection, browser: str, nonce: str) -> str:
    key = house_of(connection).keyring.derive("csrf")
    return hmac.new(key, f"{nonce}\x1f{browser}".encode(), sha256).hexdigest()
