"""Keys are changed while the house works, and a kill at any moment costs nothing (promise H3)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update
from tests.cast import Shopkeeper
from tests.conftest import TurnedClock
from tests.desk import Desk
from tests.life import full_life

from orderbell.base import keyfile
from orderbell.base.errors import Conflict, Misconfigured
from orderbell.base.secrets import Keyring, Sealed
from orderbell.domain import goods, rotation
from orderbell.domain.goods import Viewer
from orderbell.runtime import rotation as running
from orderbell.store.database import Tx
from orderbell.store.schema import Audit, Card, Shop
from orderbell.store.sealed import SEALED


async def lived(desk: Desk) -> Shopkeeper:
    """The desk's shop after a life that stored every kind of secret."""
    await full_life(desk.shop, settle=desk.decide)
    return desk.shop


async def rotate(shop: Shopkeeper, deed: Any) -> dict[str, Any]:
    """Ask until it is finished, as the command line does."""
    told: dict[str, Any] = await deed(shop.house, {})
    while not told["finished"]:
        told = await deed(shop.house, {**told, "going_on": True})
    return told


async def shown(shop: Shopkeeper) -> list[str]:
    """The keys both orders show."""
    vault, now = await shop.house.vault(shop.id), shop.house.clock.now()
    orders = [await shop.order(number) for number in ("N-1", "N-2")]

    def read(tx: Tx) -> list[str]:
        viewer = Viewer(by="buyer")
        return [p.key for o in orders for p in goods.reveal(tx, vault, o.id, viewer=viewer, now=now)]

    return await shop.house.store.write(read)


def unopened(tx: Tx, ring: Keyring, newest: bool) -> int:
    """How many sealed values do not open: with the shops' keys, or with the newest of them alone."""
    bad = 0
    for column in SEALED:
        for row in tx.execute(column.after("", 1000)):
            wrapped = tx.execute(select(Shop.data_key).where(Shop.id == row.shop_id)).scalar_one()
            try:
                ring.box(row.shop_id, wrapped[:60] if newest else wrapped).open(
                    Sealed.unpack(row.value), *column.words(row)
                )
            except Misconfigured:
                bad += 1
    return bad


async def test_a_new_wrapping_key_takes_over_and_the_old_one_goes(desk: Desk) -> None:
    shop = await lived(desk)
    path, before = shop.house.settings.key_path, await shown(shop)
    old = keyfile.read(path)
    told = await rotate(shop, running.rotate_wrapping_key)
    new = keyfile.read(path)
    assert told["done"] == 1 and not new.is_rotating and new.wraps != old.wraps and new.root == old.root
    wrapped = await shop.house.store.read(lambda tx: tx.execute(select(Shop.data_key)).scalar_one())
    with pytest.raises(Misconfigured):
        Keyring(old.root, *old.wraps).box(shop.id, wrapped)
    assert await shown(shop) == before


