"""A text tried out on oneself: sent as it is written now, every step told as it is done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from litestar import Response, post
from litestar.response import Redirect
from sqlalchemy import Connection

from orderbell.base.errors import OrderBellError
from orderbell.base.ids import new_id
from orderbell.channels import directory
from orderbell.channels.base import Address, Letter
from orderbell.delivery import rehearsal, trial
from orderbell.delivery.book import Account, ShopBook
from orderbell.domain.audit import note
from orderbell.domain.staff import StaffSeat
from orderbell.messages.i18n import Catalogue
from orderbell.messages.templates import TemplateName
from orderbell.runtime.house import House
from orderbell.web import guards, language
from orderbell.web.panel import channels, editor, face, progress, writing
from orderbell.web.panel.face import AnyRequest, Form
from orderbell.web.panel.wordings import HOME


@post(editor.PLACE + "/test", guards=[guards.deed("send")])
async def test(request: AnyRequest, house: House, staff: StaffSeat) -> Response[Any] | Redirect:
    """Send this text to oneself, as it is written now, and tell each step as it is done."""
    name, form, say = editor.named(request), await request.form(), language.words(request)

    def read(tx: Connection) -> tuple[ShopBook, Mapping[str, str], rehearsal.Scene]:
        book = house.books.one(tx, staff.shop_id)
        order = str(form.get("order") or "")
        return book, writing.parts_now(tx, staff.shop_id, name), writing.scene(tx, house, staff, name, order=order)

    book, parts, on = await house.store.read(read)
    account = _account(book, name.channel, str(form.get("account") or ""))
    now = house.clock.now()
    await house.store.write(lambda tx: _note(tx, staff, name, now))
    try:
        letter = rehearsal.letter_for(book, name, parts, on)
    except OrderBellError as error:
        lines = _refused(writing.refusal(error, say), say)
    else:
        lines = _steps(house, account, name, letter, to=_to(form), say=say)
    if request.headers.get("hx-request"):
        return progress.flowing(lines)
    async for _ in lines:
        continue
    return face.go(f"{HOME}/{name.event_type}/{name.channel}/{name.locale}")


async def _steps(
    house: House, account: Account | None, name: TemplateName, letter: Letter, *, to: str, say: Catalogue
) -> AsyncIterator[str]:
    if account is None:
        request = directory.make(name.channel, {}, allow_private=True).draft(
            letter, Address(value=to), new_id("message")
        )
        first = letter.subject or letter.text[:200]
        yield progress.line("circle-check", "good", say("Put into words"), key="test-worded", more=first)
        yield progress.line(
            "circle-check", "good", say("The request"), key="test-request", more=channels.request_text(request)
        )
        nothing = say("No account is set up for this channel, so nothing left the house.")
        yield progress.line("flask-conical", "soft", nothing, key="test-answer")
        return
    waiting = progress.line("loader", "soft", say("Waiting for the provider…"), key="test-answer")
    async for step in trial.try_out(house.channels.get(account), letter, to):
        yield channels.step_line(step, say)
        if step.name == "request":
            yield waiting


async def _refused(why: str, say: Catalogue) -> AsyncIterator[str]:
    yield progress.line("circle-x", "bad", say("It cannot be put into words"), key="test-worded", more=why)


def _to(form: Form) -> str:
    return str(form.get("to") or "").strip()[:200]


def _account(book: ShopBook, kind: str, account_id: str) -> Account | None:
    """The account chosen, else the first of that channel; None while there is none."""
    mine = book.accounts.get(kind, ())
    return next((each for each in mine if each.id == account_id), mine[0] if mine else None)


def _note(tx: Connection, staff: StaffSeat, name: TemplateName, now: datetime) -> None:
    place = "/".join(name.place)
    note(tx, staff.shop_id, actor=staff.staff_id, action="template.tested", object=place, now=now)


ROUTES = [test]
