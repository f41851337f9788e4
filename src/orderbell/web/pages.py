"""How pages are drawn: the Jinja environment and the words every template may use.

Templates know, besides their own facts: `_("English words", name=…)`, `plural(one, many, n)`, `lang()`,
`csrf_token()`, `csrf_field()`, `static("buyer.css")`, `here(lang="en")` (this page with other query values),
and the filters `minor|money("CNY")` and `at|moment("Asia/Shanghai")`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar.plugins.jinja import JinjaTemplateEngine
from markupsafe import Markup

from orderbell.base import money
from orderbell.web import guards, language

HOME = Path(__file__).parent
TEMPLATES, STATIC = HOME / "templates", HOME / "static"
_FULL_SECONDS = "yyyy-MM-dd HH:mm:ss"


def make_engine() -> JinjaTemplateEngine:
    """The template engine of all pages; every value is escaped, an unknown name is an error."""
    world = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False, cache_size=400,
    )  # fmt: skip
    engine = JinjaTemplateEngine.from_environment(world)
    callables: dict[str, Callable[..., object]] = {
        "_": _translate, "plural": _plural, "lang": _lang, "csrf_token": _csrf_token, "csrf_field": _csrf_field,
        "here": _here,
    }  # fmt: skip
    world.globals.update({name: pass_context(each) for name, each in callables.items()})
    world.globals["static"] = static_url
    world.filters["money"] = pass_context(_money)
    world.filters["moment"] = pass_context(_moment)
    return engine


def static_url(name: str) -> str:
    """The address of a static file, with a mark of its content so that browsers may keep it for a year."""
    # A page names the same few files hundreds of times: the disk is asked once a second, so that an edit still shows.
    return _address(name, int(time.monotonic()))


@lru_cache(maxsize=256)
def _address(name: str, _second: int) -> str:
    path = STATIC / name
    mark = _content_mark(path, path.stat().st_mtime_ns) if path.is_file() else "0"
    return f"/static/{name}?v={mark}"


@lru_cache(maxsize=256)
def _content_mark(path: Path, _changed_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def _translate(context: Context, message_id: str, /, **values: object) -> str:
    return language.words(context["request"])(message_id, **values)


def _plural(context: Context, one: str, many: str, n: int, /, **values: object) -> str:
    return language.words(context["request"]).plural(one, many, n, **values)


def _lang(context: Context) -> str:
    return language.of(context["request"])


def _csrf_token(context: Context) -> str:
    return guards.csrf_token(context["request"])


def _csrf_field(context: Context) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(guards.CSRF_FIELD, _csrf_token(context))


def _here(context: Context, **changed: object) -> str:
    request = context["request"]
    query: dict[str, Any] = {**request.query_params.dict(), **changed}
    kept = {name: value for name, value in query.items() if value is not None}
    return f"{request.url.path}?{urlencode(kept, doseq=True)}" if kept else request.url.path


def _money(context: Context, minor: int, currency: str) -> str:
    return money.for_people(minor, currency, _lang(context))


def _moment(context: Context, at: datetime | None, timezone: str = "UTC", form: str = "medium") -> str:
    """`form` is CLDR's short, medium or long, or `exact` for sortable digits; None draws a dash."""
    if at is None:
        return "–"
    pattern = _FULL_SECONDS if form == "exact" else form
    return format_datetime(at, pattern, tzinfo=ZoneInfo(timezone), locale=_lang(context).replace("-", "_"))
