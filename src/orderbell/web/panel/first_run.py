"""The first run, step by step: who you are, your shop, one channel, and a test to yourself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import get, post
from litestar.response import Redirect, Stream, Template
from sqlalchemy import Connection, select

from orderbell.base.errors import BadInput, NotFound, OrderBellError
from orderbell.channels.directory import CHANNELS
from orderbell.delivery import accounts, trial
from orderbell.delivery.accounts import AccountForm
from orderbell.domain import access, first_run, sources
from orderbell.domain import staff as people
from orderbell.domain.sources import OpenedSource
from orderbell.domain.staff import StaffSeat
from orderbell.runtime.house import House
from orderbell.sources.directory import SOURCES
from orderbell.store.schema import Provider
from orderbell.web import guards, language
from orderbell.web.panel import channels, face, progress, undo
from orderbell.web.panel.face import AnyRequest, Form

HOME = "/panel/first-run"
SETTINGS = [guards.deed("settings")]
WORDS: Mapping[str, tuple[str, str, str]] = {
    "account": ("Who you are", "Your name, your way in, and what your shop is called.", "user"),
    "shop": ("Connect your shop", "So that OrderBell hears of every order.", "store"),
    "channel": ("Choose a channel", "How your buyers hear of their orders.", "radio-tower"),
    "test": ("Send a test to yourself", "See what your buyers will see.", "send"),
}
"""Each step's name, what it is for, and its icon."""
FIRST_CHANNELS = ("email", "webhook", "dingtalk")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What one drawing of a step says beside its facts: what was typed, what was refused, what was just made."""

    step: str
    kind: str = ""
    form: Form | None = None
    error: OrderBellError | None = None
    opened: OpenedSource | None = None
    token: str = ""


@get("/first-run")
async def start(house: House, staff: StaffSeat) -> Redirect:
    """The step that comes next; the last one once all are done."""
    firsts = await house.store.read(lambda tx: first_run.look(tx, staff.shop_id))
    return face.go(f"{HOME}/{firsts.next or first_run.STEPS[-1]}")


@get([f"/first-run/{step}" for step in first_run.STEPS])
async def one(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """One step."""
    step = request.url.path.rpartition("/")[2]
    return await _draw(request, house, staff, Shown(step=step, kind=request.query_params.get("kind", "")))


@post("/first-run/account", guards=SETTINGS)
async def introduce(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect | Template:
    """Take the owner's and the shop's names, and the password if there is none yet."""
    form, now = await request.form(), house.clock.now()
    name, email, shop = (str(form.get(field) or "") for field in ("name", "email", "shop_name"))
    try:
        hashed = await _hashed(house, staff, str(form.get("password") or ""))

        def deed(tx: Connection) -> None:
            first_run.introduce(tx, staff, name=name, email=email, shop_name=shop, now=now)
            if hashed:
                people.set_password(tx, staff.shop_id, staff.staff_id, hashed, now=now)

        await house.store.write(deed)
    except OrderBellError as error:
        return await _draw(request, house, staff, Shown(step="account", form=form, error=error))
    # A first password ends all sessions of this person: this browser, which just proved itself, gets a new one.
    if hashed:
        token = await house.store.write(lambda tx: people.open_session(tx, staff, now=now))
        guards.leave_cookie(request, guards.SESSION, token, max_age_s=guards.SESSION_S)
    return face.go(f"{HOME}/shop")


async def _hashed(house: House, staff: StaffSeat, password: str) -> str:
    """The hash of a first password; empty when somebody has one already and typed none."""
    known = await house.store.read(lambda tx: people.has_password(tx, staff.shop_id, staff.staff_id))
    if known:
        return ""
    try:
        return await asyncio.to_thread(people.hash_password, password)
    except BadInput as error:
        raise BadInput(error.sentence, code=error.code, field="password") from None


@post("/first-run/shop", guards=SETTINGS)
async def connect(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect | Template:
    """Keep the demo shop, make a key for the shop's own program, or open a connection."""
    form = await request.form()
    kind = str(form.get("kind") or "")
    if kind == "demo":
        await _mark(house, staff, "shop", "demo")
        return face.go(f"{HOME}/channel")
    try:
        shown = await (_key(house, staff) if kind == "api" else _source(house, staff, kind, form))
    except OrderBellError as error:
        shown = Shown(step="shop", kind=kind, form=form, error=error)
    return await _draw(request, house, staff, shown)


async def _key(house: House, staff: StaffSeat) -> Shown:
    people.require(staff, "keys")
    now, name = house.clock.now(), "First steps"
    scopes = ("events:write", "orders:read", "messages:read")
    _, token = await house.store.write(
        lambda tx: access.create_api_key(tx, staff.shop_id, name, scopes, by=staff.staff_id, now=now)
    )
    return Shown(step="shop", kind="api", token=token)


async def _source(house: House, staff: StaffSeat, kind: str, form: Form) -> Shown:
    if kind not in SOURCES:
        raise NotFound("There is no such shop system.")
    vault, now = await house.vault(staff.shop_id), house.clock.now()
    values = {field.name: str(form.get(field.name) or "") for field in SOURCES[kind].fields}
    name, by = str(form.get("name") or ""), staff.staff_id
    opened = await house.store.write(
        lambda tx: sources.add_source(tx, vault, kind=kind, name=name, values=values, by=by, now=now)
    )
    return Shown(step="shop", kind=kind, opened=opened)


