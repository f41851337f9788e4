"""A wording tried out: worded with a real order or a sample, and measured as its channel counts. Nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from orderbell.base.errors import OrderBellError
from orderbell.channels.base import Letter
from orderbell.channels.directory import CHANNELS
from orderbell.delivery.book import ShopBook
from orderbell.delivery.wording import Writer, facts_of
from orderbell.messages import faults, segments, templates, tokens
from orderbell.messages.compose import compose, typed_fields
from orderbell.messages.facts import Links, MessageFacts
from orderbell.messages.faults import Fault
from orderbell.messages.fields import Field
from orderbell.messages.i18n import written
from orderbell.messages.samples import sample_facts
from orderbell.messages.segments import Segments
from orderbell.messages.templates import TemplateName
from orderbell.store.schema import LineRow, Order

SAMPLE = "sample"
"""In place of an order's number: the made-up order."""
MOST_ORDERS = 8
# Gmail cuts a mail's HTML off at about 102 kB (widely observed, its help says nothing; read 2026-11-22).
HEAVY_MAIL_BYTES = 100 * 1024


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Whom and what a trial speaks of; `order` is the number it was made from, empty for the made-up one."""

    facts: MessageFacts
    links: Links
    order: str = ""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What came of it. `letter` None: it cannot be worded with these facts, `trouble` says why."""

    scene: Scene
    letter: Letter | None
    faults: Sequence[Fault]
    segments: Segments | None = None
    fields: Sequence[Field] = ()
    trouble: str = ""

    @property
    def mail_bytes(self) -> int:
        """How heavy the mail's HTML is; 0 for other channels."""
        return len(self.letter.html.encode()) if self.letter else 0


@dataclass(frozen=True, kw_only=True)
class Word:
    """A variable an author may use here: how it is written in the text's language, and what it says in this scene."""

    name: str
    word: str
    group: str
    meaning: str
    value: str
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What `facts_of` asks of a message's row; what only the event knows is made up."""

    event_type: str
    audience: str
    created_at: datetime
    facts: Mapping[str, Any]


def recent_orders(tx: Connection, shop_id: str) -> list[str]:
    """The numbers of the newest orders, newest first."""
    newest = select(Order.number).where(Order.shop_id == shop_id).order_by(Order.id.desc()).limit(MOST_ORDERS)
    return list(tx.execute(newest).scalars())


def scene(tx: Connection, book: ShopBook, writer: Writer, name: TemplateName, *, order: str) -> Scene:
    """The facts of an order by its number; of the made-up one for `sample`, an unknown number or a stock event."""
    made_up = sample_facts(name.event_type, name.locale)
    row = None
    if order != SAMPLE and made_up.order_number:
        row = tx.execute(select(Order.__table__).where(Order.shop_id == book.id, Order.number == order)).one_or_none()
    if row is None:
        facts = msgspec.structs.replace(made_up, shop_name=book.name)
        return Scene(facts=facts, links=writer.sample_links(facts.order_number))
    lines = tx.execute(select(LineRow.__table__).where(LineRow.shop_id == book.id, LineRow.order_id == row.id)).all()
    told = _Told(
        event_type=name.event_type, audience=name.audience, created_at=row.paid_at or row.created_at,
        facts={"reason": made_up.reason, "owed_pieces": made_up.owed_pieces},
    )  # fmt: skip
    facts = facts_of(told, book, row, lines)
    return Scene(facts=facts, links=writer.sample_links(row.number, row.payment_url or ""), order=row.number)


def rehearse(book: ShopBook, name: TemplateName, parts: Mapping[str, str], on: Scene) -> Rehearsal:
    """Word a draft and measure it; what does not work yet is shown as it was written."""
    found = faults.find(name, parts)
    wording = templates.tried(name, parts)
    # Uncut: the author is to see by how much it is too long.
    traits = replace(CHANNELS[name.channel].traits, max_chars=0)
    try:
        letter = compose(wording, on.facts, book.brand, on.links, locale=name.locale, traits=traits)
        filled = typed_fields(wording, on.facts, on.links, locale=name.locale) if wording.family == "wechat" else ()
    except OrderBellError as error:
        return Rehearsal(scene=on, letter=None, faults=found, trouble=error.sentence)
    counted = segments.of_letter(letter) if name.channel == "sms" else None
    return Rehearsal(scene=on, letter=letter, faults=found, segments=counted, fields=filled)


def letter_for(book: ShopBook, name: TemplateName, parts: Mapping[str, str], on: Scene) -> Letter:
    """The letter as it would really go out, for a test.

    Raises:
        BadInput: the text does not work.
        RenderFailed: it does not work with these facts.
    """
    wording = templates.tried(name, templates.check_parts(name, parts))
    return compose(wording, on.facts, book.brand, on.links, locale=name.locale, traits=CHANNELS[name.channel].traits)


def palette(name: TemplateName, on: Scene) -> list[Word]:
    """The variables that may stand in this wording, each as this language writes it and with what it says here."""
    here = [token for token in tokens.TOKENS if token.stands_in(name.event_type, name.audience)]
    values = tokens.values_for(on.facts, on.links, locale=name.locale, names=[token.name for token in here])
    return [
        Word(name=token.name, word=token.word(written(name.locale)), group=token.group, meaning=token.meaning,
             value=values[token.name], names=token.names)
        for token in here
    ]  # fmt: skip
