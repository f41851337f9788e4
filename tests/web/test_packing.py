"""What goes out gzipped and what does not: pages without secrets do; keys, forms' answers and streams do not."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from litestar import Litestar
from tests.cast import Shopkeeper
from tests.web.doors import csrf_of, link_to
from tests.web.panel.conftest import enter

Client = httpx.AsyncClient


@pytest.fixture
async def panel(browser: Client, shop: Shopkeeper) -> Client:
    """A browser, asking for gzip as all do, in which the owner is signed in."""
    await enter(browser, shop, "owner")  # type: ignore[arg-type]
    return browser


def packed(answer: httpx.Response) -> bool:
    assert answer.is_success, answer.text
    return "gzip" in answer.headers.get_list("content-encoding")


async def head_of_stream(app: Litestar, path: str, cookie: str) -> dict[str, str]:
    """The headers of an answer that never ends; only they are waited for."""
    begun: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        if not begun.done():
            begun.set_result(message)

    headers = [(b"cookie", cookie.encode()), (b"accept-encoding", b"gzip"), (b"host", b"shop.test")]
    asked = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": headers, "http_version": "1.1", "scheme": "http", "root_path": "", "server": ("shop.test", 80),
             "client": ("127.0.0.1", 1), "asgi": {"version": "3.0"}}  # fmt: skip
    running = asyncio.create_task(app(asked, asyncio.Event().wait, send))  # type: ignore[arg-type]
    start = await asyncio.wait_for(begun, 10)
    running.cancel()
    return {name.decode(): value.decode() for name, value in start["headers"]}


async def test_a_page_of_the_panel_goes_out_packed_and_whole(panel: Client, sold: str) -> None:
    for path in ("/panel", "/panel/orders", f"/panel/orders/{sold}", "/panel/messages", "/panel/products"):
        page = await panel.get(path)
        assert packed(page) and page.headers["vary"] == "Accept-Encoding", path
        assert page.text.rstrip().endswith("</html>"), path


async def test_who_does_not_ask_for_gzip_gets_the_page_as_it_is(panel: Client) -> None:
    assert not packed(await panel.get("/panel", headers={"accept-encoding": "identity"}))


async def test_a_page_that_may_show_a_secret_is_never_packed(panel: Client) -> None:
    for path in ("/panel/keys", "/panel/sources", "/panel/channels/webhook"):
        assert not packed(await panel.get(path)), path


async def test_the_answer_that_shows_a_new_key_is_not_packed(panel: Client) -> None:
    token = csrf_of(await panel.get("/panel/keys"))
    page = await panel.post("/panel/keys", data={**token, "name": "x", "scopes": "orders:read"})
    assert "obk_" in page.text and not packed(page)


async def test_an_answer_that_grows_is_not_packed(panel: Client, shop: Shopkeeper) -> None:
    page = f"/panel/products/{shop.product_id}"
    form = {**csrf_of(await panel.get(page)), "keys": "A\nB"}
    assert not packed(await panel.post(f"{page}/cards", data=form, headers={"hx-request": "true"}))


async def test_the_live_list_begins_at_once_and_unpacked(app: Litestar, panel: Client) -> None:
    head = await head_of_stream(app, "/panel/live", f"ob_session={panel.cookies['ob_session']}")
    assert head["content-type"].startswith("text/event-stream") and "content-encoding" not in head


async def test_the_form_that_finds_an_order_goes_out_packed(browser: Client, shop: Shopkeeper) -> None:
    assert packed(await browser.get("/o"))


async def test_an_order_and_its_keys_are_not_packed(browser: Client, shop: Shopkeeper, sold: str) -> None:
    page = await browser.get(await link_to(shop, sold))
    shown = await browser.post("/o/reveal", data=csrf_of(page))
    assert "KEY-CANARY-1" in shown.text
    assert not packed(page) and not packed(shown)


async def test_static_files_go_out_packed_and_programs_answers_do_not(browser: Client, program: Client) -> None:
    assert packed(await browser.get("/static/css/panel.css"))
    assert not packed(await program.get("/v1/channels/kinds"))
