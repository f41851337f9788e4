"""The brand: logo, colour, names and signature once for every channel, seen as it will look while one types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy import Connection

from orderbell.base.errors import BadInput, OrderBellError
from orderbell.channels.base import Letter
from orderbell.channels.directory import CHANNELS
from orderbell.delivery import trial
from orderbell.delivery.book import ShopBook
from orderbell.domain.audit import note
from orderbell.domain.staff import StaffSeat
from orderbell.messages import brand as domain
from orderbell.messages import colour, layout, logo, segments
from orderbell.messages.brand import Brand, BrandLine
from orderbell.messages.segments import Segments
from orderbell.runtime.house import House
from orderbell.web import guards, language
from orderbell.web.panel import face, undo
from orderbell.web.panel.face import AnyRequest, Form

HOME = "/panel/brand"
BRAND = [guards.deed("brand")]
TEXTS = ("name", "accent", "sender_name", "sms_signature", "footer", "support_contact")
READABLE = 4.5
"""WCAG 2.2, 1.4.3: the least contrast of small text."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """How a colour reads on one ground: as it is, and the shade that is used where it does not suffice."""

    word: str
    colour: str
    contrast: float
    shade: str

    @property
    def ok(self) -> bool:
        """Whether the colour can be read as it is."""
        return self.contrast >= READABLE


@dataclass(frozen=True, kw_only=True)
class Look:
    """A brand as every channel shows it."""

    brand: Brand
    grounds: Sequence[Ground]
    label: str
    sms: Letter
    counted: Segments
    chat: Letter
    mail_query: str
    logo_path: str


@get("/brand")
async def page(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The form and how it all looks."""
    return await _draw(request, house, staff)


