"""Customers: found by what is known of them, and one buyer with everything on one line of time."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update
from tests.cast import BUYER, Shopkeeper
from tests.web.panel.conftest import Client

from orderbell.store.schema import AddressRow

OTHER = {"ref": "u_99", "name": "Bob Smith", "email": "bob@example.com", "locale": "en"}


async def page_of(panel: Client, q: str) -> str:
    """The page of the only customer a query finds."""
    found = set(re.findall(r"/panel/customers/cus_\w+", (await panel.get("/panel/customers", params={"q": q})).text))
    assert len(found) == 1, found
    return (await panel.get(found.pop())).text


async def two(shop: Shopkeeper) -> None:
    """Another buyer ordered as well."""
    await shop.says("order.created", "N-2", buyer=OTHER)
    await shop.settled()


@pytest.mark.parametrize(
    "q", ["张", "name:张", "to:138", "to:+86138", "to:a@ex", "u_88", "to:138****0000", "locale:zh-CN"]
)
async def test_a_customer_is_found_by_what_is_known(panel: Client, shop: Shopkeeper, sold: str, q: str) -> None:
    await two(shop)
    page = (await panel.get("/panel/customers", params={"q": q})).text
    assert "张三" in page and "Bob Smith" not in page


async def test_who_bought_more_than_once_can_be_listed_alone(panel: Client, shop: Shopkeeper, sold: str) -> None:
    await two(shop)
    await shop.says("order.created", "N-3")
    await shop.settled()
    page = (await panel.get("/panel/customers", params={"q": "is:returning"})).text
    assert "张三" in page and "Bob Smith" not in page and "2 orders" in page


async def test_a_buyers_page_tells_orders_messages_spend_and_addresses(
    panel: Client, shop: Shopkeeper, sold: str
) -> None:
    page = await page_of(panel, "u_88")
    for told in (
        "Order N-1",
        "Goods delivered · E-mail",
        "Goods handed out",
        "CN¥99.00",
        BUYER["email"],
        BUYER["phone"],
    ):
        assert told in page


async def test_orders_under_another_name_but_the_same_address_are_told_as_well(
    panel: Client, shop: Shopkeeper, sold: str
) -> None:
    await shop.says("order.created", "N-7", buyer={"email": BUYER["email"]})
    await shop.settled()
    page = await page_of(panel, "u_88")
    assert "The same person, most likely" in page and "Order N-7" in page


async def test_an_address_that_does_not_work_says_so(panel: Client, shop: Shopkeeper, sold: str) -> None:
    dead = update(AddressRow).where(AddressRow.kind == "email").values(dead_at=shop.house.clock.now())
    await shop.house.store.write(lambda tx: tx.execute(dead))
    assert "does not work" in await page_of(panel, "is:unreachable")


async def test_who_may_not_see_contacts_reads_them_masked(onlooker: Client, shop: Shopkeeper, sold: str) -> None:
    page = await page_of(onlooker, "u_88")
    assert "a***@example.com" in page and "a@example.com" not in page and "+8613800000000" not in page


async def test_another_shops_customer_is_not_there(panel: Client, shop: Shopkeeper, sold: str) -> None:
    other = await Shopkeeper.open(shop.house)
    await other.says("order.created", "N-9")
    await other.settled()
    theirs = (await other.order("N-9")).customer_id
    assert (await panel.get(f"/panel/customers/{theirs}")).status_code == 404


async def test_a_shop_without_customers_says_what_to_do(panel: Client) -> None:
    assert "No customers yet" in (await panel.get("/panel/customers")).text
