"""Drafts of wordings: kept as they are typed, broken or not; publishing makes a version of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from orderbell.base.errors import BadInput, Conflict, NotFound
from orderbell.messages import stock, templates
from orderbell.messages.liquid import MAX_SOURCE_BYTES
from orderbell.messages.templates import Place, TemplateName
from orderbell.store.schema import TemplateDraft


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A draft as it stands; `rev` grows with each change, `pen` is the page that made the last one."""

    parts: Mapping[str, str]
    rev: int
    pen: str
    by: str
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Hand:
    """Who writes: `by` is a staff or key id, `pen` the open page.

    `rev` is the draft this page knew (0: none), `base` the version that counted then ("": stock); None asks neither.
    """

    by: str
    pen: str = ""
    rev: int | None = None
    base: str | None = None


def find(tx: Connection, shop_id: str, name: TemplateName) -> Draft | None:
    """The draft of a wording, or None."""
    row = tx.execute(select(TemplateDraft.__table__).where(*_key(shop_id, name))).one_or_none()
    return None if row is None or row.dropped_at else _draft(row)


def places(tx: Connection, shop_id: str) -> set[Place]:
    """Every wording of a shop that has a draft."""
    columns = (TemplateDraft.event_type, TemplateDraft.audience, TemplateDraft.channel, TemplateDraft.locale)
    rows = tx.execute(select(*columns).where(TemplateDraft.shop_id == shop_id, TemplateDraft.dropped_at.is_(None)))
    return {(row.event_type, row.audience, row.channel, row.locale) for row in rows}


def keep(
    tx: Connection, shop_id: str, name: TemplateName, parts: Mapping[str, str], *, hand: Hand, now: datetime
) -> Draft:
    """Keep what was typed; a text that does not work may be kept too.

    Raises:
        BadInput: `unknown_part`, or `template_too_long`.
        Conflict: `draft_changed`, with `by` and `rev` of what is there now; `version_changed`, another version counts.
    """
    _check_shape(name, parts)
    _refuse_old_base(tx, shop_id, name, hand)
    row = tx.execute(select(TemplateDraft.__table__).where(*_key(shop_id, name)).with_for_update()).one_or_none()
    _refuse_overwriting(row, hand)
    fresh = {"parts": dict(parts), "pen": hand.pen, "by": hand.by, "changed_at": now, "dropped_at": None}
    rev = (row.rev if row else 0) + 1
    if row is None:
        tx.execute(insert(TemplateDraft).values(**_places(shop_id, name), **fresh, rev=rev))
    else:
        tx.execute(update(TemplateDraft).where(*_key(shop_id, name)).values(**fresh, rev=rev))
    return Draft(parts=dict(parts), rev=rev, pen=hand.pen, by=hand.by, changed_at=now)


def write(
    tx: Connection, shop_id: str, name: TemplateName, parts: Mapping[str, str], *, hand: Hand, now: datetime
) -> Draft | None:
    """As `keep`; what says the same as the text that counts needs no draft, and ends the one there is.

    Raises:
        BadInput, Conflict: as `keep`.
    """
    if parts != templates.counting_of(tx, shop_id, name).parts:
        return keep(tx, shop_id, name, parts, hand=hand, now=now)
    row = tx.execute(select(TemplateDraft.__table__).where(*_key(shop_id, name))).one_or_none()
    _refuse_overwriting(row, hand)
    drop(tx, shop_id, name, now=now)
    return None


def drop(tx: Connection, shop_id: str, name: TemplateName, *, now: datetime) -> None:
    """Throw a draft away; `take_back` undoes it. One that is not there is no error."""
    there = update(TemplateDraft).where(*_key(shop_id, name), TemplateDraft.dropped_at.is_(None))
    tx.execute(there.values(dropped_at=now, rev=TemplateDraft.rev + 1))


def take_back(tx: Connection, shop_id: str, name: TemplateName) -> None:
    """Bring a draft back that was thrown away.

    Raises:
        NotFound: there is none.
    """
    back = update(TemplateDraft).where(*_key(shop_id, name), TemplateDraft.dropped_at.is_not(None))
    if tx.execute(back.values(dropped_at=None, rev=TemplateDraft.rev + 1)).rowcount == 0:
        raise NotFound("There is no draft to bring back.")


def publish(tx: Connection, shop_id: str, name: TemplateName, *, hand: Hand, now: datetime) -> str:
    """Make the draft the version that counts; returns the version's id.

    Raises:
        NotFound: `no_draft`.
        Conflict: `draft_changed` or `version_changed`.
        BadInput: the text does not work; `part` and `position` say where.
    """
    row = tx.execute(select(TemplateDraft.__table__).where(*_key(shop_id, name)).with_for_update()).one_or_none()
    if row is None or row.dropped_at:
        raise NotFound("There is no draft of this wording.", code="no_draft")
    _refuse_overwriting(row, hand)
    _refuse_old_base(tx, shop_id, name, hand)
    version_id = templates.save(tx, shop_id, name, row.parts, by=hand.by, now=now)
    tx.execute(delete(TemplateDraft).where(*_key(shop_id, name)))
    return version_id


def _refuse_overwriting(row: Any, hand: Hand) -> None:
    if row is None or row.dropped_at or hand.rev is None or hand.rev == row.rev:
        return
    # The same open page may have lost an answer on the way: it knows what it wrote.
    if hand.pen and hand.pen == row.pen:
        return
    raise Conflict("Somebody else changed this draft meanwhile.", code="draft_changed", by=row.by, rev=row.rev)


def _refuse_old_base(tx: Connection, shop_id: str, name: TemplateName, hand: Hand) -> None:
    if hand.base is not None and (templates.current_of(tx, shop_id, name) or "") != hand.base:
        raise Conflict("Another version of this text counts since this page was opened.", code="version_changed")


def _check_shape(name: TemplateName, parts: Mapping[str, str]) -> None:
    strangers = sorted(set(parts) - set(stock.PARTS.get(stock.own_family(name.channel), {})))
    if strangers:
        raise BadInput(f"{name.channel} has no such part.", code="unknown_part", part=", ".join(strangers))
    if sum(len(text) for text in parts.values()) > MAX_SOURCE_BYTES:
        raise BadInput(f"A text may be {MAX_SOURCE_BYTES // 1024} kB long.", code="template_too_long")


def _places(shop_id: str, name: TemplateName) -> dict[str, str]:
    return {
        "shop_id": shop_id, "event_type": name.event_type, "audience": name.audience, "channel": name.channel,
        "locale": name.locale,
    }  # fmt: skip


def _key(shop_id: str, name: TemplateName) -> list[Any]:
    return [getattr(TemplateDraft, column) == value for column, value in _places(shop_id, name).items()]


def _draft(row: Any) -> Draft:
    return Draft(parts=row.parts, rev=row.rev, pen=row.pen, by=row.by, changed_at=row.changed_at)
