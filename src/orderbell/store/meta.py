"""What a database knows about itself: above all, which key it was made with."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite

from orderbell.base.errors import Misconfigured
from orderbell.base.secrets import Keyring
from orderbell.store.database import Tx
from orderbell.store.schema import Meta, Shop

_KEY = "key_check"
_MOST_TRIED = 1000


def check_key(tx: Tx, keyring: Keyring) -> None:
    """Remember the key of a new database; know it again in an old one, and see that it opens the shops' keys.

    Raises:
        Misconfigured: nothing sealed in this database would open, so nothing starts.
    """
    if not has_key(tx):
        tx.execute(insert(Meta).values(name=_KEY, value=keyring.check_value()))
    compare_key(tx, keyring)
    for shop in tx.execute(select(Shop.id, Shop.data_key).order_by(Shop.id).limit(_MOST_TRIED)):
        keyring.box(shop.id, shop.data_key)


def compare_key(tx: Tx, keyring: Keyring) -> None:
    """Let pass the key this database was made with; a new database has none and takes any.

    Raises:
        Misconfigured: `wrong_key`.
    """
    known = tx.execute(select(Meta.value).where(Meta.name == _KEY)).scalar_one_or_none()
    if known is not None and known != keyring.check_value():
        raise Misconfigured(
            "The secret key file is not the one this database was made with; put the right file back.",
            code="wrong_key",
        )


def has_key(tx: Tx) -> bool:
    """Whether this database was ever started with a key."""
    return tx.execute(select(Meta.name).where(Meta.name == _KEY)).first() is not None


def put(tx: Tx, name: str, value: str) -> None:
    """Keep a value under a name, in the place of what was there."""
    fresh = (sqlite if tx.dialect.name == "sqlite" else postgresql).insert(Meta).values(name=name, value=value)
    tx.execute(fresh.on_conflict_do_update(index_elements=["name"], set_={"value": fresh.excluded.value}))
