"""The palette: finds what the reader may see, in the reader's language and in English."""

from __future__ import annotations

import pytest
from sqlalchemy import insert
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, enter

from orderbell.base.ids import new_id
from orderbell.store.schema import AddressRow, Customer


async def found(browser: Client, q: str = "", **query: str) -> str:
    answer = await browser.get("/panel/palette", params={"q": q, **query})
    assert answer.status_code == 200
    return answer.text


async def somebody(shop: Shopkeeper, name: str, mail: str) -> str:
    id_, now = new_id("customer"), shop.house.clock.now()
    person = insert(Customer).values(id=id_, shop_id=shop.id, natural_key=f"email:{mail}", name=name, created_at=now)
    address = insert(AddressRow).values(customer_id=id_, shop_id=shop.id, kind="email", value=mail, seen_at=now)
    await shop.house.store.write(lambda tx: (tx.execute(person), tx.execute(address)))
    return id_


async def test_without_a_text_it_offers_pages_and_deeds(panel: Client) -> None:
    page = await found(panel)
    assert 'href="/panel/messages"' in page and 'href="/panel/products/new"' in page


async def test_a_page_is_found_by_its_name_in_either_language(panel: Client) -> None:
    assert 'href="/panel/channels"' in await found(panel, "渠道", lang="zh-CN")
    assert 'href="/panel/channels"' in await found(panel, "chann", lang="zh-CN")


async def test_an_order_is_found_by_the_start_of_its_number(panel: Client, sold: str) -> None:
    page = await found(panel, "N-")
    assert 'href="/panel/orders/N-1"' in page and "Goods delivered" in page


@pytest.mark.parametrize("text", ["Zhou", "zhou.y@", "ZHOU.Y@example.com"])
async def test_a_customer_is_found_by_name_or_contact(panel: Client, shop: Shopkeeper, text: str) -> None:
    id_ = await somebody(shop, "Zhou Yi", "zhou.y@example.com")
    assert f'href="/panel/customers/{id_}"' in await found(panel, text)


async def test_a_product_is_found_in_any_letter_case(panel: Client, shop: Shopkeeper) -> None:
    assert f'href="/panel/products/{shop.product_id}"' in await found(panel, "STEAM")


async def test_a_percent_sign_is_only_a_percent_sign(panel: Client, shop: Shopkeeper) -> None:
    assert shop.product_id not in await found(panel, "%")


async def test_a_message_is_found_by_words_of_its_subject(panel: Client, shop: Shopkeeper, sold: str) -> None:
    mail = next(row for row in await shop.messages(channel="email") if row.subject)
    assert f'href="/panel/messages/{mail.id}"' in await found(panel, mail.subject[:8])


async def test_another_shops_rows_are_not_found(panel: Client, shop: Shopkeeper) -> None:
    other = await Shopkeeper.open(shop.house)
    await somebody(other, "Zhou Yi", "zhou.y@example.com")
    assert "/panel/customers/" not in await found(panel, "Zhou")


async def test_a_role_finds_only_what_it_may_see(browser: Client, shop: Shopkeeper, sold: str) -> None:
    await enter(browser, shop, "finance")
    page = await found(browser, "N-")
    assert "/panel/orders/N-1" in page
    assert shop.product_id not in await found(browser, "steam") and "/panel/keys" not in await found(browser)


async def test_a_hostile_text_stays_text(panel: Client) -> None:
    page = await found(panel, "<img src=x onerror=alert(1)>{{ 7 * 7 }}")
    assert "<img" not in page and "49" not in page
