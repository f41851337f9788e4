"""Products: added, warned about, filled by pasted text or a file, each line accounted for."""

from __future__ import annotations

import pytest
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends

from orderbell.base.errors import BadInput
from orderbell.store.schema import Product, ReusableCard
from orderbell.web.panel import importing

STREAM = {"hx-request": "true"}
NEW = {"sku": "game-1", "title": "A game", "kind": "card", "low_at": "3"}


async def test_a_product_is_added_and_its_page_takes_cards(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await send("/panel/products/new", "/panel/products", **NEW)
    assert page.status_code == 200 and 'name="keys"' in page.text
    assert [row.low_at for row in await shop.rows(Product, sku="game-1")] == [3]


async def test_a_taken_sku_brings_the_form_back_with_what_was_typed(panel: Client, send: Sends) -> None:
    page = await send("/panel/products/new", "/panel/products", **{**NEW, "sku": "steam-100"})
    assert page.status_code == 409 and "There is a product with this SKU already." in page.text
    assert 'value="A game"' in page.text


async def test_a_mark_that_is_no_number_is_refused(panel: Client, send: Sends) -> None:
    page = await send("/panel/products/new", "/panel/products", **{**NEW, "low_at": "many"})
    assert page.status_code == 400 and 'aria-invalid="true"' in page.text


async def test_an_import_tells_what_was_taken_known_and_refused(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = f"/panel/products/{shop.product_id}"
    answer = await send(page, f"{page}/cards", keys="A\nB\nB\nC\x07", headers=STREAM)
    for told in ("2 cards taken", "1 was known already", "1 line cannot be a key", "4: holds a control character"):
        assert told in answer.text
    assert (await shop.product()).free == 2


async def test_each_piece_of_a_growing_answer_is_one_line(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = f"/panel/products/{shop.product_id}"
    answer = await send(page, f"{page}/cards", keys="A\nC\x07\nD\x07", headers=STREAM)
    pieces = answer.text.splitlines()
    assert len(pieces) >= 3 and all(piece.startswith("<li") and piece.endswith("</li>") for piece in pieces)


async def test_imported_cards_serve_who_paid_and_waits(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await shop.says("order.paid", "N-9")
    await shop.settled()
    page = f"/panel/products/{shop.product_id}"
    await send(page, f"{page}/cards", keys="LATE-KEY")
    await shop.settled()
    assert (await shop.order("N-9")).status == "delivered"


async def test_nothing_to_import_is_said_on_the_page(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = f"/panel/products/{shop.product_id}"
    answer = await send(page, f"{page}/cards", keys="  \n ")
    assert answer.status_code == 400 and "There is no key in what you sent" in answer.text


async def test_a_reusable_text_is_sealed_and_never_shown_again(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    added = await send("/panel/products/new", "/panel/products", **{**NEW, "kind": "reusable"})
    page = added.url.path
    after = await send(page, f"{page}/text", text="https://example.com/CANARY")
    assert "CANARY" not in after.text
    assert [b"CANARY" in row.sealed for row in await shop.rows(ReusableCard)] == [False]


async def test_who_may_only_look_sees_stock_but_no_import(onlooker: Client, shop: Shopkeeper) -> None:
    page = await onlooker.get(f"/panel/products/{shop.product_id}")
    assert page.status_code == 200 and 'name="keys"' not in page.text


@pytest.mark.parametrize(
    ("name", "raw", "keys"),
    [
        ("a.txt", b"A\r\nB\n\n", ["A", "B"]),
        ("a.csv", "卡密\nA\n".encode(), ["A"]),
        ("a.csv", b'user,secret\n"x, y",z\n', ["user secret", "x, y z"]),
        ("a.csv", "卡密\n甲\n".encode("gb18030"), ["甲"]),
        ("a.csv", b"\xef\xbb\xbfA\n", ["A"]),
    ],
)
def test_a_file_gives_its_keys(name: str, raw: bytes, keys: list[str]) -> None:
    assert importing.split_file(name, raw) == keys


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(BadInput, match="no text"):
        importing.split_file("a.txt", b"\xff\xff\xff")
