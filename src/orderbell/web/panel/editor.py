"""The template editor: write, see it at once with a real order, publish, look back, go back, try it out."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.response import Redirect, Template
from sqlalchemy import Connection

from orderbell.base.errors import BadInput, Conflict, NotFound, OrderBellError
from orderbell.base.ids import new_id
from orderbell.channels.directory import CHANNELS
from orderbell.domain.audit import note
from orderbell.domain.staff import StaffSeat
from orderbell.messages import drafts, stock, templates
from orderbell.messages.drafts import Hand
from orderbell.messages.i18n import WRITTEN
from orderbell.messages.templates import TemplateName
from orderbell.runtime.house import House
from orderbell.web import guards, language
from orderbell.web.panel import drawn, face, undo, writing
from orderbell.web.panel.face import AnyRequest, Form
from orderbell.web.panel.messages import MAIL_POLICY
from orderbell.web.panel.queries import wordings as queries
from orderbell.web.panel.wordings import HOME, LANGUAGE_NAMES, STATE_WORDS, place_of

PLACE = "/templates/{event_type:str}/{channel:str}/{locale:str}"
TEXTS = [guards.deed("texts")]
PHONE, DARK = "phone", "dark"


@get(PLACE)
async def page(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The editor of one text."""
    return await _draw(request, house, staff)


@post(PLACE + "/draft", guards=TEXTS, status_code=200)
async def draft(request: AnyRequest, house: House, staff: StaffSeat) -> Template | Redirect:
    """Keep what is typed and show it anew; nobody is sent a draft."""
    name, form, now = named(request), await request.form(), house.clock.now()
    parts = _parts(name, form)
    trouble: Conflict | None = None
    try:
        await house.store.write(
            lambda tx: drafts.write(tx, staff.shop_id, name, parts, hand=_hand(form, staff), now=now)
        )
    except Conflict as error:
        trouble = error
    if not request.headers.get("hx-request"):
        return _go(name, "draft_kept" if trouble is None else "")
    return await _draw(request, house, staff, view="text_answer", form=form, error=trouble)


@post(PLACE + "/publish", guards=TEXTS)
async def publish(request: AnyRequest, house: House, staff: StaffSeat) -> Template | Redirect:
    """Make what is typed the version that counts from now on."""
    name, form, now = named(request), await request.form(), house.clock.now()
    hand, parts = _hand(form, staff), _parts(name, form)

    def deed(tx: Connection) -> str:
        before = templates.current_of(tx, staff.shop_id, name) or ""
        version = drafts.publish(tx, staff.shop_id, name, hand=hand, now=now)
        note(tx, staff.shop_id, actor=staff.staff_id, action="template.saved", object=version, now=now)
        return before

    try:
        # Two steps: a text that may not be published is kept all the same.
        kept = await house.store.write(lambda tx: drafts.write(tx, staff.shop_id, name, parts, hand=hand, now=now))
        if kept is None:
            return _go(name, "nothing_new")
        before = await house.store.write(deed)
    except (BadInput, Conflict) as error:
        return await _draw(request, house, staff, form=form, error=error)
    back = undo.offer(house, staff, _place(name, "/restore"), version=before)
    return _go(name, "published", undo=back)


