"""What a shop sets for itself: name, language, zone, money, how long an unpaid order waits, how long texts are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from orderbell.base.errors import BadInput
from orderbell.domain.audit import note
from orderbell.domain.rules import touch
from orderbell.domain.shops import check_settings
from orderbell.store.schema import Shop

EXPIRY, KEPT = "order_expiry_minutes", "texts_kept_days"
EXPIRY_MINUTES = (5, 43_200)
KEPT_DAYS = (30, 90, 180, 365, 730)


@dataclass(frozen=True, kw_only=True)
class ShopSettings:
    """A shop's settings. `order_expiry_minutes` None: as the house has it; `texts_kept_days` None: for ever."""

    name: str
    locale: str
    timezone: str
    currency: str
    order_expiry_minutes: int | None = None
    texts_kept_days: int | None = None


def load(tx: Connection, shop_id: str) -> ShopSettings:
    """The settings of a shop."""
    row = tx.execute(select(Shop.__table__).where(Shop.id == shop_id)).one()
    return ShopSettings(
        name=row.name, locale=row.locale, timezone=row.timezone, currency=row.currency,
        order_expiry_minutes=row.settings.get(EXPIRY), texts_kept_days=row.settings.get(KEPT),
    )  # fmt: skip


def change(
    tx: Connection, shop_id: str, wanted: ShopSettings, *, by: str, now: datetime
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Keep the settings; returns what changed, each with `before` and `after`.

    Raises:
        BadInput: with the `field` that is wrong.
    """
    check(wanted)
    touch(tx, shop_id)
    before, after = asdict(load(tx, shop_id)), asdict(wanted) | {"name": wanted.name.strip()}
    changed = {name: {"before": before[name], "after": value} for name, value in after.items() if before[name] != value}
    if changed:
        kept = dict(tx.execute(select(Shop.settings).where(Shop.id == shop_id)).scalar_one())
        kept |= {name: after.pop(name) for name in (EXPIRY, KEPT)}
        settings = {name: value for name, value in kept.items() if value is not None}
        tx.execute(update(Shop).where(Shop.id == shop_id).values(**after, settings=settings))
        note(tx, shop_id, actor=by, action="shop.changed", object=shop_id, detail=changed, now=now)
    return changed


def check(wanted: ShopSettings) -> None:
    """Raises BadInput when settings do not fit."""
    check_settings(name=wanted.name, locale=wanted.locale, timezone=wanted.timezone, currency=wanted.currency)
    least, most = EXPIRY_MINUTES
    if wanted.order_expiry_minutes is not None and not least <= wanted.order_expiry_minutes <= most:
        sentence = "An unpaid order waits 5 minutes to 30 days."
        raise BadInput(sentence, code="bad_expiry_minutes", field=EXPIRY)
    if wanted.texts_kept_days is not None and wanted.texts_kept_days not in KEPT_DAYS:
        raise BadInput("Texts are kept 30, 90, 180, 365 or 730 days, or for ever.", code="bad_kept_days", field=KEPT)


def expiry_s(settings: Mapping[str, Any], house_s: int) -> int:
    """How long an unpaid order waits: as the shop says, else as the house has it."""
    minutes = settings.get(EXPIRY)
    return int(minutes) * 60 if minutes else house_s
