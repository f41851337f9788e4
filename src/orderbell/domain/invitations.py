"""Invitations: a link for one person, good for seven days and once; whoever follows it chooses name and password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from orderbell.base.errors import BadInput, Conflict, NotFound, NotSignedIn
from orderbell.base.ids import new_id
from orderbell.base.secrets import new_token, token_hash
from orderbell.domain import staff
from orderbell.domain.audit import note
from orderbell.domain.roles import ROLES
from orderbell.domain.rules import touch
from orderbell.domain.staff import StaffSeat
from orderbell.store.schema import Invitation, SecondFactor, Shop, Staff

LASTS = timedelta(days=7)
# Each may send a mail: a stolen session must not become a mailing machine.
MOST_OPEN = 100


@dataclass(frozen=True, kw_only=True)
class Invited:
    """Somebody who is invited and has not come yet."""

    id: str
    email: str
    role: str
    invited_by: str
    created_at: datetime
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What an invitation says to whoever follows its link."""

    shop_name: str
    email: str
    role: str
    by: str


def invite(tx: Connection, shop_id: str, *, email: str, role: str, by: str, now: datetime) -> tuple[str, str]:
    """A new invitation: its id and its link's token, which nobody can read again. It replaces an open one.

    Raises:
        BadInput: `bad_role`, `bad_email`, or `too_many_invitations`.
        Conflict: `staff_exists`, this person works here already.
    """
    if role not in ROLES:
        raise BadInput(f"{role!r} is not a role; use one of {', '.join(ROLES)}.", code="bad_role", field="role")
    email = staff.clean_email(email)
    works = (Staff.shop_id == shop_id, Staff.email == email, Staff.disabled_at.is_(None))
    if tx.execute(select(Staff.id).where(*works)).first():
        raise Conflict("Somebody with this e-mail address already works here.", code="staff_exists", field="email")
    if len(waiting(tx, shop_id, now=now)) >= MOST_OPEN:
        raise BadInput(f"At most {MOST_OPEN} invitations may be open.", code="too_many_invitations", field="email")
    tx.execute(update(Invitation).where(*_open(shop_id, now), Invitation.email == email).values(revoked_at=now))
    id_, token = new_id("invitation"), new_token("obv")
    values = {"email": email, "role": role, "invited_by": by, "created_at": now, "until": now + LASTS}
    tx.execute(insert(Invitation).values(id=id_, shop_id=shop_id, hash=token_hash(token), **values))
    note(tx, shop_id, actor=by, action="staff.invited", object=id_, detail={"role": role}, now=now)
    return id_, token


def waiting(tx: Connection, shop_id: str, *, now: datetime) -> list[Invited]:
    """Who is invited and has not come yet, the newest first."""
    columns = (
        Invitation.id, Invitation.email, Invitation.role, Staff.name, Invitation.created_at, Invitation.until
    )  # fmt: skip
    joined = select(*columns).outerjoin(Staff, (Staff.id == Invitation.invited_by) & (Staff.shop_id == shop_id))
    rows = tx.execute(joined.where(*_open(shop_id, now)).order_by(Invitation.id.desc())).all()
    return [
        Invited(id=id_, email=email, role=role, invited_by=name or "", created_at=at, until=until)
        for id_, email, role, name, at, until in rows
    ]


def offer(tx: Connection, token: str, *, now: datetime) -> Offer:
    """What a link offers; looking spends nothing.

    Raises:
        NotSignedIn: `invitation_over`, used, called back, too old or never made.
    """
    wanted = (
        select(Invitation.email, Invitation.role, Staff.name, Shop.name.label("shop_name"))
        .join(Shop, Shop.id == Invitation.shop_id)
        .outerjoin(Staff, (Staff.id == Invitation.invited_by) & (Staff.shop_id == Invitation.shop_id))
        .where(*_good(token, now))
    )
    row = tx.execute(wanted).first()
    if row is None:
        raise _over()
    return Offer(shop_name=row.shop_name, email=row.email, role=row.role, by=row.name or "")


