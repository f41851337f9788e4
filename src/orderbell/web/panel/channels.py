"""Channels: how each stands, the accounts it sends by, and a test that tells every step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Response, Template
from sqlalchemy import Connection

from orderbell.base.errors import NotFound, OrderBellError
from orderbell.channels.base import Channel, Draft, Setting
from orderbell.channels.directory import CHANNELS
from orderbell.delivery import accounts, trial
from orderbell.delivery.accounts import AccountForm
from orderbell.delivery.book import open_values
from orderbell.domain.staff import StaffSeat
from orderbell.events import BY_TYPE
from orderbell.messages.i18n import Catalogue
from orderbell.runtime.house import House
from orderbell.web import guards, language
from orderbell.web.panel import face, progress
from orderbell.web.panel.face import AnyRequest, Form
from orderbell.web.panel.queries import channels as queries

HOME = "/panel/channels"
SETTINGS = [guards.deed("channels")]
STEP_WORDS = {"worded": "Put into words", "request": "The request", "answer": "The provider's answer"}


@get("/channels")
async def listing(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """A card for each kind of channel."""
    now = house.clock.now()
    seen = await face.look(house, staff, lambda tx: queries.desk(tx, staff.shop_id, now=now))
    return face.page(request, staff, seen, "channels", active="channels", channels=CHANNELS)


@get("/channels/{kind:str}")
async def blank(request: AnyRequest, house: House, staff: StaffSeat, kind: FromPath[str]) -> Template:
    """One channel: its accounts, and the form for another one."""
    return await _draw(request, house, staff, kind)


@post("/channels/{kind:str}", guards=SETTINGS)
async def add(request: AnyRequest, house: House, staff: StaffSeat, kind: FromPath[str]) -> Redirect | Template:
    """Add an account; its page, where it can be tried, is next."""
    form, now = await request.form(), house.clock.now()
    vault, filled = await house.vault(staff.shop_id), _filled(house, kind, form)

    def deed(tx: Connection) -> str:
        account_id = accounts.add_account(tx, vault, filled, by=staff.staff_id, now=now)
        if kind == "webhook":
            accounts.choose_events(tx, staff.shop_id, account_id, _events(form))
        return account_id

    try:
        account_id = await house.store.write(deed)
    except OrderBellError as error:
        return await _draw(request, house, staff, kind, form=form, error=error)
    return face.go(f"{HOME}/{kind}/{account_id}", "added")


@get("/channels/{kind:str}/{account_id:str}")
async def one(
    request: AnyRequest, house: House, staff: StaffSeat, *, kind: FromPath[str], account_id: FromPath[str]
) -> Template:
    """One account: its form (secrets are never shown again) and its test."""
    return await _draw(request, house, staff, kind, account_id=account_id)


@post("/channels/{kind:str}/{account_id:str}", guards=SETTINGS)
async def change(
    request: AnyRequest, house: House, staff: StaffSeat, *, kind: FromPath[str], account_id: FromPath[str]
) -> Redirect | Template:  # fmt: skip
    """Change an account; an empty secret keeps what it was."""
    form, now = await request.form(), house.clock.now()
    vault, filled = await house.vault(staff.shop_id), _filled(house, kind, form)

    def deed(tx: Connection) -> None:
        accounts.change_account(tx, vault, account_id, filled, by=staff.staff_id, now=now)
        if kind == "webhook":
            accounts.choose_events(tx, staff.shop_id, account_id, _events(form))

    try:
        await house.store.write(deed)
    except NotFound:
        raise
    except OrderBellError as error:
        return await _draw(request, house, staff, kind, account_id=account_id, form=form, error=error)
    return face.go(f"{HOME}/{kind}/{account_id}", "saved")


@post("/channels/{kind:str}/{account_id:str}/switch", guards=SETTINGS)
async def switch(
    request: AnyRequest, house: House, staff: StaffSeat, *, kind: FromPath[str], account_id: FromPath[str]
) -> Redirect:
    """Switch an account off, or on again."""
    form, now = await request.form(), house.clock.now()
    reason = None if form.get("on") else "switched off in the panel"
    await house.store.write(
        lambda tx: accounts.switch_account(tx, staff.shop_id, account_id, reason=reason, by=staff.staff_id, now=now)
    )
    return face.go(f"{HOME}/{kind}/{account_id}", "saved")


@post("/channels/{kind:str}/{account_id:str}/remove", guards=SETTINGS)
async def remove(house: House, staff: StaffSeat, kind: FromPath[str], account_id: FromPath[str]) -> Redirect:
    """Remove an account and its secrets."""
    now = house.clock.now()
    await house.store.write(
        lambda tx: accounts.remove_account(tx, staff.shop_id, account_id, by=staff.staff_id, now=now)
    )
    return face.go(HOME, "removed")


@post("/channels/{kind:str}/{account_id:str}/test", guards=[guards.deed("send")])
async def test(
    request: AnyRequest, house: House, staff: StaffSeat, *, kind: FromPath[str], account_id: FromPath[str]
) -> Response[Any] | Redirect:  # fmt: skip
    """Send a test message now and tell each step as it is done."""
    form = await request.form()
    to = str(form.get("to") or "").strip()
    lines = steps_of_test(house, staff, account_id, to=to, say=language.words(request))
    if request.headers.get("hx-request"):
        return progress.flowing(lines)
    async for _ in lines:
        continue
    return face.go(f"{HOME}/{kind}/{account_id}")


async def steps_of_test(
    house: House, staff: StaffSeat, account_id: str, *, to: str, say: Catalogue
) -> AsyncIterator[str]:
    """Send a test through an account and word each step as it is done (progress.py)."""
    shop_id, by = staff.shop_id, staff.staff_id
    book = await house.store.read(lambda tx: house.books.one(tx, shop_id))
    account = book.account(account_id)
    if account is None:
        yield progress.line("circle-x", "bad", say("This account is switched off."), key="test-answer")
        return
    traits, now = CHANNELS[account.kind].traits, house.clock.now()
    await house.store.write(lambda tx: accounts.note_test(tx, shop_id, account_id, by=by, now=now))
    letter = trial.sample_letter(book, account.kind, traits, base_url=house.settings.base_url, now=now)
    waiting = progress.line("loader", "soft", say("Waiting for the provider…"), key="test-answer")
    async for step in trial.try_out(house.channels.get(account), letter, to):
        yield step_line(step, say)
        if step.name == "request":
            yield waiting


def step_line(step: trial.Step, say: Catalogue) -> str:
    """A step of a trial as a line of the page."""
    icon, tone = ("circle-check", "good") if step.ok else ("circle-x", "bad")
    heading = say(STEP_WORDS.get(step.name, step.name))
    more = request_text(step.draft) if step.draft else step.words
    return progress.line(icon, tone, heading, key=f"test-{step.name}", more=more)


def request_text(draft: Draft) -> str:
    """A request as people read it."""
    headers = "\n".join(f"{name}: {value}" for name, value in draft.headers.items())
    return f"{draft.line}\n{headers}\n\n{draft.body}"


def _kind(kind: str) -> type[Channel]:
    channel = CHANNELS.get(kind)
    if channel is None:
        raise NotFound("There is no such channel.")
    return channel


def _filled(house: House, kind: str, form: Form) -> AccountForm:
    values = {each.name: str(form.get(each.name) or "") for each in _kind(kind).settings}
    private = house.settings.allow_private_targets
    return AccountForm(kind=kind, name=str(form.get("name") or ""), values=values, allow_private=private)


def _events(form: Any) -> list[str]:
    """The event types ticked in a webhook's form; all of them is the same as none."""
    chosen = [str(each) for each in form.getall("events", [])]
    return [] if len(chosen) == len(BY_TYPE) else chosen


