"""The first run: each step does its deed, says what is next, and the list goes when all is done."""

from __future__ import annotations

from sqlalchemy import select
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends

from orderbell.domain import first_run
from orderbell.domain.first_run import Firsts
from orderbell.store.schema import Provider, Shop, SourceRow, Staff

ME = {"name": "Li Wei", "email": "LI@example.com", "shop_name": "Galaxy", "password": "correct horse battery"}
MAIL = {"host": "127.0.0.1", "port": "1", "security": "none", "from_address": "shop@example.com"}


async def firsts(shop: Shopkeeper) -> Firsts:
    return await shop.house.store.read(lambda tx: first_run.look(tx, shop.id))


async def test_a_new_owner_is_led_to_the_first_step(panel: Client) -> None:
    answer = await panel.get("/panel/first-run", follow_redirects=True)
    assert answer.url.path == "/panel/first-run/account"


async def test_the_owner_gets_a_name_a_password_and_a_shop(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await send("/panel/first-run/account", "/panel/first-run/account", **ME)
    assert page.url.path == "/panel/first-run/shop"
    row = next(row for row in await shop.rows(Staff) if row.role == "owner")
    assert (row.name, row.email, row.password_hash is not None) == ("Li Wei", "li@example.com", True)
    names = await shop.house.store.read(lambda tx: tx.execute(select(Shop.name)).scalars().all())
    assert "Galaxy" in names


async def test_a_weak_password_changes_nothing_and_says_so_at_its_field(
    panel: Client, shop: Shopkeeper, send: Sends
) -> None:
    page = await send("/panel/first-run/account", "/panel/first-run/account", **{**ME, "password": "short"})
    assert page.status_code == 400 and 'id="w-password"' in page.text and 'value="Li Wei"' in page.text
    assert "account" not in (await firsts(shop)).done


async def test_a_shop_is_connected_and_its_address_is_shown(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await send("/panel/first-run/shop", "/panel/first-run/shop", kind="signed", name="Mine")
    row = (await shop.rows(SourceRow))[0]
    assert f"/in/{row.kind}/obi_" in page.text and "whsec_" in page.text
    assert "shop" in (await firsts(shop)).done


async def test_ones_own_program_gets_a_key_and_a_line_to_try(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await send("/panel/first-run/shop", "/panel/first-run/shop", kind="api")
    assert "obk_" in page.text and "curl " in page.text and "shop" in (await firsts(shop)).done


async def test_a_channel_is_set_up_here(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await send("/panel/first-run/channel", "/panel/first-run/channel", kind="email", name="Post", **MAIL)
    assert page.url.path == "/panel/first-run/test" and 'name="to"' in page.text
    assert len(await shop.rows(Provider)) == 1


async def test_a_channel_that_does_not_fit_keeps_what_was_typed(panel: Client, send: Sends) -> None:
    page = await send("/panel/first-run/channel", "/panel/first-run/channel", kind="email", name="Post", host="here")
    assert page.status_code == 400 and 'value="here"' in page.text


async def test_without_an_account_the_test_shows_what_a_buyer_would_read(
    panel: Client, shop: Shopkeeper, send: Sends
) -> None:
    page = await send("/panel/first-run/test", "/panel/first-run/test", headers={"hx-request": "true"})
    assert "TEST-0001" in page.text and "You are ready to sell" in page.text
    assert "test" in (await firsts(shop)).done


async def test_all_steps_done_the_list_goes(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await send("/panel/first-run/account", "/panel/first-run/account", **ME)
    await send("/panel/first-run/shop", "/panel/first-run/shop", kind="demo")
    await send("/panel/first-run/channel", "/panel/first-run/channel", kind="sandbox")
    assert "Ready in four steps" in (await panel.get("/panel")).text
    await send("/panel/first-run/test", "/panel/first-run/test")
    assert "Ready in four steps" not in (await panel.get("/panel")).text


async def test_the_list_is_put_away_and_comes_back_by_undo(panel: Client, send: Sends) -> None:
    page = await send("/panel/keys", "/panel/first-run/away")
    assert "Ready in four steps" not in page.text and 'name="back" value="1"' in page.text
    page = await send("/panel/keys", "/panel/first-run/away", back="1")
    assert "Ready in four steps" in page.text


async def test_an_onlooker_reads_the_steps_but_changes_nothing(onlooker: Client, send: Sends) -> None:
    assert (await onlooker.get("/panel/first-run/shop")).status_code == 200
    for step in ("account", "shop", "channel", "test", "away"):
        assert (await send("/panel/first-run/shop", f"/panel/first-run/{step}")).status_code == 403