@post("/brand", guards=BRAND, request_max_body_size=logo.MAX_BYTES + 200_000)
async def save(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect | Template:
    """Keep the look as the newest version."""
    form, now = await request.form(), house.clock.now()
    try:
        drawn = await _sent_logo(form)
        before = await house.store.read(lambda tx: domain.load(tx, staff.shop_id))
        wanted = _wanted(form, before)

        def deed(tx: Connection) -> None:
            address = wanted.logo_url
            if drawn:
                mark = logo.keep(tx, staff.shop_id, drawn, now=now)
                address = house.settings.base_url + logo.path(staff.shop_id, mark)
            _keep(tx, staff, before, msgspec.structs.replace(wanted, logo_url=address), now=now)

        await house.store.write(deed)
    except OrderBellError as error:
        return await _draw(request, house, staff, form=form, error=error)
    back = undo.offer(house, staff, f"{HOME}/versions/{before.version_id}/restore") if before.version_id else ""
    return face.go(HOME, "brand_saved", undo=back)


@post("/brand/versions/{version_id:str}/restore", guards=BRAND)
async def restore(house: House, staff: StaffSeat, version_id: FromPath[str]) -> Redirect:
    """Take an older look up again, as the newest version."""
    now = house.clock.now()

    def deed(tx: Connection) -> Brand:
        before = domain.load(tx, staff.shop_id)
        _keep(tx, staff, before, domain.load_version(tx, staff.shop_id, version_id), now=now)
        return before

    before = await house.store.write(deed)
    return face.go(HOME, "taken_back", undo=undo.offer(house, staff, f"{HOME}/versions/{before.version_id}/restore"))


@get("/brand/look")
async def look(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The previews alone, of what stands in the form; nothing is kept."""
    return await _draw(request, house, staff, form=request.query_params, name="brand_look")


@get("/brand/mail")
async def mail(request: AnyRequest, house: House, staff: StaffSeat) -> Response[str]:
    """The sample mail in a brand that may not be kept yet, for a sandboxed frame."""
    book = await house.store.read(lambda tx: house.books.one(tx, staff.shop_id))
    shown = _checked(_wanted(request.query_params, book.brand), book.brand)
    html = _letter(house, replace(book, brand=shown, locale=language.of(request)), "email").html
    return Response(html, media_type="text/html", headers={"content-security-policy": _policy(house)})


def _policy(house: House) -> str:
    """As for every mail in a frame; the logo may come from this house, be it on plain http yet."""
    pictures = f"img-src data: https: {house.settings.base_url}"
    return f"default-src 'none'; style-src 'unsafe-inline'; {pictures}; sandbox; frame-ancestors 'self'"


async def _sent_logo(form: Form) -> logo.Logo | None:
    sent = form.get("logo")
    content = await sent.read() if isinstance(sent, UploadFile) else b""
    return logo.redrawn(content) if content else None


def _wanted(form: Mapping[str, Any], before: Brand) -> Brand:
    given = {each: str(form[each]).strip()[:400] for each in TEXTS if each in form}
    if form.get("logo_away"):
        given["logo_url"] = ""
    return msgspec.structs.replace(before, **given, version_id=None)


def _checked(wanted: Brand, before: Brand) -> Brand:
    """What is wanted, as far as it may be shown; a preview goes on while a field is half typed."""
    try:
        return domain.check(wanted)
    except BadInput as error:
        field = str(error.extra.get("field"))
        return _checked(msgspec.structs.replace(wanted, **{field: getattr(before, field)}), before)


def _keep(tx: Connection, staff: StaffSeat, before: Brand, wanted: Brand, *, now: Any) -> None:
    version_id = domain.save(tx, staff.shop_id, wanted, now=now)
    after = domain.load_version(tx, staff.shop_id, version_id)
    changed = {
        name: {"before": getattr(before, name), "after": getattr(after, name)}
        for name in (*TEXTS, "logo_url")
        if getattr(before, name) != getattr(after, name)
    }
    note(tx, staff.shop_id, actor=staff.staff_id, action="brand.saved", object=version_id, detail=changed, now=now)


def look_of(house: House, book: ShopBook, wanted: Brand, locale: str) -> Look:
    """A brand as every channel shows it, of a sample order."""
    shown = _checked(wanted, book.brand)
    book = replace(book, brand=shown, locale=locale)
    sms = _letter(house, book, "sms")
    return Look(
        brand=shown, grounds=grounds(shown.accent), label=colour.readable_on(shown.accent), sms=sms,
        counted=segments.count(sms.text, sms.sender_name), chat=_letter(house, book, "dingtalk"),
        mail_query=urlencode({each: getattr(shown, each) for each in TEXTS} | _away(shown)),
        logo_path=path_of(shown),
    )  # fmt: skip


def grounds(accent: str) -> list[Ground]:
    """The colour on a light and on a dark ground."""
    return [
        Ground(
            word=word, colour=ground, contrast=colour.contrast(accent, ground), shade=colour.shade_for(accent, ground)
        )
        for word, ground in (("On light", layout.CARD), ("On dark", layout.DARK_CARD))
    ]


def path_of(brand: Brand) -> str:
    """Where the panel itself finds the logo, whatever name the house is reached by; empty for one kept elsewhere."""
    found = urlsplit(brand.logo_url).path
    return found if found.startswith("/logo/") else ""


def _away(brand: Brand) -> dict[str, str]:
    return {} if brand.logo_url else {"logo_away": "1"}


def _letter(house: House, book: ShopBook, kind: str) -> Letter:
    traits, now = CHANNELS[kind].traits, house.clock.now()
    return trial.sample_letter(book, kind, traits, base_url=house.settings.base_url, now=now)


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, *, form: Mapping[str, Any] | None = None,
    error: OrderBellError | None = None, name: str = "brand",
) -> Template:  # fmt: skip
    def read(tx: Connection) -> tuple[ShopBook, list[BrandLine]]:
        return house.books.one(tx, staff.shop_id), domain.versions(tx, staff.shop_id)

    seen = await face.look(house, staff, read)
    book, versions = seen.facts
    wanted = _wanted(form or {}, book.brand)
    return face.page(
        request, staff, seen, name, status=error.status if error else 200, active="brand", brand=wanted,
        look=look_of(house, book, wanted, language.of(request)), versions=versions,
        may_change=staff.may("brand"), wrong=face.wrong(error) if error else None,
    )  # fmt: skip


ROUTES = [page, save, restore, look, mail]
