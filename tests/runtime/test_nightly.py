"""The nightly backup: one a day after its hour, kept to a number, remembered by the database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.cast import Shopkeeper

from orderbell.base.settings import Settings
from orderbell.runtime import nightly
from orderbell.runtime.house import House, build
from orderbell.store import backup
from orderbell.store.schema import Meta


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(("last", "now", "due"), [
    (None, at(22, 3), True),
    (at(21, 19, 1), at(22, 18, 59), False),
    (at(21, 19, 1), at(22, 19), True),
    (at(20, 19, 1), at(22, 3), True),
    (at(22, 20), at(22, 23), False),
])  # fmt: skip
def test_a_backup_is_due_once_the_clock_showed_its_hour(last: datetime | None, now: datetime, due: bool) -> None:
    assert nightly.is_due(last, 19, now) is due


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With a place for backups, of which one is kept."""
    return replace(settings, backup_dir=str(tmp_path / "nightly"), backup_keep=1)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_the_running_house_backs_itself_up(house: House, shop: Shopkeeper) -> None:
    keeping = asyncio.create_task(nightly.keep(house))
    async with asyncio.timeout(20):
        while not await house.store.read(_remembered):
            await asyncio.sleep(0.05)
    keeping.cancel()
    (folder,) = backup.every(Path(house.settings.backup_dir))
    assert (await house.store.read(_remembered) or "").endswith(str(folder))
    assert backup.read_manifest(folder).rows["shop"] == 1


def _remembered(tx: object) -> str | None:
    found: str | None = tx.execute(select(Meta.value).where(Meta.name == "last_backup")).scalar()  # type: ignore[attr-defined]
    return found


async def test_a_house_without_a_place_for_them_makes_none(settings: Settings) -> None:
    house = build(replace(settings, backup_dir=""))
    await asyncio.wait_for(nightly.keep(house), 5)
    assert await house.store.read(_remembered) is None
    await house.channels.close()
    await house.store.close()
