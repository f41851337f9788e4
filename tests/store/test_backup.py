"""Backups: whole or not there, known again by their manifest, and laid back without losing what was there."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.domain.stand import RING, Stand
from tests.stories.test_after_a_restore import PG_TOOLS

from orderbell.base.errors import BadInput, Conflict, Misconfigured, NotFound, NotReady, OrderBellError
from orderbell.base.settings import Settings
from orderbell.cli.backup import rehearse
from orderbell.store import backup, marker, meta, opening, restore
from orderbell.store.database import Store, Tx
from orderbell.store.schema import Card

NOW = datetime(2026, 11, 22, 19, tzinfo=UTC)


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's programs are where its server came from."""
    monkeypatch.setenv("PATH", f"{PG_TOOLS}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
async def copy(settings: Settings, tmp_path: Path) -> Path:
    """The backup of a shop with three cards; nothing runs any more."""
    settings.key_path.write_text("6d" * 32)
    settings.key_path.chmod(0o600)
    store = opening.open_store(settings)
    await store.write(lambda tx: meta.check_key(tx, RING))
    stand = await Stand.open(store)
    await stand.stock("KEY-1", "KEY-2", "KEY-3")
    folder = backup.make(settings, RING, tmp_path / "backups", now=NOW)
    await stand.stock("KEY-4")
    await store.close()
    return folder


def _cards(tx: Tx) -> int:
    return tx.execute(select(func.count()).select_from(Card)).scalar_one()


async def reopened(settings: Settings) -> Store:
    """The store as it is now."""
    return opening.open_store(settings)


async def test_a_backup_is_made_while_the_house_writes_and_says_what_is_in_it(copy: Path, settings: Settings) -> None:
    manifest = backup.read_manifest(copy)
    assert (manifest.rows["card"], manifest.made_at, manifest.key_check) == (3, NOW, RING.check_value())
    assert sorted(path.name for path in copy.iterdir()) == sorted(["manifest.json", manifest.database_file])
    backup.verify(copy, manifest)


async def test_the_key_comes_along_only_when_asked(copy: Path, settings: Settings, tmp_path: Path) -> None:
    both = backup.make(settings, RING, tmp_path / "both", now=NOW, with_keys=True)
    assert not (copy / "secret.key").exists() and (both / "secret.key").stat().st_mode & 0o077 == 0
    settings.key_path.unlink()
    with pytest.raises(Misconfigured, match="key file"):
        restore.restore(settings, copy, now=NOW, force=True)
    restore.restore(settings, both, now=NOW, force=True)
    assert settings.key_path.read_text() == "6d" * 32


async def test_what_was_there_is_moved_aside_and_the_house_is_marked(copy: Path, settings: Settings) -> None:
    aside = restore.restore(settings, copy, now=NOW)
    store = await reopened(settings)
    mark = await store.read(marker.find)
    assert mark is not None and mark.is_paused and mark.source == copy.name
    assert await store.read(_cards) == 3 and aside
    if not settings.database_url:
        assert Path(aside).is_file()
    await store.close()


async def test_a_database_in_use_is_not_replaced(copy: Path, settings: Settings) -> None:
    store = await reopened(settings)
    await store.read(_cards)
    with pytest.raises(OrderBellError, match=r"writing this database|use this database"):
        restore.restore(settings, copy, now=NOW)
    await store.close()


async def test_a_damaged_backup_is_refused_and_nothing_moves(copy: Path, settings: Settings) -> None:
    name = backup.read_manifest(copy).database_file
    whole = (copy / name).read_bytes()
    (copy / name).write_bytes(whole[:-100] + b"x" * 100)
    with pytest.raises(BadInput, match="altered"):
        restore.restore(settings, copy, now=NOW)
    store = await reopened(settings)
    assert await store.read(_cards) == 4
    await store.close()


async def test_another_key_is_refused(copy: Path, settings: Settings) -> None:
    settings.key_path.write_text("00" * 32)
    with pytest.raises(Misconfigured, match="not the key of this backup"):
        restore.restore(settings, copy, now=NOW)


async def test_a_drill_opens_cards_and_leaves_nothing_behind(copy: Path, settings: Settings) -> None:
    steps = dict(rehearse(settings, copy))
    assert steps["cards"].startswith("3 opened") and "tables" in steps["rows"]
    store = await reopened(settings)
    assert await store.read(_cards) == 4 and not await store.read(marker.is_paused)
    await store.close()


async def test_a_drill_finds_rows_that_are_missing(copy: Path, settings: Settings) -> None:
    text = (copy / "manifest.json").read_text()
    (copy / "manifest.json").write_text(text.replace('"card": 3', '"card": 9'))
    with pytest.raises(BadInput, match="row counts"):
        list(rehearse(settings, copy))


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_full_disk_leaves_no_half_backup(
    settings: Settings, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotReady, match="No space"):
        backup.make(settings, RING, tmp_path / "other", now=NOW)
    assert list((tmp_path / "other").iterdir()) == []


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_without_its_tools_postgresql_is_not_backed_up_by_half(
    copy: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotReady, match="pg_dump is not installed"):
        backup.make(settings, RING, tmp_path / "other", now=NOW)
    assert list((tmp_path / "other").iterdir()) == []


def test_the_oldest_backups_go_first(tmp_path: Path) -> None:
    for day in range(5):
        folder = tmp_path / f"orderbell-{NOW + timedelta(days=day):%Y%m%dT%H%M%SZ}"
        folder.mkdir()
        (folder / "manifest.json").write_text("{}")
    (tmp_path / "orderbell-notes").mkdir()
    backup.thin_out(tmp_path, 2)
    assert [path.name[10:18] for path in backup.every(tmp_path)] == ["20261125", "20261126"]
    assert (tmp_path / "orderbell-notes").exists()


def test_a_folder_that_is_no_backup_says_so(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(NotFound, match="not a backup"):
        restore.restore(settings, tmp_path, now=NOW)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_newer_database_stays_unless_forced(copy: Path, settings: Settings) -> None:
    late = restore.Restored(source="", snapshot_at=NOW - timedelta(days=1), restored_at=NOW)
    store = await reopened(settings)
    await store.write(lambda tx: tx.exec_driver_sql(_LATE_EVENT))
    await store.close()
    with pytest.raises(Conflict, match="--force"):
        restore.restore(settings, copy, now=late.restored_at)
    assert restore.restore(settings, copy, now=NOW, force=True)


_LATE_EVENT = """INSERT INTO event (id, shop_id, natural_id, type, occurred_at, received_at, body_hash, payload, state,
lane, due_at, lease_gen, tries) VALUES ('e', 's', 'n', 'order.paid', 0, 9000000000000000, '', '{}', 2, 1, 0, 0, 0)"""
