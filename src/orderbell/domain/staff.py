"""The people who work in a shop: what each role may do, passwords, one-time links and signed-in browsers."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from orderbell.base.errors import BadInput, Conflict, NotAllowed, NotFound, NotSignedIn
from orderbell.base.ids import new_id
from orderbell.base.secrets import new_token, token_hash
from orderbell.domain.audit import note
from orderbell.domain.roles import ALLOWED, may
from orderbell.domain.rules import touch
from orderbell.store.schema import SecondFactor, Session, Shop, SignInLink, Staff

SESSION_LASTS = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=5)
LINK_LASTS = timedelta(minutes=10)
FIRST_LINK_LASTS = timedelta(hours=24)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 256
FACTOR_NEEDED = "second_factor"
"""The name of the shop's setting *everyone needs a second factor*."""
_MOST_SHOPS_A_MAIL = 8


@dataclass(frozen=True, kw_only=True)
class StaffSeat:
    """Somebody who is signed in, and in which shop; `locale` None means the browser decides."""

    shop_id: str
    staff_id: str
    name: str
    email: str
    role: str
    locale: str | None = None

    def may(self, deed: str) -> bool:
        """Whether this person's role allows a deed of roles.DEEDS."""
        return may(self.role, deed)


@dataclass(frozen=True, kw_only=True)
class FoundSession:
    """A session that holds. `stale`: it was last seen minutes ago, and its 30 days should start anew.

    `owes_factor`: the shop wants a second factor of everybody, and this person has none yet.
    """

    seat: StaffSeat
    stale: bool
    owes_factor: bool


def require(seat: StaffSeat, deed: str) -> None:
    """Let pass whom the role allows.

    Raises:
        NotAllowed: it does not.
    """
    if not seat.may(deed):
        raise NotAllowed(f"The role {seat.role} may not do this ({deed}).", code="role_too_low", needs=deed)


def add_staff(
    tx: Connection, shop_id: str, *, email: str, name: str, role: str, by: str, now: datetime,
) -> str:  # fmt: skip
    """A new member of staff, without a password yet; returns the id.

    Raises:
        BadInput: `bad_role` or `bad_email`.
        Conflict: `staff_exists`, somebody of this shop has that e-mail address.
    """
    if role not in ALLOWED:
        raise BadInput(f"{role!r} is not a role; use one of {', '.join(ALLOWED)}.", code="bad_role")
    email = clean_email(email)
    if tx.execute(select(Staff.id).where(Staff.shop_id == shop_id, Staff.email == email)).first():
        raise Conflict("Somebody with this e-mail address already works here.", code="staff_exists")
    staff_id = new_id("staff")
    tx.execute(
        insert(Staff).values(
            id=staff_id, shop_id=shop_id, email=email, name=name.strip()[:200] or email, role=role, created_at=now
        )
    )
    touch(tx, shop_id)
    note(tx, shop_id, actor=by, action="staff.added", object=staff_id, detail={"role": role}, now=now)
    return staff_id


def clean_email(text: str) -> str:
    """An e-mail address in the form we store: trimmed, normalised, lower case.

    Raises:
        BadInput: `bad_email`.
    """
    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as why:
        raise BadInput(f"This is not an e-mail address: {why}", code="bad_email", field="email") from None
    return found.normalized.lower()


def hash_password(password: str) -> str:
    """The Argon2id hash to store. Takes tens of milliseconds: call it outside a write, which others wait for.

    Raises:
        BadInput: `weak_password`, shorter than 10 characters or longer than 256.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        sentence = f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
        raise BadInput(sentence, code="weak_password")
    return _hasher().hash(password)


def set_password(
    tx: Connection, shop_id: str, staff_id: str, hashed: str, *, now: datetime, ip: str | None = None,
) -> None:  # fmt: skip
    """Store what `hash_password` made; every other browser of this person is signed out.

    Raises:
        NotFound: nobody of that id works here.
    """
    mine = (Staff.shop_id == shop_id, Staff.id == staff_id)
    if tx.execute(update(Staff).where(*mine).values(password_hash=hashed)).rowcount == 0:
        raise NotFound("Nobody of that id works here.")
    tx.execute(delete(Session).where(Session.shop_id == shop_id, Session.staff_id == staff_id))
    note(tx, shop_id, actor=staff_id, action="staff.password_set", object=staff_id, now=now, detail={"ip": ip})


def has_password(tx: Connection, shop_id: str, staff_id: str) -> bool:
    """Whether this person has set a password yet."""
    wanted = select(Staff.password_hash).where(Staff.shop_id == shop_id, Staff.id == staff_id)
    return tx.execute(wanted).scalar() is not None


def password_fits(tx: Connection, seat: StaffSeat, password: str) -> bool:
    """Whether that is somebody's password."""
    wanted = select(Staff.password_hash).where(Staff.shop_id == seat.shop_id, Staff.id == seat.staff_id)
    return _password_fits(tx.execute(wanted).scalar(), password)


