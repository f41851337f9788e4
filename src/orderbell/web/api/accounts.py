"""Channels: the accounts by which a shop sends, and the webhooks programs subscribe by themselves (REST hooks)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy import Connection

from orderbell.base.errors import BadInput, NotFound
from orderbell.channels.directory import CHANNELS
from orderbell.delivery import accounts, trial
from orderbell.delivery.accounts import AccountForm
from orderbell.delivery.book import open_values
from orderbell.domain.access import ApiSeat
from orderbell.events import BY_TYPE
from orderbell.messages.compose import event_data
from orderbell.messages.samples import sample_facts
from orderbell.runtime.house import House
from orderbell.web import guards
from orderbell.web.api.once import once

SETTINGS = [guards.scope("settings:write")]


class AccountOut(msgspec.Struct, frozen=True, kw_only=True):
    """An account of a channel. `values` are its form without the secrets; `secrets` names those that are set."""

    id: str
    kind: str
    name: str
    values: dict[str, str]
    secrets: list[str]
    events: list[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None


class AccountList(msgspec.Struct, frozen=True):
    """All accounts of a shop."""

    items: list[AccountOut]


class FieldOut(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a channel's form."""

    name: str
    label: str
    kind: str
    required: bool
    default: str
    help: str
    choices: list[str]


