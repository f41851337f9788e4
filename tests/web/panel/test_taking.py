"""Tables to take along: filtered, in the shop's time and the reader's words, harmless in a spreadsheet, noted."""

from __future__ import annotations

import csv
import io

import pytest
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends, enter

from orderbell.store.schema import Audit
from orderbell.web.panel.taking import BOM, sheet

LISTS = ("messages", "orders", "customers")


async def taken(send: Sends, page: str, q: str = "") -> list[dict[str, str]]:
    """The rows of a table."""
    answer = await send("/panel/keys", f"/panel/{page}/export", q=q)
    assert answer.status_code == 200 and answer.text.startswith(BOM)
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix(BOM))))


async def test_messages_are_taken_as_they_are_filtered(panel: Client, shop: Shopkeeper, sold: str, send: Sends) -> None:
    rows = await taken(send, "messages", "channel:email who:buyer")
    assert {row["Channel"] for row in rows} == {"E-mail"} and {row["To"] for row in rows} == {"a@example.com"}


async def test_an_order_is_a_row_with_its_goods_and_money(
    panel: Client, shop: Shopkeeper, sold: str, send: Sends
) -> None:
    (row,) = await taken(send, "orders")
    assert (row["Order"], row["Amount"], row["Currency"]) == (sold, "99.00", "CNY")
    assert row["Goods"] == "Steam 充值卡 ¥100 × 1" and row["Status"] == "Goods delivered"


async def test_moments_are_of_the_shops_time_zone(panel: Client, shop: Shopkeeper, sold: str, send: Sends) -> None:
    (row,) = await taken(send, "orders")
    hours = (await shop.order(sold)).created_at.astimezone().tzinfo
    assert hours is not None and len(row["Placed"]) == len("2026-11-22 10:00:00")


async def test_a_phone_number_cannot_begin_a_formula(panel: Client, shop: Shopkeeper, sold: str, send: Sends) -> None:
    (row,) = await taken(send, "customers")
    assert row["How to reach them"] == "a@example.com, +8613800000000"
    assert sheet([["+8613800000000"]]) == "'+8613800000000\r\n"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_ever_a_formula_or_a_second_line(cell: str) -> None:
    assert sheet([[cell]]).startswith("'") or sheet([[cell]]) == "'" + cell.strip() + "\r\n"
    assert sheet([[cell, "x"]]).count("\n") == 1


@pytest.mark.parametrize("page", LISTS)
async def test_taking_a_table_along_is_noted_with_its_filter(
    panel: Client, shop: Shopkeeper, sold: str, send: Sends, page: str
) -> None:
    await taken(send, page, "after:today")
    (note,) = [row for row in await shop.rows(Audit) if row.action == f"{page}.exported"]
    assert note.detail == {"query": "after:today"}


async def test_finance_takes_tables_with_masked_contacts(
    panel: Client, shop: Shopkeeper, sold: str, send: Sends
) -> None:
    await enter(panel, shop, "finance")
    answer = await send("/panel/orders", "/panel/orders/export", q="")
    assert "a***@example.com" in answer.text and "a@example.com" not in answer.text


@pytest.mark.parametrize("page", LISTS)
async def test_who_only_looks_takes_nothing_along(onlooker: Client, send: Sends, page: str) -> None:
    assert (await send("/panel/messages", f"/panel/{page}/export")).status_code == 403
