"""Who may open what: the navigation leaves out what the server refuses, for every role."""

from __future__ import annotations

import re

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, enter

from orderbell.domain import roles
from orderbell.web.panel import rights

SQLITE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
NAV = re.compile(r'<a href="(/panel[^"]*)"')


def frames(page: httpx.Response) -> set[str]:
    return set(NAV.findall(page.text.split('class="nav"')[1].split("</nav>")[0]))


@SQLITE
def test_every_page_of_the_panel_has_its_place(app: Litestar) -> None:
    paths = {route.path for route in app.routes if isinstance(route, HTTPRoute) and route.path.startswith("/panel")}
    words = {path.split("/")[2] if path.count("/") > 1 else "" for path in paths}
    assert words - {"sign-in", "enter", "join", "second-step"} <= set(rights.SECTIONS)


def test_every_place_asks_for_a_deed_that_exists() -> None:
    assert set(rights.SECTIONS.values()) <= set(roles.DEEDS)


@SQLITE
@pytest.mark.parametrize("role", roles.ROLES)
async def test_each_link_opens_and_what_has_none_is_refused(browser: Client, shop: Shopkeeper, role: str) -> None:
    await enter(browser, shop, role)
    linked = frames(await browser.get("/panel"))
    assert {(await browser.get(path)).status_code for path in linked} == {200}
    for word, deed in rights.SECTIONS.items():
        if not roles.may(role, deed):
            assert f"/panel/{word}" not in linked
            assert (await browser.get(f"/panel/{word}")).status_code in (403, 404)


@SQLITE
async def test_the_refusal_is_a_sentence_with_a_way_back(browser: Client, shop: Shopkeeper) -> None:
    await enter(browser, shop, "support")
    page = await browser.get("/panel/channels")
    assert page.status_code == 403 and "Your role does not allow this" in page.text and 'href="/panel"' in page.text
