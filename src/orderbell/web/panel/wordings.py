"""Templates as a list: event by event, what is said to whom by which channel, and which texts are the shop's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromQuery
from litestar.response import Template

from orderbell.domain.staff import StaffSeat
from orderbell.messages.i18n import WRITTEN, Catalogue
from orderbell.runtime.house import House
from orderbell.web import language
from orderbell.web.panel import face, words
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import wordings as queries
from orderbell.web.panel.queries.wordings import Line, Written

HOME = "/panel/templates"
LANGUAGE_NAMES = {"zh-CN": "简体中文", "zh-TW": "繁體中文", "en": "English"}
SHORT_NAMES = {"zh-CN": "简", "zh-TW": "繁", "en": "EN"}
STATE_WORDS = {"own": "own text", "draft": "draft", "missing": "no own text", "stock": "stock text"}
STANDING_WORDS = {"own": "Own texts", "draft": "Drafts", "missing": "A language is missing"}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the list is asked for."""

    q: str
    audience: str
    standing: str


@get("/templates")
async def listing(
    request: AnyRequest, house: House, staff: StaffSeat, *, q: FromQuery[str] = "", audience: FromQuery[str] = "",
    standing: FromQuery[str] = "",
) -> Template:  # fmt: skip
    """Every text, event by event; the address keeps every filter."""
    wish = Wish(
        q=q[:120].strip(),
        audience=audience if audience in queries.AUDIENCES else "buyer",
        standing=standing if standing in queries.STANDINGS else "",
    )
    seen = await face.look(house, staff, lambda tx: queries.written(tx, staff.shop_id))
    say = language.words(request)
    whole = queries.lines(seen.facts, wish.audience)
    part = face.part_for(request) == "results"
    page = face.page(
        request, staff, seen, "texts_part" if part else "texts", active="templates", wish=wish, link=_link(wish),
        lines=_fitting(whole, seen.facts, wish, say), counts=queries.counts(whole), locales=WRITTEN,
        short=SHORT_NAMES, language_names=LANGUAGE_NAMES, state_words=STATE_WORDS, standing_words=STANDING_WORDS,
        first=_first_locale(seen.frame.locale), place_of=place_of,
    )  # fmt: skip
    if part:
        page.headers["hx-push-url"] = _link(wish)()
    return page


def place_of(event_type: str, channel: str, locale: str, audience: str) -> str:
    """The address of an editor; what staff hear is another text than what buyers hear."""
    tail = "?audience=staff" if audience == "staff" else ""
    return f"{HOME}/{event_type}/{channel}/{locale}{tail}"


def _first_locale(locale: str) -> str:
    return locale if locale in WRITTEN else "en"


def _link(wish: Wish) -> Callable[..., str]:
    def link(**changed: str) -> str:
        asked: dict[str, Any] = {"q": wish.q, "audience": wish.audience, "standing": wish.standing, **changed}
        asked["audience"] = asked["audience"] if asked["audience"] == "staff" else ""
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{HOME}?{query}" if query else HOME

    return link


def _fitting(whole: list[Line], found: Written, wish: Wish, say: Catalogue) -> list[Line]:
    """The lines with those cells that the wish asks for; a line without any is left out."""
    fitting = []
    for line in whole:
        cells = tuple(cell for cell in line.cells if not wish.standing or wish.standing in cell.standings)
        if wish.q and not _speaks_of(line, wish.q, say):
            needle = wish.q.lower()
            titles = face.channel_titles()
            cells = tuple(
                cell for cell in cells
                if needle in say(titles[cell.channel]).lower()
                or needle in queries.text_of(found, line.event_type, wish.audience, cell.channel)
            )  # fmt: skip
        if cells:
            fitting.append(replace(line, cells=cells))
    return fitting


def _speaks_of(line: Line, wanted: str, say: Catalogue) -> bool:
    return wanted.lower() in f"{line.event_type} {say(words.event_word(line.event_type))}".lower()


ROUTES = [listing]