def accept(tx: Connection, token: str, *, name: str, hashed: str, now: datetime, ip: str | None = None) -> StaffSeat:
    """Spend a link: its person works here from now on, with that name and password.

    Somebody who worked here before gets the old place back, with the new role.

    Raises:
        NotSignedIn: `invitation_over`.
        BadInput: `bad_name`.
    """
    if not 1 <= len(name.strip()) <= 100:
        raise BadInput("A name has 1 to 100 characters.", code="bad_name", field="name")
    spent = update(Invitation).where(*_good(token, now)).values(used_at=now)
    if tx.execute(spent).rowcount != 1:
        raise _over()
    row = tx.execute(select(Invitation.__table__).where(Invitation.hash == token_hash(token))).one()
    staff_id = _seat_for(tx, row.shop_id, row.email, row.role, by=row.invited_by, now=now)
    values = {"name": name.strip(), "password_hash": hashed}
    tx.execute(update(Staff).where(Staff.shop_id == row.shop_id, Staff.id == staff_id).values(**values))
    detail = {"role": row.role, "ip": ip}
    note(tx, row.shop_id, actor=staff_id, action="staff.joined", object=row.id, detail=detail, now=now)
    return staff.seat_of(tx, row.shop_id, staff_id)


def revoke(tx: Connection, shop_id: str, invitation_id: str, *, by: str, now: datetime) -> None:
    """Call an invitation back: its link opens nothing any more.

    Raises:
        NotFound: nothing open of that id.
    """
    _set(tx, shop_id, invitation_id, _open(shop_id, now), revoked_at=now)
    note(tx, shop_id, actor=by, action="staff.invitation_revoked", object=invitation_id, now=now)


def restore(tx: Connection, shop_id: str, invitation_id: str, *, by: str, now: datetime) -> None:
    """Take a calling back back: the link that was sent works again.

    Raises:
        NotFound: there is nothing to be taken back.
    """
    back = (Invitation.shop_id == shop_id, Invitation.revoked_at.is_not(None), Invitation.used_at.is_(None))
    _set(tx, shop_id, invitation_id, back, revoked_at=None)
    note(tx, shop_id, actor=by, action="staff.invitation_restored", object=invitation_id, now=now)


def _seat_for(tx: Connection, shop_id: str, email: str, role: str, *, by: str, now: datetime) -> str:
    known = tx.execute(
        select(Staff.id, Staff.disabled_at).where(Staff.shop_id == shop_id, Staff.email == email)
    ).first()
    if known is None:
        return staff.add_staff(tx, shop_id, email=email, name=email, role=role, by=by, now=now)
    if known.disabled_at is None:
        # Came in by another link meanwhile: an invitation never changes who works here already.
        raise _over()
    mine = (Staff.shop_id == shop_id, Staff.id == known.id)
    tx.execute(update(Staff).where(*mine).values(role=role, disabled_at=None))
    tx.execute(delete(SecondFactor).where(SecondFactor.shop_id == shop_id, SecondFactor.staff_id == known.id))
    touch(tx, shop_id)
    return str(known.id)


def _set(tx: Connection, shop_id: str, id_: str, where: tuple[ColumnElement[bool], ...], **values: object) -> None:
    mine = (Invitation.shop_id == shop_id, Invitation.id == id_, *where)
    if tx.execute(update(Invitation).where(*mine).values(**values)).rowcount != 1:
        raise NotFound("There is no such invitation.")


def _open(shop_id: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    mine = Invitation.shop_id == shop_id
    return mine, Invitation.used_at.is_(None), Invitation.revoked_at.is_(None), Invitation.until > now


def _good(token: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    own = Invitation.hash == token_hash(token)
    return own, Invitation.used_at.is_(None), Invitation.revoked_at.is_(None), Invitation.until > now


def _over() -> NotSignedIn:
    return NotSignedIn("This invitation was used before, called back, or is too old.", code="invitation_over")