def sign_in(tx: Connection, email: str, password: str) -> StaffSeat:
    """The seat of whoever has that e-mail address and password; only reads, so run it in `store.read`.

    An address nobody has costs one hash as well, so that time tells nothing. An address may work in several shops:
    the shop whose password fits is meant.

    Raises:
        NotSignedIn: `wrong_password`, whatever was wrong.
    """
    wanted = _active().where(Staff.email == email.strip().lower()).limit(_MOST_SHOPS_A_MAIL)
    rows = tx.execute(wanted).all()
    fits = [row for row in rows if _password_fits(row.password_hash, password)] if rows else []
    if not rows:
        _password_fits(None, password)
    if not fits:
        raise NotSignedIn("This e-mail address and password do not belong together.", code="wrong_password")
    return _seat(fits[0])


def make_sign_in_link(
    tx: Connection, shop_id: str, staff_id: str, *, by: str, now: datetime, lasts: timedelta = LINK_LASTS,
) -> str:  # fmt: skip
    """A token that signs this person in once; it is returned here and nowhere again.

    `lasts` is ten minutes; the owner's first link is made with FIRST_LINK_LASTS.

    Raises:
        NotFound: nobody of that id works here.
    """
    if not tx.execute(_active().where(Staff.shop_id == shop_id, Staff.id == staff_id)).first():
        raise NotFound("Nobody of that id works here.")
    token = new_token("obl")
    tx.execute(insert(SignInLink).values(id=token_hash(token), shop_id=shop_id, staff_id=staff_id, until=now + lasts))
    note(tx, shop_id, actor=by, action="staff.link_made", object=staff_id, now=now)
    return token


def use_sign_in_link(tx: Connection, token: str, *, now: datetime, ip: str | None = None) -> StaffSeat:
    """The seat a one-time link gives; the link is spent in the same moment, whoever else tries it.

    Raises:
        NotSignedIn: `link_spent`, used before, too old, or never made.
    """
    link = SignInLink.id == token_hash(token)
    spent = update(SignInLink).where(link, SignInLink.used_at.is_(None), SignInLink.until > now).values(used_at=now)
    row = None
    if tx.execute(spent).rowcount == 1:
        row = tx.execute(_active().join(SignInLink, SignInLink.staff_id == Staff.id).where(link)).first()
    if row is None:
        raise NotSignedIn("This sign-in link was used before or is too old.", code="link_spent")
    note(tx, row.shop_id, actor=row.id, action="staff.link_used", object=row.id, now=now, detail={"ip": ip})
    return _seat(row)


def open_session(
    tx: Connection, seat: StaffSeat, *, now: datetime, ip: str | None = None, agent: str | None = None,
    way: str = "password",
) -> str:  # fmt: skip
    """Sign a browser in for 30 days; returns the cookie's value, of which only the hash is kept.

    `way`: how its person proved who they are: password, link or invitation.
    """
    token = new_token("obs")
    tx.execute(
        insert(Session).values(
            id=token_hash(token), shop_id=seat.shop_id, staff_id=seat.staff_id, created_at=now,
            until=now + SESSION_LASTS, ip=ip, agent=(agent or "")[:300] or None, seen_at=now, way=way,
        )
    )  # fmt: skip
    detail = {"ip": ip}
    note(tx, seat.shop_id, actor=seat.staff_id, action="staff.signed_in", object=seat.staff_id, now=now, detail=detail)
    return token


