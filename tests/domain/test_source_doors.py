"""Connections to shop systems: their secrets are sealed, their addresses lead back to them."""

from __future__ import annotations

import pytest
from tests.cast import Shopkeeper

from orderbell.base.errors import BadInput, NotFound
from orderbell.domain import sources
from orderbell.domain.sources import OpenedSource
from orderbell.store.schema import SourceRow


async def connect(shop: Shopkeeper, kind: str, **values: str) -> OpenedSource:
    vault, now = await shop.house.vault(shop.id), shop.house.clock.now()
    return await shop.house.store.write(
        lambda tx: sources.add_source(tx, vault, kind=kind, name="x", values=values, by="test", now=now)
    )


async def test_a_connection_is_found_by_the_token_of_its_address(shop: Shopkeeper) -> None:
    opened = await connect(shop, "signed")
    row = await shop.house.store.read(lambda tx: sources.find_by_token(tx, "signed", opened.token))
    assert row is not None and row.id == opened.id
    assert await shop.house.store.read(lambda tx: sources.find_by_token(tx, "woocommerce", opened.token)) is None


async def test_a_signed_system_gets_a_secret_and_neither_it_nor_the_token_is_stored_in_clear(shop: Shopkeeper) -> None:
    opened = await connect(shop, "signed")
    assert opened.secret.startswith("whsec_")
    stored = repr(await shop.rows(SourceRow))
    assert opened.secret not in stored and opened.token not in stored


async def test_after_a_change_the_old_secret_still_counts_beside_the_new(shop: Shopkeeper) -> None:
    opened, vault = await connect(shop, "woocommerce", secret="old"), await shop.house.vault(shop.id)
    now, store = shop.house.clock.now(), shop.house.store
    await store.write(
        lambda tx: sources.change_source(tx, vault, opened.id, name="y", values={"secret": "new"}, by="x", now=now)
    )
    row = await store.read(lambda tx: sources.get(tx, shop.id, opened.id))
    assert sources.open_secrets(vault, row) == ["new", "old"] and row.name == "y"


@pytest.mark.parametrize(("kind", "values"), [
    ("taobao", {}), ("signed", {"colour": "red"}), ("dujiaoka", {"goods_kind": "some"}),
])  # fmt: skip
async def test_a_form_that_does_not_fit_is_refused(shop: Shopkeeper, kind: str, values: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        await connect(shop, kind, **values)


async def test_a_removed_connection_is_gone(shop: Shopkeeper) -> None:
    opened, now = await connect(shop, "dujiaoka"), shop.house.clock.now()
    await shop.house.store.write(lambda tx: sources.remove_source(tx, shop.id, opened.id, by="x", now=now))
    with pytest.raises(NotFound):
        await shop.house.store.read(lambda tx: sources.get(tx, shop.id, opened.id))
