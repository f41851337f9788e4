"""The people of a shop as its owner and they themselves change them: role, name, alerts, places they are signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from orderbell.base.errors import BadInput, Conflict, NotFound
from orderbell.base.secrets import token_hash
from orderbell.domain import staff
from orderbell.domain.audit import note
from orderbell.domain.roles import ROLES
from orderbell.domain.rules import touch
from orderbell.domain.staff import FACTOR_NEEDED, StaffSeat
from orderbell.events import BY_TYPE
from orderbell.store.schema import SecondFactor, Session, Shop, Staff

LOCALES = ("zh-CN", "en")
LINK_COUNTS = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody of the shop as the team page shows them; `seen_at` None: never signed in."""

    id: str
    name: str
    email: str
    role: str
    has_password: bool
    has_factor: bool
    disabled_at: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Place:
    """A browser somebody is signed in with."""

    id: str
    agent: str
    ip: str
    way: str
    created_at: datetime
    seen_at: datetime


def members(tx: Connection, shop_id: str) -> list[Member]:
    """Everybody who works or worked here: those at work first, the longest-serving at the top."""
    seen = (
        select(Session.staff_id, func.max(func.coalesce(Session.seen_at, Session.created_at)).label("seen_at"))
        .where(Session.shop_id == shop_id)
        .group_by(Session.staff_id)
        .subquery()
    )
    wanted = (
        select(Staff.__table__, SecondFactor.on_at, seen.c.seen_at)
        .outerjoin(SecondFactor, (SecondFactor.staff_id == Staff.id) & (SecondFactor.shop_id == Staff.shop_id))
        .outerjoin(seen, seen.c.staff_id == Staff.id)
        .where(Staff.shop_id == shop_id)
        .order_by(Staff.disabled_at.is_not(None), Staff.id)
    )
    return [
        Member(
            id=row.id, name=row.name, email=row.email, role=row.role, has_password=row.password_hash is not None,
            has_factor=row.on_at is not None, disabled_at=row.disabled_at, seen_at=row.seen_at,
        )
        for row in tx.execute(wanted)
    ]  # fmt: skip


def change_role(tx: Connection, shop_id: str, staff_id: str, role: str, *, by: str, now: datetime) -> str:
    """Give somebody another role; it counts from their next page on. Returns the role they had.

    Raises:
        BadInput: `bad_role`.
        NotFound: nobody of that id works here.
        Conflict: `last_owner`.
    """
    if role not in ROLES:
        raise BadInput(f"{role!r} is not a role; use one of {', '.join(ROLES)}.", code="bad_role")
    touch(tx, shop_id)
    seat = staff.seat_of(tx, shop_id, staff_id)
    if role == seat.role:
        return role
    if role != "owner":
        staff.keep_an_owner(tx, shop_id, staff_id)
    tx.execute(update(Staff).where(Staff.shop_id == shop_id, Staff.id == staff_id).values(role=role))
    detail = {"role": {"before": seat.role, "after": role}}
    note(tx, shop_id, actor=by, action="staff.role_changed", object=staff_id, detail=detail, now=now)
    return seat.role


def enable(tx: Connection, shop_id: str, staff_id: str, *, by: str, now: datetime) -> None:
    """Open somebody's door again.

    Raises:
        NotFound: nobody of that id was put out.
    """
    gone = (Staff.shop_id == shop_id, Staff.id == staff_id, Staff.disabled_at.is_not(None))
    if tx.execute(update(Staff).where(*gone).values(disabled_at=None)).rowcount != 1:
        raise NotFound("Nobody of that id was put out.")
    touch(tx, shop_id)
    note(tx, shop_id, actor=by, action="staff.enabled", object=staff_id, now=now)


def change_own(
    tx: Connection, seat: StaffSeat, *, name: str, locale: str | None, muted: Sequence[str], now: datetime,
) -> None:  # fmt: skip
    """What somebody says of themselves: name, language (None: the browser's), events they want no mail of.

    Raises:
        BadInput: `bad_name` or `bad_locale`.
    """
    if not 1 <= len(name.strip()) <= 100:
        raise BadInput("A name has 1 to 100 characters.", code="bad_name", field="name")
    if locale is not None and locale not in LOCALES:
        raise BadInput(f"The language is one of {', '.join(LOCALES)}.", code="bad_locale", field="locale")
    values = {"name": name.strip(), "locale": locale, "muted": sorted({each for each in muted if each in BY_TYPE})}
    before = tx.execute(select(Staff.__table__).where(*_mine(seat))).one()
    changed = {
        key: {"before": getattr(before, key), "after": value}
        for key, value in values.items()
        if (getattr(before, key) or None) != (value or None)
    }
    if changed:
        tx.execute(update(Staff).where(*_mine(seat)).values(**values))
        touch(tx, seat.shop_id)
        note(
            tx, seat.shop_id, actor=seat.staff_id, action="staff.changed", object=seat.staff_id, detail=changed, now=now
        )


