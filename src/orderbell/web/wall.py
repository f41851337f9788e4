"""The outer wall: every refusal becomes a problem document for programs or a page for people, and every answer
carries the headers that keep browsers safe. What nobody foresaw becomes a number a person can look up in the log.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect, Template
from litestar.types import Message, Scope

from orderbell.base import log
from orderbell.base.errors import BadInput, NotFound, NotSignedIn, OrderBellError, TooLarge, TooOften
from orderbell.web import cookies

PROGRAM_DOORS = ("/v1", "/in/", "/inbox", "/receipts/", "/healthz", "/readyz", "/metrics", "/docs")
SIGN_IN, SECOND_FACTOR = "/panel/sign-in", "/panel/account/second-factor"
PROBLEM = "application/problem+json"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'"
)
_YEAR = "public, max-age=31536000, immutable"
_MINUTES = "public, max-age=300"
# The address shops paste into their pages has no mark: it follows a new release within the hour, without a wait.
_HOUR = "public, max-age=3600, stale-while-revalidate=604800"
ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": CSP.encode(),
    b"cross-origin-opener-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=()",
}
WIDGET = {"/static/order-inbox.js": ((b"access-control-allow-origin", b"*"),)}
"""Shops' own pages load this file as a module, which browsers ask for across origins."""
_NOT_FOUND_SENTENCE = "There is nothing at this address."
_log = log.get("web")
AnyRequest = Request[Any, Any, Any]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal as RFC 9457 wants it; `code` is stable, `detail` may be reworded."""

    type: str
    title: str
    status: int
    detail: str
    code: str


def refuse(request: AnyRequest, error: OrderBellError) -> Response[Any]:
    """A refusal of our own."""
    if is_program(request.url.path):
        return _problem(error)
    if isinstance(error, NotSignedIn) and request.url.path.startswith("/panel"):
        return _to(request, SIGN_IN)
    if error.code == "second_factor_needed":
        return _to(request, SECOND_FACTOR)
    return _page(request, error)


def refuse_http(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """A refusal of the framework's (no such route, wrong method, a body that does not fit its type)."""
    return refuse(request, _translate(error)) if error.status_code < 500 else stumble(request, error)


def refuse_depth(request: AnyRequest, _: RecursionError) -> Response[Any]:
    """JSON nested deeper than any honest sender's."""
    return refuse(request, BadInput("The JSON is nested too deeply.", code="bad_json"))


def stumble(request: AnyRequest, error: Exception) -> Response[Any]:
    """What nobody foresaw: logged whole under a number, told to the reader only by that number."""
    return refuse(request, _number(error, request.method, request.url.path))


def _number(error: Exception, method: str, path: str) -> OrderBellError:
    number = secrets.token_hex(4)
    # Only the first parts of the path: what follows may be a token.
    quiet = "/".join(path.split("/")[:3])
    _log.error("unforeseen", number=number, method=method, path=quiet, exc_info=error)
    return OrderBellError(f"Something went wrong on our side. The log knows it as {number}.")


HANDLERS: dict[int | type[Exception], Callable[..., Response[Any]]] = {
    OrderBellError: refuse, HTTPException: refuse_http, RecursionError: refuse_depth, Exception: stumble
}  # fmt: skip


def is_program(path: str) -> bool:
    """Whether programs, not people, use this address."""
    return path.startswith(PROGRAM_DOORS)


def _translate(error: HTTPException) -> OrderBellError:
    if error.status_code == 404:
        return NotFound(_NOT_FOUND_SENTENCE)
    if error.status_code == 413:
        return TooLarge("The body is larger than this door lets in.")
    fields = [
        {"field": str(each.get("key", "")), "sentence": str(each.get("message", ""))}
        for each in (error.extra if isinstance(error.extra, list) else [])
        if isinstance(each, Mapping)
    ]
    code = {405: "method_not_allowed", 400: "bad_input"}.get(error.status_code, "refused")
    refusal = BadInput(error.detail.split(" for ")[0] if fields else error.detail, code=code, fields=fields)
    refusal.status = error.status_code
    return refusal


def problem_of(error: OrderBellError) -> dict[str, object]:
    """A refusal as a problem document."""
    problem = Problem(
        type=f"/docs#{error.code}", title=error.code.replace("_", " ").capitalize(), status=error.status,
        detail=error.sentence, code=error.code,
    )  # fmt: skip
    return {**msgspec.to_builtins(problem), **{name: value for name, value in error.extra.items() if value != []}}


async def contain(work: Awaitable[bytes], path: str) -> tuple[bytes, OrderBellError | None]:
    """Await an answer of a door that stands before the framework; what goes wrong becomes a refusal's body."""
    try:
        return await work, None
    except OrderBellError as error:
        return msgspec.json.encode(problem_of(error)), error
    except Exception as error:
        hidden = _number(error, "POST", path)
        return msgspec.json.encode(problem_of(hidden)), hidden


def _problem(error: OrderBellError) -> Response[Any]:
    return Response(problem_of(error), status_code=error.status, media_type=PROBLEM, headers=retry_headers(error))


def _page(request: AnyRequest, error: OrderBellError) -> Response[Any]:
    facts = {"error": error}
    return Template("buyer/wall.html", context=facts, status_code=error.status, headers=retry_headers(error))


def retry_headers(error: OrderBellError) -> dict[str, str]:
    """What tells a refused sender how to come back."""
    if isinstance(error, TooOften):
        return {"retry-after": str(error.retry_after_s)}
    if error.status == 401:
        return {"www-authenticate": "Bearer"}
    return {"retry-after": "5"} if error.status == 503 else {}


def _to(request: AnyRequest, path: str) -> Response[Any]:
    if request.headers.get("hx-request"):
        return Response("", status_code=401, headers={"hx-redirect": path})
    return Redirect(path)


async def finish(message: Message, scope: Scope) -> None:
    """Put the house's headers and the left cookies on an answer that is about to go out."""
    if message["type"] != "http.response.start":
        return
    headers = [*message["headers"]]
    present = {name.lower() for name, _ in headers}
    headers += [(name, value) for name, value in ALWAYS.items() if name not in present]
    if b"cache-control" not in present:
        headers.append((b"cache-control", _keeping(scope).encode()))
    if scope["path"].startswith(("/o", "/p", "/u", "/s/")):
        headers.append((b"x-robots-tag", b"noindex, nofollow, noarchive"))
    headers += [*cookies.left_headers(scope).items(), *WIDGET.get(scope["path"], ())]
    headers += [cookie.to_encoded_header() for cookie in cookies.left(scope)]
    message["headers"] = headers


def _keeping(scope: Scope) -> str:
    if not scope["path"].startswith("/static/"):
        return "no-store"
    return _YEAR if b"v=" in scope["query_string"] else _HOUR if scope["path"] in WIDGET else _MINUTES
