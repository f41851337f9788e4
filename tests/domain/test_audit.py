"""The audit trail is a chain: what is changed, taken out, put in or cut off shows (promise H5)."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import delete, insert, select, update
from tests.domain.stand import NOW, Stand

from orderbell.domain import audit
from orderbell.domain.audit import Head, Verdict
from orderbell.store.database import Tx
from orderbell.store.schema import Audit, AuditHead

ROWS = 12


def write(tx: Tx, shop_id: str, n: int) -> None:
    detail = {"n": n, "名": "卡密", "list": [1, None, 2.5], "ip": "203.0.113.9"}
    audit.note(tx, shop_id, actor="stf_1", action="product.changed", object=f"prd_{n}", detail=detail, now=NOW)


@pytest.fixture
async def trail(stand: Stand) -> Stand:
    """A shop with twelve rows in its trail."""

    def fill(tx: Tx) -> None:
        for n in range(ROWS):
            write(tx, stand.vault.shop_id, n)

    await stand.store.write(fill)
    return stand


async def verdict(stand: Stand, *seen: Head) -> Verdict:
    return await stand.store.read(lambda tx: audit.verify(tx, stand.vault.shop_id, seen))


async def change(stand: Stand, place: int, **values: object) -> None:
    mine = (Audit.shop_id == stand.vault.shop_id, Audit.seq == place)
    await stand.store.write(lambda tx: tx.execute(update(Audit).where(*mine).values(**values)))


async def test_an_untouched_trail_is_sound(trail: Stand) -> None:
    head = await trail.store.read(lambda tx: audit.head_of(tx, trail.vault.shop_id))
    assert await verdict(trail, head) == Verdict(rows=ROWS) and head.seq == ROWS


@pytest.mark.parametrize("values", [
    {"actor": "stf_2"}, {"action": "product.removed"}, {"object": "prd_x"}, {"ip": None}, {"detail": {}},
    {"at": NOW.replace(hour=11)}, {"id": "aud_x"}, {"hash": "0" * 64},
])  # fmt: skip
async def test_a_changed_row_shows_where_it_stands(trail: Stand, values: dict[str, object]) -> None:
    await change(trail, 5, **values)
    found = await verdict(trail)
    assert (found.ok, found.why, found.at_seq) == (False, "changed", 5)


@pytest.mark.parametrize("seq", [1, 6, ROWS])
async def test_a_row_taken_out_shows(trail: Stand, seq: int) -> None:
    mine = (Audit.shop_id == trail.vault.shop_id, Audit.seq == seq)
    await trail.store.write(lambda tx: tx.execute(delete(Audit).where(*mine)))
    found = await verdict(trail)
    assert not found.ok and found.at_seq == seq


async def test_two_rows_that_changed_places_show(trail: Stand) -> None:
    for old, new in ((5, 99), (6, 5), (99, 6)):
        await change(trail, old, seq=new)
    assert (await verdict(trail)).at_seq == 5


async def test_a_row_put_in_at_the_end_shows(trail: Stand) -> None:
    def put_in(tx: Tx) -> None:
        row = dict(tx.execute(select(Audit.__table__).where(Audit.seq == ROWS)).mappings().one())
        tx.execute(insert(Audit).values(**row | {"id": "aud_x", "seq": ROWS + 1}))

    await trail.store.write(put_in)
    assert (await verdict(trail)).why == "changed"


async def test_an_end_cut_off_with_its_head_shows_against_a_head_kept_elsewhere(trail: Stand) -> None:
    shop_id = trail.vault.shop_id
    seen = await trail.store.read(lambda tx: audit.head_of(tx, shop_id))

    def cut(tx: Tx) -> None:
        tx.execute(delete(Audit).where(Audit.shop_id == shop_id, Audit.seq > 8))
        last = tx.execute(select(Audit.hash).where(Audit.shop_id == shop_id, Audit.seq == 8)).scalar_one()
        tx.execute(update(AuditHead).where(AuditHead.shop_id == shop_id).values(seq=8, hash=last))

    await trail.store.write(cut)
    assert (await verdict(trail)).ok
    assert await verdict(trail, seen) == Verdict(rows=8, why="cut", at_seq=9)


async def test_a_whole_new_chain_shows_against_a_head_kept_elsewhere(trail: Stand) -> None:
    shop_id = trail.vault.shop_id
    seen = await trail.store.read(lambda tx: audit.head_of(tx, shop_id))

    def forge(tx: Tx) -> None:
        tx.execute(delete(Audit).where(Audit.shop_id == shop_id))
        tx.execute(delete(AuditHead).where(AuditHead.shop_id == shop_id))
        for n in range(ROWS):
            write(tx, shop_id, n + 1)

    await trail.store.write(forge)
    assert (await verdict(trail)).ok
    assert (await verdict(trail, seen)).why == "not_the_seen"


async def test_rows_written_at_once_take_different_places(stand: Stand) -> None:
    shop_id = stand.vault.shop_id
    await asyncio.gather(*(stand.store.write(lambda tx, n=n: write(tx, shop_id, n)) for n in range(40)))  # type: ignore[misc]
    assert await verdict(stand) == Verdict(rows=40)


async def test_a_deed_that_fails_leaves_no_row_and_no_gap(trail: Stand) -> None:
    def fail(tx: Tx) -> None:
        write(tx, trail.vault.shop_id, 99)
        raise RuntimeError("after the note")

    with pytest.raises(RuntimeError):
        await trail.store.write(fail)
    await trail.store.write(lambda tx: write(tx, trail.vault.shop_id, 100))
    assert await verdict(trail) == Verdict(rows=ROWS + 1)


async def test_each_shop_has_a_chain_of_its_own(trail: Stand) -> None:
    await trail.store.write(lambda tx: write(tx, "shp_other", 1))
    other = await trail.store.read(lambda tx: audit.verify(tx, "shp_other"))
    assert (other, await verdict(trail)) == (Verdict(rows=1), Verdict(rows=ROWS))