def find_session(tx: Connection, token: str, *, now: datetime) -> FoundSession | None:
    """The session of a cookie; None when it ended, is too old, or its person no longer works here."""
    found = (
        _active()
        .add_columns(Session.seen_at, SecondFactor.on_at, Shop.settings)
        .join(Session, (Session.staff_id == Staff.id) & (Session.shop_id == Staff.shop_id))
        .join(Shop, Shop.id == Staff.shop_id)
        .outerjoin(SecondFactor, SecondFactor.staff_id == Staff.id)
        .where(Session.id == token_hash(token), Session.until > now)
    )
    row = tx.execute(found).first()
    if row is None:
        return None
    stale = row.seen_at is None or now - row.seen_at > SEEN_EVERY
    owes = row.on_at is None and bool(row.settings.get(FACTOR_NEEDED))
    return FoundSession(seat=_seat(row), stale=stale, owes_factor=owes)


def prolong_session(tx: Connection, seat: StaffSeat, token: str, *, now: datetime) -> None:
    """Let a session's 30 days start anew; one that ended meanwhile stays ended."""
    mine = (Session.shop_id == seat.shop_id, Session.id == token_hash(token), Session.until > now)
    tx.execute(update(Session).where(*mine).values(until=now + SESSION_LASTS, seen_at=now))


def end_session(tx: Connection, seat: StaffSeat, token: str, *, now: datetime) -> None:
    """Sign a browser out; doing it twice is no error."""
    gone = tx.execute(delete(Session).where(Session.shop_id == seat.shop_id, Session.id == token_hash(token)))
    if gone.rowcount:
        note(tx, seat.shop_id, actor=seat.staff_id, action="staff.signed_out", object=seat.staff_id, now=now)


def disable_staff(tx: Connection, shop_id: str, staff_id: str, *, by: str, now: datetime) -> None:
    """Close somebody's door: sessions and links end at once. The last owner stays.

    Raises:
        NotFound: nobody of that id works here.
        Conflict: `last_owner`.
    """
    keep_an_owner(tx, shop_id, staff_id)
    tx.execute(update(Staff).where(Staff.shop_id == shop_id, Staff.id == staff_id).values(disabled_at=now))
    for table in (Session, SignInLink):
        tx.execute(delete(table).where(table.shop_id == shop_id, table.staff_id == staff_id))
    note(tx, shop_id, actor=by, action="staff.disabled", object=staff_id, now=now)


def keep_an_owner(tx: Connection, shop_id: str, staff_id: str) -> StaffSeat:
    """Somebody who may lose their place or role: the seat as it is now.

    Raises:
        NotFound: nobody of that id works here.
        Conflict: `last_owner`.
    """
    # Tells the caches, and holds the shop's row: two owners cannot put each other out at the same moment.
    touch(tx, shop_id)
    team = list_staff(tx, shop_id)
    seat = next((each for each in team if each.staff_id == staff_id), None)
    if seat is None:
        raise NotFound("Nobody of that id works here.")
    if seat.role == "owner" and sum(each.role == "owner" for each in team) == 1:
        raise Conflict("A shop needs at least one owner.", code="last_owner")
    return seat


def seat_of(tx: Connection, shop_id: str, staff_id: str) -> StaffSeat:
    """Somebody who works in the shop.

    Raises:
        NotFound: nobody of that id does.
    """
    row = tx.execute(_active().where(Staff.shop_id == shop_id, Staff.id == staff_id)).first()
    if row is None:
        raise NotFound("Nobody of that id works here.")
    return _seat(row)


def list_staff(tx: Connection, shop_id: str) -> list[StaffSeat]:
    """Everybody who works in the shop, the longest-serving first."""
    rows = tx.execute(_active().where(Staff.shop_id == shop_id).order_by(Staff.id)).all()
    return [_seat(row) for row in rows]


def _active() -> Select[str, str, str, str, str, str | None, str | None]:
    return select(
        Staff.id, Staff.shop_id, Staff.email, Staff.name, Staff.role, Staff.locale, Staff.password_hash
    ).where(Staff.disabled_at.is_(None))


def _seat(row: Row[*tuple[Any, ...]]) -> StaffSeat:
    return StaffSeat(
        shop_id=row.shop_id, staff_id=row.id, name=row.name, email=row.email, role=row.role, locale=row.locale
    )


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(24))


def _password_fits(hashed: str | None, password: str) -> bool:
    try:
        _hasher().verify(hashed or _nobodys_hash(), password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return hashed is not None