def muted_of(tx: Connection, seat: StaffSeat) -> list[str]:
    """The events of which somebody wants no mail."""
    return list(tx.execute(select(Staff.muted).where(*_mine(seat))).scalar() or ())


def places(tx: Connection, seat: StaffSeat, *, now: datetime) -> list[Place]:
    """Where somebody is signed in, the last seen first."""
    mine = (Session.shop_id == seat.shop_id, Session.staff_id == seat.staff_id, Session.until > now)
    rows = tx.execute(select(Session.__table__).where(*mine)).all()
    found = [
        Place(
            id=row.id, agent=row.agent or "", ip=row.ip or "", way=row.way or "", created_at=row.created_at,
            seen_at=row.seen_at or row.created_at,
        )
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda place: place.seen_at, reverse=True)


def came_by_link(tx: Connection, seat: StaffSeat, token: str, *, now: datetime) -> bool:
    """Whether the browser of that cookie was signed in by a one-time link, so lately that its person may be one who
    forgot the password.
    """
    mine = (Session.shop_id == seat.shop_id, Session.staff_id == seat.staff_id, Session.id == token_hash(token))
    row = tx.execute(select(Session.way, Session.created_at).where(*mine)).first()
    return row is not None and row.way == "link" and now - row.created_at <= LINK_COUNTS


def end_place(tx: Connection, seat: StaffSeat, session_id: str, *, now: datetime) -> None:
    """Sign one of somebody's browsers out.

    Raises:
        NotFound: it is no browser of theirs, or ended already.
    """
    mine = (Session.shop_id == seat.shop_id, Session.staff_id == seat.staff_id, Session.id == session_id)
    if tx.execute(delete(Session).where(*mine)).rowcount != 1:
        raise NotFound("This browser is signed out already.")
    note(tx, seat.shop_id, actor=seat.staff_id, action="staff.session_ended", object=seat.staff_id, now=now)


def end_other_places(tx: Connection, seat: StaffSeat, kept_id: str, *, now: datetime) -> int:
    """Sign every browser of somebody out but one; returns how many it were."""
    mine = (Session.shop_id == seat.shop_id, Session.staff_id == seat.staff_id, Session.id != kept_id)
    ended = tx.execute(delete(Session).where(*mine)).rowcount
    detail = {"ended": ended}
    note(
        tx,
        seat.shop_id,
        actor=seat.staff_id,
        action="staff.sessions_ended",
        object=seat.staff_id,
        detail=detail,
        now=now,
    )
    return ended


def need_factor(tx: Connection, shop_id: str, needed: bool, *, by: str, now: datetime) -> None:
    """Want a second factor of everybody, or no longer; who has none is led to setting one up.

    Raises:
        Conflict: `factor_first`, whoever asks for it has none themselves.
    """
    has = select(SecondFactor.on_at).where(SecondFactor.shop_id == shop_id, SecondFactor.staff_id == by)
    if needed and tx.execute(has).scalar() is None:
        raise Conflict("Switch on your own second step first.", code="factor_first")
    touch(tx, shop_id)
    settings = dict(tx.execute(select(Shop.settings).where(Shop.id == shop_id)).scalar_one())
    before, settings[FACTOR_NEEDED] = bool(settings.get(FACTOR_NEEDED)), needed
    if before != needed:
        tx.execute(update(Shop).where(Shop.id == shop_id).values(settings=settings))
        detail = {FACTOR_NEEDED: {"before": before, "after": needed}}
        note(tx, shop_id, actor=by, action="team.factor_needed", object=shop_id, detail=detail, now=now)


def _mine(seat: StaffSeat) -> tuple[ColumnElement[bool], ...]:
    return Staff.shop_id == seat.shop_id, Staff.id == seat.staff_id
