"""Cookies of the house: their names, and a place where a handler leaves those its answer should set."""

from __future__ import annotations

from typing import Any, TypeAlias

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.types import Scope

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
_PLACE, _HEADERS = "orderbell.cookies", "orderbell.headers"


def is_secure(base_url: str) -> bool:
    """Whether buyers reach the house by https, so that cookies may be bound to it."""
    return base_url.startswith("https://")


def name_of(word: str, *, secure: bool) -> str:
    """`__Host-ob_session` over https; without the prefix over plain http, where browsers refuse it."""
    return f"__Host-ob_{word}" if secure else f"ob_{word}"


def make(word: str, value: str, *, secure: bool, max_age_s: int | None = None) -> Cookie:
    """A cookie no script can read and no other site can send along; `max_age_s` 0 takes it away."""
    return Cookie(
        key=name_of(word, secure=secure), value=value, path="/", httponly=True, samesite="lax", secure=secure,
        max_age=max_age_s,
    )  # fmt: skip


def leave(connection: Connection, cookie: Cookie) -> None:
    """Let this request's answer set a cookie, whatever kind of answer it becomes."""
    connection.scope["state"].setdefault(_PLACE, []).append(cookie)


def leave_header(connection: Connection, name: str, value: str) -> None:
    """Let this request's answer carry a header, a refusal too."""
    connection.scope["state"].setdefault(_HEADERS, {})[name.encode()] = value.encode()


def left_headers(scope: Scope) -> dict[bytes, bytes]:
    """The headers left for this answer."""
    found: dict[bytes, bytes] = scope["state"].get(_HEADERS, {})
    return found


def left(scope: Scope) -> list[Cookie]:
    """The cookies left for this answer."""
    found: list[Cookie] = scope["state"].get(_PLACE, [])
    return found
