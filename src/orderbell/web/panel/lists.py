"""What the lists of messages, orders and customers share: the query box, its chips, the filters people keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar.response import Template
from sqlalchemy import Connection

from orderbell.domain import filters as kept_filters
from orderbell.domain.staff import StaffSeat
from orderbell.web import language
from orderbell.web.panel import asked as asking
from orderbell.web.panel import face, filters
from orderbell.web.panel.asked import Asked, Key
from orderbell.web.panel.face import AnyRequest, Form
from orderbell.web.panel.filters import Offer

KEYS: Mapping[str, Sequence[Key]] = {
    "messages": filters.MESSAGES, "orders": filters.ORDERS, "customers": filters.CUSTOMERS,
}  # fmt: skip
EXAMPLES: Mapping[str, str] = {
    "messages": "status:failed to:139…", "orders": "status:paid amount:>100", "customers": "to:139… is:returning",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Box:
    """A page's query box as it was filled in."""

    page: str
    asked: Asked
    offers: Sequence[Offer]

    @property
    def home(self) -> str:
        """The list without any filter."""
        return f"/panel/{self.page}"

    @property
    def example(self) -> str:
        """What stands in the empty box."""
        return EXAMPLES[self.page]

    @property
    def here(self) -> str:
        """This list with what is asked for now."""
        return self.address(self.asked.text)

    def address(self, text: str) -> str:
        """The list with a query."""
        return f"{self.home}?{urlencode({'q': text})}" if text else self.home

    def link(self, key: str, value: str = "") -> str:
        """The list with one filter set, or taken away; the others stay."""
        return self.address(asking.put(self.asked, key, value))

    def on(self, key: str, value: str = "") -> bool:
        """Whether a filter is set so; without a value: whether it is set at all."""
        values = self.asked.filters.get(key, ())
        return values == (value,) if value else bool(values)


def read_box(request: AnyRequest, page: str) -> Box:
    """The box of a request; `status`, `channel` and `order` in an address are filters as well."""
    query, say = request.query_params, language.words(request)
    text = str(query.get("q", ""))
    for name in ("status", "channel", "order"):
        if value := str(query.get(name, ""))[:120].strip():
            text = f"{text} {name}:{asking.quoted(value)}"
    # Addresses of earlier releases live on in bookmarks and mails.
    if query.get("owed"):
        text = f"{text} is:owed"
    return from_text(text, page, say)


def read_box_of(form: Form, page: str, request: AnyRequest) -> Box:
    """The box a form was sent with, in its field `q`."""
    return from_text(str(form.get("q") or ""), page, language.words(request))


def from_text(text: str, page: str, say: Any) -> Box:
    """The box of a text."""
    keys = KEYS[page]
    return Box(page=page, asked=asking.read(text.strip(), keys, say), offers=filters.offers(keys, say))


def kept(tx: Connection, staff: StaffSeat, page: str) -> Sequence[Any]:
    """The filters this person keeps for a list."""
    return kept_filters.kept(tx, staff, page)


def draw(request: AnyRequest, staff: StaffSeat, seen: face.Look[Any], box: Box, **facts: Any) -> Template:
    """The page of a list, or its results alone with the address that holds the query."""
    part = face.part_for(request) == "results"
    name = f"{box.page}_part" if part else box.page
    page = face.page(request, staff, seen, name, active=box.page, box=box, asked=box.asked, **facts)
    if part:
        page.headers["hx-push-url"] = box.here
    return page