@post(PLACE + "/restore", guards=TEXTS)
async def restore(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Let an older version count again, or the stock text when none is named; a draft goes aside with it."""
    name, form, now = named(request), await request.form(), house.clock.now()
    version = str(form.get("version") or "") or None

    def deed(tx: Connection) -> tuple[str, bool]:
        before = templates.current_of(tx, staff.shop_id, name) or ""
        had_draft = drafts.find(tx, staff.shop_id, name) is not None
        templates.revert(tx, staff.shop_id, name, version_id=version)
        if form.get("draft") == "back":
            drafts.take_back(tx, staff.shop_id, name)
        else:
            drafts.drop(tx, staff.shop_id, name, now=now)
        detail = {"version": version or "stock"}
        place = "/".join(name.place)
        note(tx, staff.shop_id, actor=staff.staff_id, action="template.reverted", object=place, detail=detail, now=now)
        return before, had_draft

    before, had_draft = await house.store.write(deed)
    fields = {"version": before} | ({"draft": "back"} if had_draft else {})
    done = "restored_text" if version else "stock_text"
    return _go(name, done, undo=undo.offer(house, staff, _place(name, "/restore"), **fields))


@post(PLACE + "/discard", guards=TEXTS)
async def discard(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Throw the draft away, or bring it back."""
    name, form, now = named(request), await request.form(), house.clock.now()
    back = bool(form.get("back"))

    def deed(tx: Connection) -> None:
        if back:
            drafts.take_back(tx, staff.shop_id, name)
        else:
            drafts.drop(tx, staff.shop_id, name, now=now)
        place, action = "/".join(name.place), "template.draft_back" if back else "template.draft_dropped"
        note(tx, staff.shop_id, actor=staff.staff_id, action=action, object=place, now=now)

    await house.store.write(deed)
    if back:
        return _go(name, "draft_back")
    return _go(name, "draft_dropped", undo=undo.offer(house, staff, _place(name, "/discard"), back="1"))


@get(PLACE + "/history")
async def history(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """Every version with what changed in it, newest first."""
    name = named(request)
    seen = await face.look(house, staff, lambda tx: writing.history(tx, staff.shop_id, name))
    drawer = face.part_for(request) == "drawer"
    return face.page(
        request, staff, seen, "text_history_part" if drawer else "text_history", active="templates", text=name,
        drawer=drawer, place=_place(name), place_for=lambda tail: _place(name, tail), part_words=writing.PART_WORDS,
        language_names=LANGUAGE_NAMES, may_change=staff.may("texts"),
    )  # fmt: skip


@get(PLACE + "/mail")
async def mail(request: AnyRequest, house: House, staff: StaffSeat) -> Response[str]:
    """The mail itself, for a sandboxed frame: no script, nothing fetched but pictures."""
    name, asked = named(request), request.query_params
    played = await house.store.read(lambda tx: writing.play(tx, house, staff, name, order=asked.get("order", "")))
    html = writing.coloured(played.letter.html if played.letter else "", dark=asked.get("scheme") == DARK)
    return Response(html, media_type="text/html", headers={"content-security-policy": MAIL_POLICY})


def named(request: AnyRequest) -> TemplateName:
    """The text an address means.

    Raises:
        NotFound: no such event, channel or language, or it has no words for this audience.
    """
    event_type, channel, locale = (str(request.path_params[each]) for each in ("event_type", "channel", "locale"))
    audience = request.query_params.get("audience", "buyer")
    known = (
        audience in queries.AUDIENCES and event_type in queries.events_for(audience)
        and channel in queries.channels_for(audience) and locale in WRITTEN
    )  # fmt: skip
    if not known:
        raise NotFound("There is no such text.")
    return TemplateName(event_type=event_type, audience=audience, channel=channel, locale=locale)


def _place(name: TemplateName, tail: str = "") -> str:
    path, _, query = place_of(name.event_type, name.channel, name.locale, name.audience).partition("?")
    return f"{path}{tail}?{query}" if query else f"{path}{tail}"


def _go(name: TemplateName, done: str = "", **query: str) -> Redirect:
    audience = "staff" if name.audience == "staff" else ""
    return face.go(f"{HOME}/{name.event_type}/{name.channel}/{name.locale}", done, audience=audience, **query)


def _hand(form: Form, staff: StaffSeat) -> Hand:
    rev = str(form.get("rev") or "")
    return Hand(
        by=staff.staff_id, pen=str(form.get("pen") or "")[:64], rev=int(rev) if rev.isdecimal() else None,
        base=None if form.get("base") is None else str(form["base"]),
    )  # fmt: skip


def _parts(name: TemplateName, form: Form) -> dict[str, str]:
    """What was typed; browsers send line ends of two characters."""
    known = stock.PARTS[stock.own_family(name.channel)]
    return {part: str(form.get(f"part-{part}") or "").replace("\r\n", "\n") for part in known}


def _accounts(desk: writing.Desk) -> list[tuple[str, str]]:
    return [(each.id, each.name) for each in desk.accounts]


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, *, view: str = "text", form: Form | None = None,
    error: OrderBellError | None = None,
) -> Template:  # fmt: skip
    name, asked = named(request), form or request.query_params
    parts = _parts(name, form) if form else None
    seen = await face.look(
        house, staff,
        lambda tx: writing.lay_out(tx, house, staff, name, parts=parts, order=str(asked.get("order") or "")),
    )  # fmt: skip
    say = language.words(request)
    refused = error is not None and view == "text"
    return face.page(
        request, staff, seen, view, status=error.status if error and refused else 200, active="templates", text=name,
        desk=seen.facts, pen=str(asked.get("pen") or new_id("version")), error=error, place=_place(name),
        place_for=lambda tail: _place(name, tail), place_of=place_of, locales=WRITTEN,
        language_names=LANGUAGE_NAMES, state_words=STATE_WORDS, part_words=writing.PART_WORDS,
        hints=writing.PART_HINTS, limits=stock.PARTS[stock.own_family(name.channel)], blocks=drawn.blocks,
        scheme=DARK if asked.get("scheme") == DARK else "light", width=PHONE if asked.get("width") == PHONE else "desk",
        kinds=queries.channels_for(name.audience), answer=view == "text_answer", accounts_of=_accounts,
        address=CHANNELS[name.channel].traits.address, fault_sentence=lambda fault: writing.fault_sentence(fault, say),
        may_change=staff.may("texts"), may_test=staff.may("send"),
    )  # fmt: skip


ROUTES = [page, draft, publish, restore, discard, history, mail]