class KindOut(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of channel and the form its accounts fill in; `wired` false means messages go to the sandbox only."""

    kind: str
    title: str
    wired: bool
    audiences: list[str]
    fields: list[FieldOut]


class KindList(msgspec.Struct, frozen=True):
    """All kinds of channels of this release."""

    items: list[KindOut]


class AccountIn(msgspec.Struct, frozen=True, kw_only=True):
    """An account to add or change; on a change, a secret left out stays as it is."""

    kind: str = ""
    name: str
    values: dict[str, str]


class TestTo(msgspec.Struct, frozen=True):
    """Where a test goes: an address of the channel's own form, empty when the account is the address."""

    to: str = ""


class TestStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a test: worded, request or answer; `words` of the answer are the provider's own."""

    name: str
    ok: bool
    words: str


class TestReport(msgspec.Struct, frozen=True, kw_only=True):
    """A test's steps, and whether all went well."""

    ok: bool
    steps: list[TestStep]


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """A subscribed webhook; `events` empty means all."""

    id: str
    target_url: str
    events: list[str]
    created_at: datetime
    disabled_at: datetime | None


class HookList(msgspec.Struct, frozen=True):
    """All subscribed webhooks."""

    items: list[Hook]


class NewHook(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription: where to send, and which events (`event` for one, `events` for several, neither for all)."""

    target_url: str
    event: str = ""
    events: list[str] = []


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh subscription; the secret verifies its signatures (Standard Webhooks) and is shown only now."""

    id: str
    secret: str


@get("/channels/kinds", guards=SETTINGS, summary="Kinds of channels and their forms", tags=["Channels"],
     sync_to_thread=False)  # fmt: skip
def list_kinds() -> KindList:
    """Every kind of channel, with the fields an account of it needs."""
    return KindList([
        KindOut(
            kind=kind, title=channel.title, wired=channel.traits.wired, audiences=list(channel.traits.audiences),
            fields=[
                FieldOut(name=each.name, label=each.label, kind=each.kind, required=each.required,
                         default=each.default, help=each.help, choices=list(each.choices))
                for each in channel.settings
            ],
        )
        for kind, channel in CHANNELS.items()
    ])  # fmt: skip


@get("/channels", guards=SETTINGS, summary="List accounts", tags=["Channels"])
async def list_accounts(house: House, seat: ApiSeat) -> AccountList:
    """All accounts of the shop, webhooks among them."""

    def read(tx: Connection) -> AccountList:
        vault = house.books.one(tx, seat.shop_id).vault
        return AccountList([_account_out(vault, row) for row in accounts.list_accounts(tx, seat.shop_id)])

    return await house.store.read(read)


@get("/channels/{account_id:str}", guards=SETTINGS, summary="One account", tags=["Channels"])
async def get_account(house: House, seat: ApiSeat, account_id: FromPath[str]) -> AccountOut:
    """An account by its id."""
    return await house.store.read(lambda tx: _read_account(tx, house, seat, account_id))


@post("/channels", guards=SETTINGS, summary="Add an account", tags=["Channels"])
async def add_account(
    request: Request[Any, Any, Any], house: House, seat: ApiSeat, data: JSONBody[AccountIn]
) -> Response[AccountOut]:
    """Add an account of a channel; GET /v1/channels/kinds tells the fields."""

    def deed(tx: Connection) -> AccountOut:
        vault, now = house.books.one(tx, seat.shop_id).vault, house.clock.now()
        account_id = accounts.add_account(tx, vault, _form(house, data), by=seat.key_id, now=now)
        return _read_account(tx, house, seat, account_id)

    return await once(request, house, seat, deed)


@put("/channels/{account_id:str}", guards=SETTINGS, summary="Change an account", tags=["Channels"])
async def change_account(
    house: House, seat: ApiSeat, account_id: FromPath[str], data: JSONBody[AccountIn]
) -> AccountOut:
    """Change an account's name and form; this also switches it on again."""

    def deed(tx: Connection) -> AccountOut:
        vault, now = house.books.one(tx, seat.shop_id).vault, house.clock.now()
        accounts.change_account(tx, vault, account_id, _form(house, data), by=seat.key_id, now=now)
        return _read_account(tx, house, seat, account_id)

    return await house.store.write(deed)


@delete("/channels/{account_id:str}", guards=SETTINGS, summary="Remove an account", tags=["Channels"])
async def remove_account(house: House, seat: ApiSeat, account_id: FromPath[str]) -> None:
    """Remove an account; what it sent stays on record."""
    now = house.clock.now()
    await house.store.write(lambda tx: accounts.remove_account(tx, seat.shop_id, account_id, by=seat.key_id, now=now))


@post("/channels/{account_id:str}/test", guards=SETTINGS, status_code=200, summary="Send a test message",
      tags=["Channels"])  # fmt: skip
async def send_test(house: House, seat: ApiSeat, account_id: FromPath[str], data: JSONBody[TestTo]) -> TestReport:
    """Send one made-up message through an account now, and tell each step; each call sends another one."""
    book = await house.store.read(lambda tx: house.books.one(tx, seat.shop_id))
    account = book.account(account_id)
    if account is None:
        raise NotFound("There is no such account.")
    channel = house.channels.get(account)
    now, url = house.clock.now(), house.settings.base_url
    await house.store.write(lambda tx: accounts.note_test(tx, seat.shop_id, account_id, by=seat.key_id, now=now))
    letter = trial.sample_letter(book, account.kind, CHANNELS[account.kind].traits, base_url=url, now=now)
    steps = [
        TestStep(name=step.name, ok=step.ok is True, words=step.words)
        async for step in trial.try_out(channel, letter, data.to)
    ]
    return TestReport(ok=all(step.ok for step in steps), steps=steps)


@get("/webhooks", guards=SETTINGS, summary="List webhooks", tags=["Webhooks"])
async def list_hooks(house: House, seat: ApiSeat) -> HookList:
    """All webhooks of the shop."""

    def read(tx: Connection) -> HookList:
        vault = house.books.one(tx, seat.shop_id).vault
        rows = [row for row in accounts.list_accounts(tx, seat.shop_id) if row.kind == "webhook"]
        return HookList([
            Hook(
                id=row.id, target_url=open_values(vault, row.id, row.values_sealed).get("url", ""),
                events=row.settings.get("events", []), created_at=row.created_at, disabled_at=row.disabled_at,
            )
            for row in rows
        ])  # fmt: skip

    return await house.store.read(read)


@post("/webhooks", guards=SETTINGS, summary="Subscribe a webhook", tags=["Webhooks"])
async def subscribe(
    request: Request[Any, Any, Any], house: House, seat: ApiSeat, data: JSONBody[NewHook]
) -> Response[Subscribed]:
    """Send events to an address from now on, signed by the Standard Webhooks rules."""
    events = list(dict.fromkeys([data.event, *data.events] if data.event else data.events))
    filled = AccountIn(kind="webhook", name=data.target_url[:100], values={"url": data.target_url})

    def deed(tx: Connection) -> Subscribed:
        vault, now = house.books.one(tx, seat.shop_id).vault, house.clock.now()
        account_id = accounts.add_account(tx, vault, _form(house, filled), by=seat.key_id, now=now)
        accounts.choose_events(tx, seat.shop_id, account_id, events)
        row = accounts.get(tx, seat.shop_id, account_id)
        return Subscribed(id=account_id, secret=open_values(vault, account_id, row.values_sealed)["secret"])

    return await once(request, house, seat, deed)


@delete("/webhooks/{hook_id:str}", guards=SETTINGS, summary="Unsubscribe a webhook", tags=["Webhooks"])
async def unsubscribe(house: House, seat: ApiSeat, hook_id: FromPath[str]) -> None:
    """Stop sending to a subscribed address."""

    def deed(tx: Connection) -> None:
        if accounts.get(tx, seat.shop_id, hook_id).kind != "webhook":
            raise NotFound("There is no such account.")
        accounts.remove_account(tx, seat.shop_id, hook_id, by=seat.key_id, now=house.clock.now())

    await house.store.write(deed)


@get("/webhooks/sample", guards=SETTINGS, summary="A sample of what a webhook brings", tags=["Webhooks"],
     sync_to_thread=False)  # fmt: skip
def sample(event: FromQuery[str] = "order.paid") -> dict[str, Any]:
    """What a webhook would bring for an event, with made-up facts."""
    if event not in BY_TYPE:
        raise BadInput(f"{event[:60]!r} is not an event we know.", code="unknown_event_type", field="event")
    return event_data(sample_facts(event, "en"))


def _form(house: House, data: AccountIn) -> AccountForm:
    private = house.settings.allow_private_targets
    return AccountForm(kind=data.kind, name=data.name, values=data.values, allow_private=private)


def _read_account(tx: Connection, house: House, seat: ApiSeat, account_id: str) -> AccountOut:
    vault = house.books.one(tx, seat.shop_id).vault
    return _account_out(vault, accounts.get(tx, seat.shop_id, account_id))


def _account_out(vault: Any, row: Any) -> AccountOut:
    values = open_values(vault, row.id, row.values_sealed)
    channel = CHANNELS.get(row.kind)
    closed = {each.name for each in channel.settings if each.kind == "secret"} if channel else set(values)
    return AccountOut(
        id=row.id, kind=row.kind, name=row.name, events=row.settings.get("events", []),
        values={name: value for name, value in values.items() if name not in closed},
        secrets=sorted(name for name in closed if values.get(name)), created_at=row.created_at,
        disabled_at=row.disabled_at, disabled_reason=row.disabled_reason,
    )  # fmt: skip


ROUTES = [
    list_kinds, list_accounts, get_account, add_account, change_account, remove_account, send_test,
    list_hooks, subscribe, unsubscribe, sample,
]  # fmt: skip
