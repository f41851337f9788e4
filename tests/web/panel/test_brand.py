"""The brand page: saved as versions, worn by mails, previewed without being kept."""

from __future__ import annotations

import re
from html import unescape

import pytest
from tests.cast import Shopkeeper
from tests.messages.test_logo import picture
from tests.web.panel.conftest import Client, Sends, enter

from orderbell.messages import brand, logo
from orderbell.messages.brand import Brand
from orderbell.store.schema import Audit

HOME = "/panel/brand"
FORM = {"name": "星河数码", "accent": "#0b6b9c", "sms_signature": "星河", "footer": ""}


async def kept(shop: Shopkeeper) -> Brand:
    return await shop.house.store.read(lambda tx: brand.load(tx, shop.id))


async def test_a_saved_brand_is_worn_by_the_next_mail(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await send(HOME, HOME, **FORM)
    html = (await panel.get(f"{HOME}/mail")).text
    assert "星河数码" in html and "#0b6b9c" in html


async def test_what_changed_is_written_down_field_by_field(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await send(HOME, HOME, **FORM)
    row = next(row for row in await shop.rows(Audit) if row.action == "brand.saved")
    assert row.detail["accent"] == {"before": brand.ACCENT, "after": "#0b6b9c"}
    assert "<del>#4f46e5</del>" in (await panel.get("/panel/audit")).text


async def test_undo_puts_the_look_before_back_as_a_new_version(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await send(HOME, HOME, **FORM)
    page = await send(HOME, HOME, **{**FORM, "accent": "#a3296f"})
    way = re.search(r'action="(/panel/brand/versions/\w+/restore)"', page.text)
    assert way
    await send(HOME, way[1])
    assert (await kept(shop)).accent == "#0b6b9c"


async def test_a_preview_keeps_nothing(panel: Client, shop: Shopkeeper) -> None:
    before = await kept(shop)
    part = (await panel.get(f"{HOME}/look", params={**FORM, "name": "<b>New</b>"})).text
    assert "【星河】" in part and "<html" not in part and "<b>New</b>" not in part
    assert await kept(shop) == before


async def test_a_half_typed_colour_leaves_the_preview_standing(panel: Client) -> None:
    part = await panel.get(f"{HOME}/look", params={**FORM, "accent": "#0b"})
    assert part.status_code == 200 and "#4f46e5" in part.text


async def test_a_faint_colour_is_told_with_a_shade_that_can_be_read(panel: Client) -> None:
    part = unescape((await panel.get(f"{HOME}/look", params={**FORM, "accent": "#ffd400"})).text)
    assert "Too faint for small text" in part and re.search(r'data-value="#[0-9a-f]{6}"', part)


async def test_a_sent_logo_is_served_to_everybody_for_a_year(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await send(HOME, HOME, files={"logo": ("l.jpg", picture("JPEG"), "image/jpeg")}, **FORM)
    path = logo.path(shop.id, (await kept(shop)).logo_url.rsplit("/", 1)[1].removesuffix(".png"))
    panel.cookies.clear()
    answer = await panel.get(path)
    assert answer.headers["content-type"] == "image/png" and "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("name", "content"), [("l.svg", b"<svg onload=alert(1)></svg>"), ("l.png", b"no picture")])
async def test_a_file_that_is_no_picture_is_refused_at_its_field(
    panel: Client, shop: Shopkeeper, send: Sends, name: str, content: bytes
) -> None:
    page = await send(HOME, HOME, files={"logo": (name, content, "image/png")}, **FORM)
    assert page.status_code == 400 and 'id="w-logo"' in page.text
    assert (await kept(shop)).logo_url == ""


async def test_whoever_may_only_look_cannot_save(browser: Client, shop: Shopkeeper, send: Sends) -> None:
    await enter(browser, shop, "viewer")
    page = await browser.get(HOME)
    assert page.status_code == 200 and "not change it" in page.text
    assert (await send("/panel", HOME, **FORM)).status_code == 403
