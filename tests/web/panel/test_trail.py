"""The audit trail in the panel: found, filtered, checked, taken along; and it says so when somebody changed it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends

import orderbell
from orderbell.domain import audit
from orderbell.runtime import heads
from orderbell.runtime.heads import HeadFile
from orderbell.store.database import Tx
from orderbell.store.schema import Audit, AuditHead
from orderbell.web.panel import trail
from orderbell.web.panel.trail import safe_cell

HOME = "/panel/audit"


async def note(shop: Shopkeeper, *objects: str, actor: str = "cli", **detail: object) -> None:
    def write(tx: Tx) -> None:
        for each in objects:
            audit.note(tx, shop.id, actor=actor, action="product.changed", object=each, detail=detail,
                       now=shop.house.clock.now())  # fmt: skip

    await shop.house.store.write(write)


def test_every_deed_the_house_writes_down_has_a_word() -> None:
    sources = [path.read_text() for path in Path(orderbell.__file__).parent.rglob("*.py")]
    written = {action for text in sources for action in re.findall(r'action="([a-z_.]+)"', text)}
    assert len(written) > 30 and written - set(trail.ACTIONS) == set()


async def test_the_trail_says_who_did_what_and_that_it_is_whole(panel: Client, shop: Shopkeeper) -> None:
    await note(shop, "prd_1", ip="203.0.113.9", fields=["title"])
    page = (await panel.get(HOME)).text
    for told in ("The trail is whole", "Signed in", "Changed a product", "Command line", "203.0.113.9", "title"):
        assert told in page


async def test_a_changed_row_is_told_on_the_page(panel: Client, shop: Shopkeeper) -> None:
    await note(shop, "prd_1")
    await shop.house.store.write(
        lambda tx: tx.execute(update(Audit).where(Audit.object == "prd_1").values(actor="stf_x"))
    )
    page = (await panel.get(HOME)).text
    assert "was changed in the database" in page and "The trail is whole" not in page


async def test_a_cut_end_shows_by_the_ends_kept_outside(panel: Client, shop: Shopkeeper) -> None:
    await note(shop, "prd_1")
    house = shop.house
    assert await heads.keep_once(house, HeadFile.of(house.settings, house.keyring)) == 1
    last = (await house.store.read(lambda tx: audit.head_of(tx, shop.id))).seq

    def cut(tx: Tx) -> None:
        tx.execute(delete(Audit).where(Audit.seq == last))
        before = tx.execute(Audit.__table__.select().where(Audit.seq == last - 1)).one()
        tx.execute(update(AuditHead).values(seq=before.seq, hash=before.hash))

    await house.store.write(cut)
    assert f"gone from place {last} on" in (await panel.get(HOME)).text


@pytest.mark.parametrize(("query", "seen", "hidden"), [
    ("q=prd_1", "prd_1", "prd_2"), ("actor=cli", "prd_1", "Signed in"), ("q=zzz", "Nothing fits", "prd_1"),
    ("action=staff.signed_in", "Signed in", "prd_1"),
])  # fmt: skip
async def test_the_trail_is_filtered(panel: Client, shop: Shopkeeper, query: str, seen: str, hidden: str) -> None:
    await note(shop, "prd_1", "prd_2")
    part = (await panel.get(f"{HOME}?{query}", headers={"hx-request": "true", "hx-target": "results"})).text
    assert seen in part and hidden not in part and "<html" not in part


async def test_a_long_trail_comes_in_pages(panel: Client, shop: Shopkeeper) -> None:
    await note(shop, *(f"prd_{n:03}" for n in range(120)))
    found, before = [], ""
    for _ in range(3):
        page = (await panel.get(f"{HOME}?actor=cli&before={before}")).text
        found += re.findall(r'title="(prd_\d+)"', page)
        older = re.search(r"rel=\"next\" href=\"[^\"]*before=(\d+)", page)
        before = older[1] if older else ""
    assert found == [f"prd_{n:03}" for n in reversed(range(120))]


async def test_the_trail_is_for_those_who_may_see_it(onlooker: Client) -> None:
    assert (await onlooker.get(HOME)).status_code == 403
    assert HOME not in (await onlooker.get("/panel")).text


async def test_a_table_taken_along_holds_the_rows_and_no_formula(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await note(shop, "=HYPERLINK(1)", title="名")
    answer = await send(HOME, f"{HOME}/export", actor="cli")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("place,at,actor") and len(lines) == 2
    assert ",'=HYPERLINK(1)," in lines[1] and "Title: 名" in lines[1]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_no_cell_begins_a_formula(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}" and safe_cell("a" + cell) == "a" + cell
