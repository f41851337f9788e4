"""The first steps of a shop: what is done, what comes next, and whether somebody put the list away.

What can be seen in the rows themselves (a password, a connection, an account) is not written down a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from orderbell.base.errors import BadInput, Conflict
from orderbell.domain.audit import note
from orderbell.domain.rules import touch
from orderbell.domain.staff import StaffSeat, clean_email
from orderbell.store.schema import ApiKey, Audit, Provider, Shop, SourceRow, Staff

STEPS = ("account", "shop", "channel", "test")
PLACE = "first_run"
LATEST_DEEDS = 300


@dataclass(frozen=True)
class Firsts:
    """Which of STEPS are done, and whether the list was put away."""

    done: frozenset[str]
    away: bool

    @property
    def next(self) -> str:
        """The first step that is not done; empty when all are."""
        return next((step for step in STEPS if step not in self.done), "")

    @property
    def shown(self) -> bool:
        """Whether the first page shows the list."""
        return bool(self.next) and not self.away


def look(tx: Connection, shop_id: str) -> Firsts:
    """How far a shop is; each question stops at the first row."""
    kept: Mapping[str, Any] = _settings(tx, shop_id).get(PLACE, {})
    if kept.get("away"):
        return Firsts(frozenset(), away=True)
    found = {
        "account": select(Staff.id).where(Staff.shop_id == shop_id, Staff.password_hash.is_not(None)),
        "shop": select(SourceRow.id).where(SourceRow.shop_id == shop_id),
        "channel": select(Provider.id).where(Provider.shop_id == shop_id),
    }
    done = {step for step, query in found.items() if kept.get(step) or tx.execute(query.limit(1)).first()}
    if "shop" not in done and tx.execute(select(ApiKey.id).where(ApiKey.shop_id == shop_id).limit(1)).first():
        done.add("shop")
    if kept.get("test") or _tested(tx, shop_id):
        done.add("test")
    return Firsts(frozenset(done), away=False)


def mark(tx: Connection, shop_id: str, step: str, how: str, *, by: str, now: datetime) -> None:
    """Write down that a step is done, and how (`demo`, `sandbox`, `sent`).

    Raises:
        BadInput: not a step.
    """
    if step not in STEPS:
        raise BadInput(f"{step[:40]!r} is not a first step; use one of {', '.join(STEPS)}.", code="bad_step")
    _keep(tx, shop_id, {step: how})
    note(tx, shop_id, actor=by, action="first_run.step", object=step, detail={"how": how}, now=now)


def put_away(tx: Connection, shop_id: str, *, away: bool, by: str, now: datetime) -> None:
    """Put the list away, or take it out again."""
    _keep(tx, shop_id, {"away": away})
    note(tx, shop_id, actor=by, action="first_run.away", object=shop_id, detail={"away": away}, now=now)


def introduce(tx: Connection, seat: StaffSeat, *, name: str, email: str, shop_name: str, now: datetime) -> None:
    """Give the owner and the shop their real names.

    Raises:
        BadInput: `bad_name`, `bad_shop_name` or `bad_email`.
        Conflict: `staff_exists`, somebody else of this shop has that e-mail address.
    """
    if not 1 <= len(name.strip()) <= 100:
        raise BadInput("Please give it a name of 1 to 100 characters.", code="bad_name", field="name")
    if not 1 <= len(shop_name.strip()) <= 100:
        raise BadInput("A shop's name is 1 to 100 characters.", code="bad_shop_name", field="shop_name")
    email, mine = clean_email(email), Staff.shop_id == seat.shop_id
    if tx.execute(select(Staff.id).where(mine, Staff.email == email, Staff.id != seat.staff_id)).first():
        raise Conflict("Somebody with this e-mail address already works here.", code="staff_exists", field="email")
    tx.execute(update(Staff).where(mine, Staff.id == seat.staff_id).values(name=name.strip(), email=email))
    tx.execute(update(Shop).where(Shop.id == seat.shop_id).values(name=shop_name.strip()))
    touch(tx, seat.shop_id)
    note(tx, seat.shop_id, actor=seat.staff_id, action="first_run.introduced", object=seat.staff_id, now=now)


def _tested(tx: Connection, shop_id: str) -> bool:
    """Whether a test was sent of late; the page that sends them is another one."""
    latest = select(Audit.action).where(Audit.shop_id == shop_id).order_by(Audit.seq.desc()).limit(LATEST_DEEDS)
    return "provider.tested" in tx.execute(latest).scalars().all()


def _settings(tx: Connection, shop_id: str) -> dict[str, Any]:
    return dict(tx.execute(select(Shop.settings).where(Shop.id == shop_id)).scalar_one())


def _keep(tx: Connection, shop_id: str, changed: Mapping[str, Any]) -> None:
    held = dict(tx.execute(select(Shop.settings).where(Shop.id == shop_id).with_for_update()).scalar_one())
    tx.execute(
        update(Shop).where(Shop.id == shop_id).values(settings={**held, PLACE: {**held.get(PLACE, {}), **changed}})
    )
    touch(tx, shop_id)
