"""Which language a page speaks: the reader's own choice, else what we know of them, else what the browser asks."""

from __future__ import annotations

from orderbell.messages.i18n import LANGUAGES, Catalogue, catalogue, nearest
from orderbell.web import cookies
from orderbell.web.cookies import Connection

COOKIE = "ob_lang"
YEAR_S = 365 * 24 * 3600
_PLACE = "orderbell.language"
_KNOWN = "orderbell.known_locale"


def prefer(connection: Connection, locale: str | None) -> None:
    """Tell what we know of the reader (a buyer's or a member of staff's locale); their own choice still wins."""
    if locale:
        connection.scope["state"][_KNOWN] = locale
        connection.scope["state"].pop(_PLACE, None)


def of(connection: Connection) -> str:
    """`zh-CN` or `en`. `?lang=` decides and is remembered for a year."""
    state = connection.scope["state"]
    if _PLACE not in state:
        state[_PLACE] = _decide(connection)
    language: str = state[_PLACE]
    return language


def words(connection: Connection) -> Catalogue:
    """The catalogue of the request's language."""
    return catalogue(of(connection))


def _decide(connection: Connection) -> str:
    asked: str = connection.query_params.get("lang", "")
    if asked in LANGUAGES:
        cookie = cookies.make("lang", asked, secure=False, max_age_s=YEAR_S)
        cookies.leave(connection, cookie)
        return asked
    chosen = connection.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    known = connection.scope["state"].get(_KNOWN)
    return nearest(known) if known else from_header(connection.headers.get("accept-language", ""))


def from_header(header: str) -> str:
    """The first language of an Accept-Language header that is ours; Chinese when it names none.

    Quality values are ignored: browsers list languages in the reader's order (RFC 9110 12.5.4, read 2026-11-22).
    """
    for part in header[:200].split(","):
        head = part.split(";")[0].strip().split("-")[0].lower()
        if head in ("zh", "en"):
            return nearest(head)
    return "en" if header.strip(" *") else "zh-CN"
