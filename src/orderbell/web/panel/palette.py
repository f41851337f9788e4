"""The palette: one box that goes everywhere and starts everything, from any page, by keyboard."""

from __future__ import annotations

from litestar import get
from litestar.params import FromQuery
from litestar.response import Template

from orderbell.domain.staff import StaffSeat
from orderbell.messages.i18n import Catalogue
from orderbell.runtime.house import House
from orderbell.web import language
from orderbell.web.panel import face, nav, people, rights
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.nav import Act, Place
from orderbell.web.panel.queries import palette as queries
from orderbell.web.panel.queries.palette import Finds

LONGEST = 120


@get("/palette")
async def palette(request: AnyRequest, house: House, staff: StaffSeat, q: FromQuery[str] = "") -> Template:
    """What fits the text, by kind; without a text the pages and deeds."""
    text = q.strip()[:LONGEST]
    say = language.words(request)
    seen = await face.look(house, staff, lambda tx: queries.find(tx, staff, text) if text else Finds())
    return face.page(
        request, staff, seen, "palette_part", active="", text=text, places=places(staff, text, say),
        acts=acts(staff, text, say), title_of=people.title, to=people.recipient, providers={},
    )  # fmt: skip


def places(staff: StaffSeat, text: str, say: Catalogue) -> list[Place]:
    """The pages this person may open whose name fits."""
    mine = (place for _, places in nav.GROUPS for place in places if rights.sees(staff, place.key))
    return [place for place in mine if fits(text, place.word, say)]


def acts(staff: StaffSeat, text: str, say: Catalogue) -> list[Act]:
    """The deeds this person may start whose name fits."""
    return [act for act in nav.ACTS if staff.may(act.deed) and fits(text, act.word, say)]


def fits(text: str, word: str, say: Catalogue) -> bool:
    """Whether every part of the text stands in the name, as the reader or as English says it."""
    names = f"{say(word)} {word}".casefold()
    return all(part in names for part in text.casefold().split())


ROUTES = [palette]
