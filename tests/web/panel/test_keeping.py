"""Filters people keep: their own, by name, few of them."""

from __future__ import annotations

import pytest
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends, enter

from orderbell.domain import filters
from orderbell.store.schema import SavedFilter

PAGES = pytest.mark.parametrize("page", filters.PAGES)
QUERY = "after:2026-11-01"


@PAGES
async def test_a_filter_is_kept_shown_and_forgotten(panel: Client, shop: Shopkeeper, send: Sends, page: str) -> None:
    path = f"/panel/{page}?q={QUERY}"
    kept = await send(path, f"/panel/{page}/filters", name="This  month", query=QUERY)
    assert "This month" in kept.text and "Keep this filter" not in kept.text
    (row,) = await shop.rows(SavedFilter)
    gone = await send(path, f"/panel/{page}/filters/{row.id}/remove")
    assert "The filter is gone." in gone.text and await shop.rows(SavedFilter) == []


async def test_a_colleague_does_not_see_it(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await send("/panel/messages?q=x", "/panel/messages/filters", name="Mine alone", query="x")
    await enter(panel, shop, "manager")
    assert "Mine alone" not in (await panel.get("/panel/messages")).text


async def test_a_filter_without_a_name_is_refused(panel: Client, send: Sends) -> None:
    assert (await send("/panel/messages?q=x", "/panel/messages/filters", name=" ", query="x")).status_code == 400


async def test_there_is_room_for_a_dozen(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    for n in range(filters.MOST):
        await send("/panel/keys", "/panel/orders/filters", name=f"F{n}", query=f"q{n}")
    one_more = await send("/panel/keys", "/panel/orders/filters", name="F", query="q")
    assert one_more.status_code == 409
    assert len(await shop.rows(SavedFilter)) == filters.MOST