@post("/first-run/channel", guards=[guards.deed("channels")])
async def choose(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect | Template:
    """Add an account of a channel, or stay with the sandbox for now."""
    form, now = await request.form(), house.clock.now()
    kind = str(form.get("kind") or "")
    if kind == "sandbox":
        await _mark(house, staff, "channel", "sandbox")
        return face.go(f"{HOME}/test")
    try:
        if kind not in CHANNELS:
            raise NotFound("There is no such channel.")
        vault, filled = await house.vault(staff.shop_id), _filled(house, kind, form)
        await house.store.write(lambda tx: accounts.add_account(tx, vault, filled, by=staff.staff_id, now=now))
    except OrderBellError as error:
        return await _draw(request, house, staff, Shown(step="channel", kind=kind, form=form, error=error))
    return face.go(f"{HOME}/test")


def _filled(house: House, kind: str, form: Form) -> AccountForm:
    values = {each.name: str(form.get(each.name) or "") for each in CHANNELS[kind].settings}
    private = house.settings.allow_private_targets
    return AccountForm(kind=kind, name=str(form.get("name") or ""), values=values, allow_private=private)


@post("/first-run/test", guards=[guards.deed("send")])
async def test(request: AnyRequest, house: House, staff: StaffSeat) -> Stream | Redirect:
    """Send the test and tell each step as it is done."""
    form = await request.form()
    lines = _steps(request, house, staff, to=str(form.get("to") or "").strip()[:320])
    if request.headers.get("hx-request"):
        return progress.flowing(lines)
    async for _ in lines:
        continue
    return face.go(f"{HOME}/test")


async def _steps(request: AnyRequest, house: House, staff: StaffSeat, *, to: str) -> AsyncIterator[str]:
    say, now = language.words(request), house.clock.now()
    account_id = await house.store.read(lambda tx: _account(tx, staff.shop_id))
    if account_id:
        async for line in channels.steps_of_test(house, staff, account_id, to=to, say=say):
            yield line
    else:
        book = await house.store.read(lambda tx: house.books.one(tx, staff.shop_id))
        base_url = house.settings.base_url
        letter = trial.sample_letter(book, "email", CHANNELS["email"].traits, base_url=base_url, now=now)
        yield progress.line("circle-check", "good", say("Put into words"), key="test-worded", more=letter.subject)
        kept = say("Kept in the sandbox: no account yet, so nothing left the house. A buyer would read this.")
        yield progress.line("flask-conical", "good", kept, key="test-answer", more=letter.text)
    await _mark(house, staff, "test", "sent" if account_id else "sandbox")
    yield progress.line("party-popper", "good", say("That was the last step. You are ready to sell."), key="test-done")


def _account(tx: Connection, shop_id: str) -> str:
    """The newest account that is on; empty without one."""
    mine = (Provider.shop_id == shop_id, Provider.disabled_at.is_(None))
    newest = select(Provider.id).where(*mine).order_by(Provider.id.desc()).limit(1)
    return tx.execute(newest).scalar() or ""


@post("/first-run/away", guards=SETTINGS)
async def away(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Put the list on the first page away, or take it out again."""
    form, now = await request.form(), house.clock.now()
    back = bool(form.get("back"))
    await house.store.write(lambda tx: first_run.put_away(tx, staff.shop_id, away=not back, by=staff.staff_id, now=now))
    if back:
        return face.go("/panel")
    return face.go("/panel", "put_away", undo=undo.offer(house, staff, f"{HOME}/away", back="1"))


async def _mark(house: House, staff: StaffSeat, step: str, how: str) -> None:
    now = house.clock.now()
    await house.store.write(lambda tx: first_run.mark(tx, staff.shop_id, step, how, by=staff.staff_id, now=now))


def _choices(field: Any) -> list[tuple[str, str]]:
    return [(each, each) for each in field.choices]


async def _draw(request: AnyRequest, house: House, staff: StaffSeat, shown: Shown) -> Template:
    vault = await house.vault(staff.shop_id)

    def read(tx: Connection) -> tuple[Any, str, bool, str]:
        account_id = _account(tx, staff.shop_id)
        kind = accounts.get(tx, staff.shop_id, account_id).kind if account_id else ""
        url = ""
        if shown.opened:
            row = sources.get(tx, staff.shop_id, shown.opened.id)
            url = f"{house.settings.base_url}/in/{row.kind}/{sources.open_token(vault, row)}"
        known = people.has_password(tx, staff.shop_id, staff.staff_id)
        return first_run.look(tx, staff.shop_id), kind, known, url

    seen = await face.look(house, staff, read)
    firsts, account_kind, known, url = seen.facts
    return face.page(
        request, staff, seen, "first_run_step", status=shown.error.status if shown.error else 200, active="",
        step=shown.step, shown=shown, firsts=firsts, steps=WORDS, systems=SOURCES, channels=CHANNELS, url=url,
        first_channels=FIRST_CHANNELS, account_kind=account_kind, has_password=known, choices_of=_choices,
        values=shown.form or {}, wrong=face.wrong(shown.error) if shown.error else None,
        api=f"{house.settings.base_url}/v1/events", kind=shown.kind,
    )  # fmt: skip


ROUTES = [start, one, introduce, connect, choose, test, away]
