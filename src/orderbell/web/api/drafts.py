"""Templates as they are written: drafts, publishing, versions with their differences, and a try without sending."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, delete, get, post, put
from litestar.params import JSONBody
from sqlalchemy import Connection

from orderbell.base.errors import BadInput, NotFound
from orderbell.channels.directory import CHANNELS
from orderbell.delivery import rehearsal
from orderbell.domain.access import ApiSeat
from orderbell.domain.audit import note
from orderbell.messages import difference, drafts, stock, templates
from orderbell.messages.drafts import Hand
from orderbell.messages.segments import Segments
from orderbell.messages.templates import TemplateName
from orderbell.runtime.house import House
from orderbell.web import guards

SETTINGS = [guards.scope("settings:write")]
WHICH = "/templates/{event_type:str}/{audience:str}/{channel:str}/{locale:str}"
AnyRequest = Request[Any, Any, Any]


class DraftIn(msgspec.Struct, frozen=True, kw_only=True):
    """What to keep. `rev` is the draft you knew (0: none); left out, whatever is there is overwritten."""

    parts: dict[str, str]
    rev: int | None = None


class DraftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A draft as it stands; `rev` grows with each change."""

    parts: dict[str, str]
    rev: int
    changed_at: datetime


class PublishIn(msgspec.Struct, frozen=True, kw_only=True):
    """Which draft is meant: its `rev`; left out, the one that is there."""

    rev: int | None = None


class VersionOut(msgspec.Struct, frozen=True, kw_only=True):
    """One version, never changed after it was published; `current` says whether it counts."""

    id: str
    n: int
    parts: dict[str, str]
    by: str
    created_at: datetime
    current: bool


class VersionList(msgspec.Struct, frozen=True):
    """All versions, newest first."""

    items: list[VersionOut]


class RestoreIn(msgspec.Struct, frozen=True, kw_only=True):
    """The version to let count again."""

    version: str


class RunOut(msgspec.Struct, frozen=True, kw_only=True):
    """A run of text: `same`, `gone` or `new`."""

    kind: str
    text: str


class DiffOut(msgspec.Struct, frozen=True):
    """What changed, by part; parts that are the same are left out."""

    parts: dict[str, list[RunOut]]


class PreviewIn(msgspec.Struct, frozen=True, kw_only=True):
    """What to try: `parts` left out tries the draft or the text that counts; `order` left out, the newest order."""

    parts: dict[str, str] | None = None
    order: str = ""


class FaultOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that keeps a text from being published."""

    part: str
    code: str
    sentence: str
    line: int
    position: int
    nearest: str


class SegmentsOut(msgspec.Struct, frozen=True, kw_only=True):
    """How an SMS is counted; `left` characters still fit into its last part."""

    chars: int
    parts: int
    left: int
    alphabet: str


class PreviewOut(msgspec.Struct, frozen=True, kw_only=True):
    """The text as its reader would see it; `order` empty means a made-up one. Nothing was sent."""

    order: str
    subject: str
    text: str
    html: str
    fields: dict[str, str]
    segments: SegmentsOut | None
    faults: list[FaultOut]
    trouble: str


@get(WHICH + "/draft", guards=SETTINGS, summary="The draft of a wording", tags=["Templates"])
async def get_draft(request: AnyRequest, house: House, seat: ApiSeat) -> DraftOut:
    """What is written and not published yet; 404 when there is nothing."""
    name = _named(request)
    found = await house.store.read(lambda tx: drafts.find(tx, seat.shop_id, name))
    if found is None:
        raise NotFound("There is no draft of this wording.", code="no_draft")
    return DraftOut(parts=dict(found.parts), rev=found.rev, changed_at=found.changed_at)


@put(WHICH + "/draft", guards=SETTINGS, summary="Keep a draft", tags=["Templates"])
async def put_draft(request: AnyRequest, house: House, seat: ApiSeat, data: JSONBody[DraftIn]) -> DraftOut:
    """Keep a draft, broken or not; nobody is sent it. 409 `draft_changed` when `rev` is no longer the newest."""
    name, now, hand = _named(request), house.clock.now(), Hand(by=seat.key_id, rev=data.rev)
    kept = await house.store.write(lambda tx: drafts.keep(tx, seat.shop_id, name, data.parts, hand=hand, now=now))
    return DraftOut(parts=dict(kept.parts), rev=kept.rev, changed_at=kept.changed_at)


@delete(WHICH + "/draft", guards=SETTINGS, summary="Throw a draft away", tags=["Templates"])
async def drop_draft(request: AnyRequest, house: House, seat: ApiSeat) -> None:
    """Throw the draft away; the text that counts stays."""
    name, now = _named(request), house.clock.now()

    def deed(tx: Connection) -> None:
        drafts.drop(tx, seat.shop_id, name, now=now)
        _note(tx, seat, name, "template.draft_dropped", now=now)

    await house.store.write(deed)


@post(WHICH + "/publish", guards=SETTINGS, summary="Publish the draft", tags=["Templates"])
async def publish(request: AnyRequest, house: House, seat: ApiSeat, data: JSONBody[PublishIn]) -> VersionOut:
    """Make the draft the version that counts; a text that does not work is refused here, never at sending."""
    name, now, hand = _named(request), house.clock.now(), Hand(by=seat.key_id, rev=data.rev)

    def deed(tx: Connection) -> VersionOut:
        version = drafts.publish(tx, seat.shop_id, name, hand=hand, now=now)
        note(tx, seat.shop_id, actor=seat.key_id, action="template.saved", object=version, now=now)
        return next(each for each in _versions(tx, seat, name) if each.id == version)

    return await house.store.write(deed)


@get(WHICH + "/versions", guards=SETTINGS, summary="Versions of a wording", tags=["Templates"])
async def list_versions(request: AnyRequest, house: House, seat: ApiSeat) -> VersionList:
    """Every version, newest first."""
    name = _named(request)
    return VersionList(await house.store.read(lambda tx: _versions(tx, seat, name)))


@post(WHICH + "/restore", guards=SETTINGS, summary="Let an older version count", tags=["Templates"])
async def restore(request: AnyRequest, house: House, seat: ApiSeat, data: JSONBody[RestoreIn]) -> VersionList:
    """Let an older version count again; DELETE the wording to go back to the stock text."""
    name, now = _named(request), house.clock.now()

    def deed(tx: Connection) -> list[VersionOut]:
        templates.revert(tx, seat.shop_id, name, version_id=data.version)
        _note(tx, seat, name, "template.reverted", now=now, version=data.version)
        return _versions(tx, seat, name)

    return VersionList(await house.store.write(deed))


@get(WHICH + "/diff", guards=SETTINGS, summary="What changed between versions", tags=["Templates"])
async def diff(request: AnyRequest, house: House, seat: ApiSeat) -> DiffOut:
    """From one to the other: `?from=` and `?to=` name a version's id, `stock`, `draft` or `current`."""
    name, asked = _named(request), request.query_params
    before, after = asked.get("from", "stock"), asked.get("to", "current")

    def read(tx: Connection) -> DiffOut:
        runs = difference.of_parts(_parts_of(tx, seat, name, before), _parts_of(tx, seat, name, after))
        return DiffOut({part: [RunOut(kind=run.kind, text=run.text) for run in each] for part, each in runs.items()})

    return await house.store.read(read)


