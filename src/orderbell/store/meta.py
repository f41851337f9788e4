"""What a database knows about itself: above all, which key it was made with."""

from __future__ import annotations

from sqlalchemy import insert, select

from orderbell.base.errors import Misconfigured
from orderbell.base.secrets import Keyring
from orderbell.store.database import Tx
from orderbell.store.schema import Meta

_KEY = "key_check"


def check_key(tx: Tx, keyring: Keyring) -> None:
    """Remember the key of a new database; know it again in an old one.

    Raises:
        Misconfigured: `wrong_key`: nothing sealed in this database would open, so nothing starts.
    """
    known = tx.execute(select(Meta.value).where(Meta.name == _KEY)).scalar_one_or_none()
    if known is None:
        tx.execute(insert(Meta).values(name=_KEY, value=keyring.check_value()))
    elif known != keyring.check_value():
        raise Misconfigured(
            "The secret key file is not the one this database was made with; put the right file back.",
            code="wrong_key",
        )
