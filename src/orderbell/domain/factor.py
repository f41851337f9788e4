"""The second factor: an authenticator app set up by its owner, and the codes for the day the phone is lost."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy import Row as SqlRow

from orderbell.base import totp
from orderbell.base.errors import BadInput, Conflict, NotSignedIn
from orderbell.base.secrets import Sealed, token_hash
from orderbell.domain.audit import note
from orderbell.domain.cards import Vault
from orderbell.domain.staff import FACTOR_NEEDED, StaffSeat
from orderbell.store.schema import SecondFactor, Shop

RECOVERY_CODES = 10
# 80 bits: not to be guessed, so that a plain hash of it may be stored.
_RECOVERY_BYTES, _GROUP = 10, 4


@dataclass(frozen=True, kw_only=True)
class Factor:
    """How somebody's second factor stands: since when, and how many recovery codes are left."""

    on_at: datetime
    codes_left: int


def find(tx: Connection, seat: StaffSeat) -> Factor | None:
    """Somebody's second factor; None while it is off or only being set up."""
    row = _row(tx, seat)
    return Factor(on_at=row.on_at, codes_left=len(row.recovery)) if row and row.on_at else None


def is_needed(tx: Connection, shop_id: str) -> bool:
    """Whether the shop wants one of everybody."""
    settings = tx.execute(select(Shop.settings).where(Shop.id == shop_id)).scalar() or {}
    return bool(settings.get(FACTOR_NEEDED))


def begin(tx: Connection, vault: Vault, seat: StaffSeat, *, now: datetime) -> bytes:
    """A fresh secret to be scanned; setting up again before confirming throws the one before away.

    Raises:
        Conflict: `factor_on`, it is switched on already.
    """
    if find(tx, seat):
        raise Conflict("The second step is switched on already.", code="factor_on")
    secret = totp.new_secret()
    _clear(tx, seat)
    sealed = vault.box.close(secret, "second_factor", seat.shop_id, seat.staff_id).packed()
    values = {"shop_id": seat.shop_id, "sealed": sealed, "created_at": now, "last_step": 0, "recovery": []}
    tx.execute(insert(SecondFactor).values(staff_id=seat.staff_id, **values))
    return secret


def waiting(tx: Connection, vault: Vault, seat: StaffSeat) -> bytes | None:
    """The secret somebody is just setting up; None when there is none."""
    row = _row(tx, seat)
    return _open(vault, row) if row and row.on_at is None else None


def confirm(tx: Connection, vault: Vault, seat: StaffSeat, code: str, *, now: datetime) -> list[str]:
    """Switch it on with a first code from the app; returns the recovery codes, which nobody can read again.

    Raises:
        BadInput: `wrong_code`, or nothing is being set up.
    """
    secret = waiting(tx, vault, seat)
    step = totp.step_of(secret, code, now) if secret else None
    if step is None:
        raise BadInput("This code does not fit. Take the newest one the app shows.", code="wrong_code", field="code")
    codes, mine = _fresh_codes(), _mine(seat)
    tx.execute(update(SecondFactor).where(*mine).values(on_at=now, last_step=step, recovery=_hashes(seat, codes)))
    _note(tx, seat, "staff.factor_on", now)
    return codes


def check(tx: Connection, vault: Vault, seat: StaffSeat, given: str, *, now: datetime, ip: str | None = None) -> None:
    """Let pass whoever shows the app's code, or a recovery code; either works once.

    Raises:
        NotSignedIn: `wrong_code`, whatever was wrong with it.
    """
    row = _row(tx, seat)
    on = row is not None and row.on_at is not None
    if row is None or not on or not (_take_step(tx, vault, row, given, now=now) or _take_code(tx, seat, row, given)):
        raise NotSignedIn("This code does not fit, or it was used before.", code="wrong_code")
    _note(tx, seat, "staff.code_taken", now, ip=ip)


def refuse(tx: Connection, seat: StaffSeat, *, now: datetime, ip: str | None = None) -> None:
    """Write down that a wrong code was shown."""
    _note(tx, seat, "staff.code_refused", now, ip=ip)


def renew_codes(tx: Connection, seat: StaffSeat, *, now: datetime) -> list[str]:
    """Fresh recovery codes; the old ones open nothing any more."""
    codes = _fresh_codes()
    tx.execute(update(SecondFactor).where(*_mine(seat)).values(recovery=_hashes(seat, codes)))
    _note(tx, seat, "staff.codes_renewed", now)
    return codes


def switch_off(tx: Connection, seat: StaffSeat, *, by: str, now: datetime) -> None:
    """Take somebody's second factor away; doing it twice is no error."""
    if _clear(tx, seat):
        note(tx, seat.shop_id, actor=by, action="staff.factor_off", object=seat.staff_id, now=now)


def _take_step(tx: Connection, vault: Vault, row: SqlRow[Any], given: str, *, now: datetime) -> bool:
    step = totp.step_of(_open(vault, row), given, now)
    if step is None:
        return False
    newer = (SecondFactor.staff_id == row.staff_id, SecondFactor.shop_id == row.shop_id, SecondFactor.last_step < step)
    # A code is taken by moving on past its step, so whoever saw it over a shoulder comes too late.
    return tx.execute(update(SecondFactor).where(*newer).values(last_step=step)).rowcount == 1


def _take_code(tx: Connection, seat: StaffSeat, row: SqlRow[Any], given: str) -> bool:
    spent = _hash(seat, given)
    if spent not in row.recovery:
        return False
    left = [each for each in row.recovery if each != spent]
    # Only while the list is as it was read: of two requests with the same code one wins.
    same = (*_mine(seat), SecondFactor.recovery == row.recovery)
    return tx.execute(update(SecondFactor).where(*same).values(recovery=left)).rowcount == 1


def _fresh_codes() -> list[str]:
    return [_grouped(base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode()) for _ in range(RECOVERY_CODES)]


def _grouped(text: str) -> str:
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP)).lower()


def _hashes(seat: StaffSeat, codes: list[str]) -> list[str]:
    return [_hash(seat, each) for each in codes]


def _hash(seat: StaffSeat, code: str) -> str:
    # As people copy them: with capitals, spaces, or without the strokes.
    plain = "".join(sign for sign in code.lower()[:200] if sign.isalnum())
    return token_hash(f"{seat.staff_id}\x1f{plain}")


def _open(vault: Vault, row: SqlRow[Any]) -> bytes:
    return vault.box.open(Sealed.unpack(row.sealed), "second_factor", row.shop_id, row.staff_id)


def _mine(seat: StaffSeat) -> tuple[Any, ...]:
    return SecondFactor.shop_id == seat.shop_id, SecondFactor.staff_id == seat.staff_id


def _row(tx: Connection, seat: StaffSeat) -> SqlRow[Any] | None:
    return tx.execute(select(SecondFactor.__table__).where(*_mine(seat))).first()


def _clear(tx: Connection, seat: StaffSeat) -> int:
    return tx.execute(delete(SecondFactor).where(*_mine(seat))).rowcount


def _note(tx: Connection, seat: StaffSeat, action: str, now: datetime, **detail: object) -> None:
    note(tx, seat.shop_id, actor=seat.staff_id, action=action, object=seat.staff_id, now=now, detail=detail)