def _choices(setting: Setting) -> list[tuple[str, str]]:
    return [(each, each) for each in setting.choices]


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, kind: str, *, account_id: str = "",
    form: Form | None = None, error: OrderBellError | None = None,
) -> Template:  # fmt: skip
    channel = _kind(kind)
    vault = await house.vault(staff.shop_id)

    def read(tx: Connection) -> tuple[list[Any], Any, dict[str, str]]:
        row = accounts.get(tx, staff.shop_id, account_id) if account_id else None
        values = open_values(vault, account_id, row.values_sealed) if row else {}
        secret = {each.name for each in channel.settings if each.kind == "secret"}
        shown = {name: value for name, value in values.items() if name not in secret}
        return [each for each in accounts.list_accounts(tx, staff.shop_id) if each.kind == kind], row, shown

    seen = await face.look(house, staff, read)
    rows, row, shown = seen.facts
    values = {**shown, **({name: str(value) for name, value in form.items()} if form else {})}
    return face.page(
        request, staff, seen, "channel", status=error.status if error else 200, active="channels", kind=kind,
        channel=channel, rows=rows, account=row, values=values, wrong=face.wrong(error) if error else None,
        events=list(BY_TYPE), choices_of=_choices, may_change=staff.may("channels"), may_test=staff.may("send"),
    )  # fmt: skip


ROUTES = [listing, blank, add, one, change, switch, remove, test]
