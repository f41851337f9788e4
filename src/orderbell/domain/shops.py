"""Shops: how one comes into being, with its keys and stock rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import available_timezones

from sqlalchemy import insert, select

from orderbell.base.errors import BadInput
from orderbell.base.ids import new_id
from orderbell.base.money import exponent
from orderbell.base.secrets import Keyring
from orderbell.domain import rules
from orderbell.store.database import Tx
from orderbell.store.schema import Shop


def create_shop(
    tx: Tx, keyring: Keyring, *, name: str, channels: Sequence[str], now: datetime, demo: bool = False
) -> str:
    """A new shop in China's language, zone and money, with its stock rules; its id."""
    id_ = new_id("shop")
    tx.execute(
        insert(Shop).values(
            id=id_, name=name, locale="zh-CN", timezone="Asia/Shanghai", currency="CNY", demo=int(demo),
            data_key=keyring.new_data_key(id_), settings={}, created_at=now,
        )
    )  # fmt: skip
    rules.add_presets(tx, id_, demo=demo, channels=channels, now=now)
    return id_


def only_shop(tx: Tx) -> str | None:
    """The oldest shop's id; None in a new database."""
    return tx.execute(select(Shop.id).order_by(Shop.id).limit(1)).scalar_one_or_none()


def check_settings(*, name: str, locale: str, timezone: str, currency: str) -> None:
    """Raises BadInput when a shop's settings do not fit."""
    if not name.strip() or len(name) > 100:
        raise BadInput("A shop's name is 1 to 100 characters.", code="bad_name", field="name")
    if locale not in ("zh-CN", "en"):
        raise BadInput("The shop's language is zh-CN or en.", code="bad_locale", field="locale")
    if timezone not in available_timezones():
        raise BadInput(f"{timezone[:40]!r} is not a time zone.", code="bad_timezone", field="timezone")
    exponent(currency)
