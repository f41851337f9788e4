"""`orderbell doctor`: what is wrong is said, with how to mend it; what is merely unwise is only noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cast import Shopkeeper
from tests.nats import running

from orderbell.base.settings import Settings
from orderbell.cli import checkup
from orderbell.cli.checkup import Finding
from orderbell.runtime.house import House
from orderbell.store import disk, marker, meta
from orderbell.store.marker import Restored

NOW = datetime.now(UTC)
AWAY = "postgresql://127.0.0.1:9/none"


async def found(settings: Settings, what: str) -> Finding:
    """What the doctor says of one thing."""
    return next(each for each in await checkup.examine(settings) if each.what == what)


async def test_a_sound_house_has_nothing_bad(house: House, shop: Shopkeeper) -> None:
    await shop.stock("KEY-1")
    await shop.says("order.paid", "N-1")
    await shop.settled()
    assert [each for each in await checkup.examine(house.settings) if not each.ok] == []
    assert (await found(house.settings, "allocation journal")).words.startswith("1 lines in 1 files")


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_an_altered_journal_is_bad(house: House, shop: Shopkeeper) -> None:
    await shop.stock("KEY-1")
    await shop.says("order.paid", "N-1")
    await shop.settled()
    path = house.settings.journal_path
    path.write_bytes(path.read_bytes().replace(b"N-1", b"N-2"))
    finding = await found(house.settings, "allocation journal")
    assert not finding.ok and "chain is broken" in finding.words


async def test_a_paused_house_is_bad(house: House) -> None:
    mark = Restored(source="b", snapshot_at=NOW, restored_at=NOW)
    await house.store.write(lambda tx: marker.put(tx, mark))
    assert "--confirm" in (await found(house.settings, "restore")).words


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_journal_on_the_database_s_own_disk_is_noted(house: House) -> None:
    finding = await found(house.settings, "journal's place")
    assert finding.ok and finding.advice and "ORDERBELL_ALLOCATION_JOURNAL" in finding.words


@pytest.mark.parametrize(("age_h", "noted"), [(1, False), (50, True)])
async def test_an_old_backup_is_noted(house: House, age_h: int, noted: bool) -> None:
    at = (NOW - timedelta(hours=age_h)).isoformat(" ", "minutes")
    await house.store.write(lambda tx: meta.put(tx, "last_backup", f"{at} · /backup"))
    assert (await found(house.settings, "last backup")).advice is noted


async def test_a_house_without_any_backup_is_noted(house: House) -> None:
    assert "ORDERBELL_BACKUP_DIR" in (await found(house.settings, "last backup")).words


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_before_the_first_start_nothing_is_bad(settings: Settings, tmp_path: Path) -> None:
    fresh = replace(settings, data_dir=tmp_path / "fresh")
    assert [each for each in await checkup.examine(fresh) if not each.ok] == []


@pytest.mark.parametrize(("kind", "network"), [
    ("ext4", False), ("xfs", False), ("overlay", False), ("tmpfs", False), ("fuse.fuse-overlayfs", False),
    ("nfs4", True), ("cifs", True), ("smb3", True), ("9p", True), ("fuse.sshfs", True), ("fuse.rclone", True),
])  # fmt: skip
def test_disks_of_other_machines_are_known(kind: str, network: bool) -> None:
    assert disk.is_network(kind) is network


@pytest.mark.parametrize("read", [disk.file_system])
def test_the_kind_of_a_folder_s_disk_is_read(read: Callable[[Path], str], tmp_path: Path) -> None:
    assert read(tmp_path) == read(tmp_path / "not yet there") != ""


@pytest.mark.parametrize(("sync", "sound"), [("always", True), ("2m", False)])
async def test_the_servers_between_processes_are_looked_at(tmp_path: Path, sync: str, sound: bool) -> None:
    with running(tmp_path, sync=sync) as server:
        said = await found(Settings(data_dir=tmp_path, database_url=AWAY, **server.settings()), "engine")
    assert (said.ok, said.advice) == (sound, False)
    assert said.words.startswith("1 of 1 NATS servers" if sound else "JetStream on http://127.0.0.1")


async def test_a_server_that_is_away_is_noted(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        told = server.settings(engine_monitor_url=f"{server.monitor},http://127.0.0.1:9")
        said = await found(Settings(data_dir=tmp_path, database_url=AWAY, **told), "engine")
    assert said.advice and said.words.startswith("1 of 2 NATS servers")


async def test_a_database_that_is_away_is_bad(tmp_path: Path) -> None:
    said = await found(Settings(data_dir=tmp_path, database_url=AWAY), "database")
    assert not said.ok and "connection" in said.words