async def test_many_shops_keys_are_all_wrapped_anew(desk: Desk) -> None:
    shops = [await Shopkeeper.open(desk.house) for _ in range(running.SHOPS_A_PIECE // 20)]
    told = await rotate(shops[0], running.rotate_wrapping_key)
    assert told["done"] == len(shops) + 1
    ring = Keyring.of_file(desk.house.settings.key_path)
    rows = await desk.house.store.read(lambda tx: tx.execute(select(Shop.id, Shop.data_key)).all())
    assert all(ring.box(row.id, row.data_key) for row in rows)


async def test_a_killed_rotation_goes_on_with_the_key_it_had_begun(desk: Desk) -> None:
    shop = await lived(desk)
    path = shop.house.settings.key_path
    begun = keyfile.add_wrap(path)
    # Dead here: file changed, no shop yet. A new process opens everything, and the next call finishes the same key.
    assert await shop.house.store.read(lambda tx: unopened(tx, Keyring.of_file(path), newest=False)) == 0
    await rotate(shop, running.rotate_wrapping_key)
    assert keyfile.read(path).wraps == begun.wraps[:1]


async def test_a_prepared_key_waits_for_the_other_machines(desk: Desk) -> None:
    shop = desk.shop
    await running.rotate_wrapping_key(shop.house, {"prepare": True})
    assert keyfile.read(shop.house.settings.key_path).is_rotating
    wrapped = await shop.house.store.read(lambda tx: tx.execute(select(Shop.data_key)).scalar_one())
    Keyring(keyfile.read(shop.house.settings.key_path).root).box(shop.id, wrapped)


async def test_new_data_keys_close_every_secret_anew(desk: Desk) -> None:
    shop = await lived(desk)
    before = await shown(shop)
    told = await rotate(shop, running.rotate_data_keys)
    assert told["done"] >= len(SEALED) and told["unreadable"] == 0
    ring = shop.house.keyring
    assert await shop.house.store.read(lambda tx: unopened(tx, ring, newest=True)) == 0
    assert await shown(shop) == before


async def test_a_killed_walk_goes_on_where_it_stood(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = await lived(desk)
    monkeypatch.setattr(running, "SLICE_S", 0.0)
    monkeypatch.setattr(running, "VALUES_A_PIECE", 1)
    house = shop.house
    ring = Keyring.of_file(house.settings.key_path)
    # Each round is a process that reads where the walk stands and dies after one piece.
    while not (walk := await house.store.write(lambda tx: rotation.begin(tx, house.clock.now()))).is_over:
        assert await house.store.read(lambda tx: unopened(tx, ring, newest=False)) == 0
        await running._further(house, walk)
    assert walk.done >= len(SEALED)
    assert await house.store.read(lambda tx: unopened(tx, house.keyring, newest=True)) == 0


async def test_what_a_deed_closed_with_the_key_before_still_opens(desk: Desk) -> None:
    shop = await lived(desk)
    late = (await shop.house.vault(shop.id)).box
    await rotate(shop, running.rotate_data_keys)
    box = (await shop.house.vault(shop.id)).box
    assert box.open(late.close(b"late", "x"), "x") == b"late"


async def test_only_two_data_keys_are_kept(desk: Desk, clock: TurnedClock) -> None:
    shop = await lived(desk)
    for _ in range(3):
        await rotate(shop, running.rotate_data_keys)
        clock.turn(hours=2)
    wrapped = await shop.house.store.read(lambda tx: tx.execute(select(Shop.data_key)).scalar_one())
    assert len(wrapped) == rotation.KEPT_KEYS * 60


async def test_two_walks_within_an_hour_are_refused(desk: Desk) -> None:
    await rotate(desk.shop, running.rotate_data_keys)
    with pytest.raises(Conflict, match="less than an hour"):
        await running.rotate_data_keys(desk.house, {})


async def test_a_value_changed_during_the_walk_is_kept(desk: Desk) -> None:
    shop = await lived(desk)
    store = shop.house.store
    walk = await _at_the_cards(shop)
    piece = await store.read(lambda tx: rotation.look(tx, shop.house.keyring, walk, 100))
    assert piece and piece.rows
    changed = await store.write(lambda tx: _seal_anew(tx, piece.rows[0]))
    await store.write(lambda tx: rotation.keep(tx, rotation.reseal(piece)))
    assert {row.id: row.sealed for row in await shop.rows(Card)}[piece.rows[0].key] == changed


async def _at_the_cards(shop: Shopkeeper) -> rotation.Walk:
    house = shop.house
    walk = await house.store.write(lambda tx: rotation.begin(tx, house.clock.now()))
    while walk.column is None or walk.column.model is not Card:
        walk = await running._further(house, walk)
    return walk


def _seal_anew(tx: Tx, row: Any) -> bytes:
    tx.execute(update(Card).where(Card.id == row.key).values(sealed=b"changed meanwhile"))
    return b"changed meanwhile"


async def test_a_value_no_key_opens_is_counted_and_keeps_the_old_keys(desk: Desk, clock: TurnedClock) -> None:
    shop = await lived(desk)
    await rotate(shop, running.rotate_data_keys)
    clock.turn(hours=2)
    await shop.house.store.write(lambda tx: tx.execute(update(Card).values(sealed=b"x" * 40)))
    told = await rotate(shop, running.rotate_data_keys)
    wrapped = await shop.house.store.read(lambda tx: tx.execute(select(Shop.data_key)).scalar_one())
    assert (told["unreadable"], len(wrapped)) == (2, 3 * 60)


async def test_two_processes_cannot_walk_at_once(desk: Desk) -> None:
    shop = await lived(desk)
    walk = await _at_the_cards(shop)
    await running._further(shop.house, walk)
    with pytest.raises(Conflict, match="Another process"):
        await running._further(shop.house, walk)


async def test_every_change_of_a_shops_keys_is_in_its_trail(desk: Desk) -> None:
    await rotate(desk.shop, running.rotate_wrapping_key)
    await rotate(desk.shop, running.rotate_data_keys)
    actions = [row.action for row in await desk.shop.rows(Audit)]
    assert actions.count("data_key.rewrapped") == actions.count("data_key.changed") == 1


async def test_a_key_file_that_cannot_be_replaced_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(Misconfigured, match="Permission denied"):
        await running.rotate_wrapping_key(desk.house, {})
