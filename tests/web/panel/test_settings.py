"""The shop's settings: kept, obeyed, taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends, enter

from orderbell.domain import shop_settings
from orderbell.domain.shop_settings import ShopSettings

HOME = "/panel/settings"
FORM = {"name": "Star", "locale": "en", "timezone": "Asia/Tokyo", "currency": "jpy", "order_expiry_minutes": "45"}


async def kept(shop: Shopkeeper) -> ShopSettings:
    return await shop.house.store.read(lambda tx: shop_settings.load(tx, shop.id))


async def test_what_is_saved_is_kept(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await send(HOME, HOME, **FORM, texts_kept_days="90")
    wanted = ShopSettings(name="Star", locale="en", timezone="Asia/Tokyo", currency="JPY")
    found = await kept(shop)
    assert (found.name, found.timezone, found.currency) == (wanted.name, wanted.timezone, wanted.currency)
    assert (found.order_expiry_minutes, found.texts_kept_days) == (45, 90)


async def test_undo_puts_everything_back(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    before = await kept(shop)
    page = await send(HOME, HOME, **FORM)
    assert 'name="timezone" value="Asia/Shanghai"' in page.text
    old = {"name": before.name, "locale": before.locale, "timezone": before.timezone, "currency": before.currency}
    await send(HOME, HOME, **old)
    assert await kept(shop) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("timezone", "Mars/Base"), ("currency", "XXQ"), ("locale", "fr"),
     ("order_expiry_minutes", "1"), ("order_expiry_minutes", "٣٠"), ("name", " ")],
)  # fmt: skip
async def test_what_does_not_fit_is_refused_and_nothing_changes(
    panel: Client, shop: Shopkeeper, send: Sends, field: str, value: str
) -> None:
    before = await kept(shop)
    page = await send(HOME, HOME, **{**FORM, field: value})
    assert page.status_code == 400 and await kept(shop) == before


async def test_an_unpaid_order_waits_as_long_as_the_shop_says(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await send(HOME, HOME, **FORM)
    await shop.says("order.created", "N-1")
    await shop.settled()
    order = await shop.order("N-1")
    assert timedelta(minutes=44) < order.expires_at - order.created_at <= timedelta(minutes=46)


async def test_settings_are_not_for_support(browser: Client, shop: Shopkeeper) -> None:
    await enter(browser, shop, "support")
    assert (await browser.get(HOME)).status_code == 403
