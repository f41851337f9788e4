"""The editor's desk: all that lies on it for one text, read in one go, and its faults put into sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import msgspec
from sqlalchemy import Connection

from orderbell.base.errors import OrderBellError
from orderbell.channels.directory import CHANNELS
from orderbell.delivery import rehearsal
from orderbell.delivery.book import Account
from orderbell.delivery.rehearsal import Rehearsal, Scene, Word
from orderbell.domain.customers import mask
from orderbell.domain.staff import StaffSeat
from orderbell.messages import difference, drafts, templates
from orderbell.messages.difference import Run
from orderbell.messages.drafts import Draft
from orderbell.messages.faults import Fault
from orderbell.messages.i18n import Catalogue
from orderbell.messages.templates import TemplateName, VersionInfo
from orderbell.runtime.house import House
from orderbell.web.panel.queries import wordings as queries

MOST_VERSIONS = 20
PART_WORDS: Mapping[str, str] = {
    "subject": "Subject line", "preheader": "Preview text", "heading": "Heading", "body": "Text", "button": "Button",
    "title": "Title", "text": "Text of the SMS", "number": "Number", "goods": "Product", "amount": "Amount",
    "status": "Status", "time": "Time",
}  # fmt: skip
PART_HINTS: Mapping[str, str] = {
    "preheader": "Stands behind the subject in the list of mails.",
    "body": "A blank line makes a paragraph, **two stars** make bold, a hyphen begins a list.",
    "number": "Letters and digits, at most 32.",
    "goods": "At most 20 characters; a longer name is shortened to fit.",
    "status": "At most 5 Chinese characters.",
}
FAULT_WORDS: Mapping[str, str] = {
    "unknown_variable": "Line {line}: there is no variable {word}.",
    "variable_not_here": "Line {line}: {word} says nothing in this message.",
    "empty_text": "Please write a text.",
    "text_too_long": "This is too long.",
    "template_too_long": "This is too long.",
    "bad_template": "Line {line}: this Liquid cannot be understood. {words}",
}
_NIGHT = "@media (prefers-color-scheme:dark)"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything about one text. `draft` None: nothing unpublished; `version` 0: the stock text counts."""

    parts: Mapping[str, str]
    draft: Draft | None
    base: str
    version: int
    states: Mapping[str, str]
    orders: Sequence[str]
    played: Rehearsal
    groups: Sequence[tuple[str, Sequence[Word]]]
    accounts: Sequence[Account]
    writers: Mapping[str, str]
    signature: str
    cost_minor: int

    @property
    def faults(self) -> dict[str, list[Fault]]:
        """The faults by part."""
        found: dict[str, list[Fault]] = {}
        for fault in self.played.faults:
            found.setdefault(fault.part, []).append(fault)
        return found

    @property
    def own(self) -> bool:
        """Whether the shop's own text counts."""
        return self.version > 0


@dataclass(frozen=True, kw_only=True)
class Change:
    """One version with what it changed; `version` None is the draft."""

    version: VersionInfo | None
    by: str
    runs: Mapping[str, Sequence[Run]]


def lay_out(
    tx: Connection, house: House, staff: StaffSeat, name: TemplateName, *, parts: Mapping[str, str] | None, order: str
) -> Desk:
    """The desk; `parts` are what the form holds, None reads the draft or the text that counts."""
    shop_id = staff.shop_id
    book = house.books.one(tx, shop_id)
    draft = drafts.find(tx, shop_id, name)
    counting = templates.counting_of(tx, shop_id, name)
    shown = parts if parts is not None else (draft.parts if draft else counting.parts)
    orders = rehearsal.recent_orders(tx, shop_id) if name.event_type.partition(".")[0] != "stock" else []
    on = scene(tx, house, staff, name, order=order or (orders[0] if orders else rehearsal.SAMPLE))
    words = rehearsal.palette(name, on)
    return Desk(
        parts=shown, draft=draft, base=counting.version_id or "", version=counting.n,
        states=queries.states_of(queries.written(tx, shop_id), name.event_type, name.audience, name.channel),
        orders=orders if not on.order or on.order in orders else [on.order, *orders],
        played=rehearsal.rehearse(book, name, shown, on),
        groups=[(group, list(each)) for group, each in groupby(words, key=lambda word: word.group)],
        accounts=book.accounts.get(name.channel, ()), writers=queries.names(tx, shop_id, [draft.by] if draft else []),
        signature=book.brand.sms_signature, cost_minor=CHANNELS[name.channel].traits.cost_minor,
    )  # fmt: skip


def scene(tx: Connection, house: House, staff: StaffSeat, name: TemplateName, *, order: str) -> Scene:
    """The facts of a trial, as far as this person may see them."""
    on = rehearsal.scene(tx, house.books.one(tx, staff.shop_id), house.writer, name, order=order)
    if not on.order or staff.may("see_contacts"):
        return on
    facts = msgspec.structs.replace(on.facts, buyer_contact=mask(on.facts.buyer_contact))
    return Scene(facts=facts, links=on.links, order=on.order)


def parts_now(tx: Connection, shop_id: str, name: TemplateName) -> Mapping[str, str]:
    """The draft's parts, or those that count."""
    draft = drafts.find(tx, shop_id, name)
    return draft.parts if draft else templates.counting_of(tx, shop_id, name).parts


def play(tx: Connection, house: House, staff: StaffSeat, name: TemplateName, *, order: str) -> Rehearsal:
    """The text as it is written now, tried out."""
    parts = parts_now(tx, staff.shop_id, name)
    on = scene(tx, house, staff, name, order=order)
    return rehearsal.rehearse(house.books.one(tx, staff.shop_id), name, parts, on)


def history(tx: Connection, shop_id: str, name: TemplateName) -> list[Change]:
    """The draft and the newest versions, each against the one before it; the first against the stock text."""
    found = templates.versions(tx, shop_id, name)
    draft = drafts.find(tx, shop_id, name)
    base = templates.stock_parts(name)
    names = queries.names(tx, shop_id, [each.by for each in found] + ([draft.by] if draft else []))
    texts = [{**base, **each.parts} for each in found] + [base]
    changes = [
        Change(version=each, by=names.get(each.by, each.by), runs=difference.of_parts(before, after))
        for each, (after, before) in zip(found[:MOST_VERSIONS], pairwise(texts), strict=False)
    ]
    if draft is None:
        return changes
    counting = templates.counting_of(tx, shop_id, name).parts
    runs = difference.of_parts(counting, draft.parts)
    return [Change(version=None, by=names.get(draft.by, draft.by), runs=runs), *changes]


def coloured(html: str, *, dark: bool) -> str:
    """A mail as a reader with a light or a dark screen sees it, whatever the screen it is shown on."""
    return html.replace(_NIGHT, "@media all" if dark else "@media not all")


def fault_sentence(fault: Fault, say: Catalogue) -> str:
    """A fault in the reader's words."""
    told = FAULT_WORDS.get(fault.code)
    if told is None:
        return fault.sentence
    return say(told, line=fault.line, word=f"{{{fault.word}}}", words=fault.sentence.removeprefix("Liquid: "))


def refusal(error: OrderBellError, say: Catalogue) -> str:
    """Why a text cannot be sent, in the reader's words."""
    part, extra = str(error.extra.get("part", "")), error.extra
    told = FAULT_WORDS.get(error.code)
    if told is None:
        return error.sentence
    sentence = say(told, line=1, word=f"{{{extra.get('variable', '')}}}", words=error.sentence)
    return f"{say(PART_WORDS[part])}: {sentence}" if part in PART_WORDS else sentence
