"""The ends of the audit trails outside the database: kept once, proven, readable after a crash (promise H5)."""

from __future__ import annotations

import pytest
from tests.cast import Shopkeeper
from tests.desk import Desk

from orderbell.domain import audit
from orderbell.domain.audit import Head
from orderbell.runtime import heads
from orderbell.runtime.heads import HeadFile


@pytest.fixture
def file(desk: Desk) -> HeadFile:
    """The file of the desk's house."""
    return HeadFile.of(desk.house.settings, desk.house.keyring)


async def deed(shop: Shopkeeper) -> None:
    now = shop.house.clock.now()
    await shop.house.store.write(lambda tx: audit.note(tx, shop.id, actor="cli", action="x", object="y", now=now))


async def test_an_end_is_kept_once_and_again_when_it_moved(desk: Desk, file: HeadFile) -> None:
    await deed(desk.shop)
    assert [await heads.keep_once(desk.house, file) for _ in range(2)] == [1, 0]
    await deed(desk.shop)
    assert await heads.keep_once(desk.house, file) == 1
    assert len(file.read().of(desk.shop.id)) == 2
    assert file.path.stat().st_mode & 0o777 == 0o600


async def test_a_line_cut_short_by_a_crash_harms_no_other(desk: Desk, file: HeadFile) -> None:
    file.add({"shp_1": Head(1, "a")}, desk.clock.now())
    whole = file.path.read_bytes()
    file.path.write_bytes(whole + whole[: len(whole) // 2].strip())
    file.add({"shp_1": Head(2, "b")}, desk.clock.now())
    kept = file.read()
    assert (kept.of("shp_1"), kept.forged) == ([Head(1, "a"), Head(2, "b")], 0)


async def test_a_line_this_house_never_wrote_is_told(desk: Desk, file: HeadFile) -> None:
    await deed(desk.shop)
    HeadFile(file.path, b"another key").add({desk.shop.id: Head(1, "a")}, desk.clock.now())
    (told,) = (await heads.verify_all(desk.house, {}))["shops"]
    assert (told["why"], told["heads"], file.read().forged) == ("forged_head", 0, 1)


async def test_every_shop_is_verified_against_its_own_ends(desk: Desk, file: HeadFile) -> None:
    other = await Shopkeeper.open(desk.house)
    await heads.keep_once(desk.house, file)
    told = (await heads.verify_all(desk.house, {}))["shops"]
    assert {each["shop"] for each in told} == {desk.shop.id, other.id}
    assert all(each["why"] == "" and each["heads"] == 1 for each in told)