@post(WHICH + "/preview", guards=SETTINGS, status_code=200, summary="Try a wording", tags=["Templates"])
async def preview(request: AnyRequest, house: House, seat: ApiSeat, data: JSONBody[PreviewIn]) -> PreviewOut:
    """Word a text with a real order, measured as its channel counts; nothing is sent and nothing kept."""
    name = _named(request)

    def read(tx: Connection) -> rehearsal.Rehearsal:
        book, newest = house.books.one(tx, seat.shop_id), rehearsal.recent_orders(tx, seat.shop_id)
        order = data.order or (newest[0] if newest else rehearsal.SAMPLE)
        on = rehearsal.scene(tx, book, house.writer, name, order=order)
        found = drafts.find(tx, seat.shop_id, name)
        kept = found.parts if found else templates.counting_of(tx, seat.shop_id, name).parts
        return rehearsal.rehearse(book, name, kept if data.parts is None else data.parts, on)

    return _shown(await house.store.read(read))


def _shown(played: rehearsal.Rehearsal) -> PreviewOut:
    letter = played.letter
    return PreviewOut(
        order=played.scene.order, subject=letter.subject if letter else "", text=letter.text if letter else "",
        html=letter.html if letter else "", fields={each.name: each.value for each in played.fields if each.value},
        segments=_counted(played.segments),
        faults=[
            FaultOut(part=each.part, code=each.code, sentence=each.sentence, line=each.line, position=each.position,
                     nearest=each.nearest)
            for each in played.faults
        ],
        trouble=played.trouble,
    )  # fmt: skip


def _counted(told: Segments | None) -> SegmentsOut | None:
    if told is None:
        return None
    return SegmentsOut(chars=told.chars, parts=told.parts, left=told.left, alphabet=told.alphabet)


def _named(request: AnyRequest) -> TemplateName:
    """The wording an address means.

    Raises:
        BadInput: `unknown_channel`, or a channel without words.
    """
    places = {each: str(request.path_params[each]) for each in ("event_type", "audience", "channel", "locale")}
    if places["channel"] not in CHANNELS or not stock.own_family(places["channel"]):
        raise BadInput(f"There is no text for a channel {places['channel'][:40]!r}.", code="unknown_channel")
    return TemplateName(**places)


def _versions(tx: Connection, seat: ApiSeat, name: TemplateName) -> list[VersionOut]:
    return [
        VersionOut(id=each.id, n=each.n, parts=dict(each.parts), by=each.by, created_at=each.created_at,
                   current=each.current)
        for each in templates.versions(tx, seat.shop_id, name)
    ]  # fmt: skip


def _parts_of(tx: Connection, seat: ApiSeat, name: TemplateName, which: str) -> dict[str, str]:
    if which == "stock":
        return templates.stock_parts(name)
    if which == "current":
        return dict(templates.counting_of(tx, seat.shop_id, name).parts)
    if which == "draft":
        found = drafts.find(tx, seat.shop_id, name)
        parts = found.parts if found else None
    else:
        parts = next((each.parts for each in _versions(tx, seat, name) if each.id == which), None)
    if parts is None:
        raise NotFound("There is no such version of this wording.")
    return {**templates.stock_parts(name), **parts}


def _note(tx: Connection, seat: ApiSeat, name: TemplateName, action: str, *, now: datetime, **detail: str) -> None:
    place = "/".join(name.place)
    note(tx, seat.shop_id, actor=seat.key_id, action=action, object=place, detail=detail, now=now)


ROUTES = [get_draft, put_draft, drop_draft, publish, list_versions, restore, diff, preview]
