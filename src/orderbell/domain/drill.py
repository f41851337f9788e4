"""Does a restored copy really open? A sample of its cards is decrypted; the keys are looked at and forgotten."""

from __future__ import annotations

from sqlalchemy import func, select

from orderbell.base.errors import BadInput
from orderbell.base.secrets import Keyring
from orderbell.domain.cards import Vault
from orderbell.store.database import Tx
from orderbell.store.schema import Card, Shop

SAMPLE = 100


def open_sample(tx: Tx, keyring: Keyring) -> int:
    """Open up to SAMPLE cards, spread over all shops, and see that each is the key that was put in; how many.

    Raises:
        Misconfigured: the key file does not open them.
        BadInput: `backup_damaged`, a card opens to another key than it was made from.
    """
    opened = 0
    for shop in tx.execute(select(Shop.id, Shop.data_key).order_by(func.random()).limit(SAMPLE)).all():
        vault = Vault(shop_id=shop.id, box=keyring.box(shop.id, shop.data_key), keyring=keyring)
        query = select(Card.id, Card.product_id, Card.sealed, Card.fingerprint).where(Card.shop_id == shop.id)
        for card in tx.execute(query.order_by(func.random()).limit(SAMPLE - opened)):
            if vault.fingerprint(vault.open(card.product_id, card.id, card.sealed)) != card.fingerprint:
                raise BadInput(f"The card {card.id} opens to something else.", code="backup_damaged")
            opened += 1
    return opened
