"""Shops and keys: secrets shown once, roles that hold."""

from __future__ import annotations

import re

import pytest
from tests.cast import Shopkeeper
from tests.web.doors import bearer
from tests.web.panel.conftest import Client, Sends

from orderbell.store.schema import ApiKey, SourceRow

SIGNED = {"kind": "signed", "name": "My shop"}


async def test_a_connected_shop_shows_its_secret_once(panel: Client, send: Sends) -> None:
    page = await send("/panel/sources?kind=signed", "/panel/sources", **SIGNED)
    secret = re.search(r'id="new-secret">(whsec_[^<]+)<', page.text)
    assert secret and secret[1] not in (await panel.get("/panel/sources")).text


async def test_the_shown_address_takes_the_shops_calls(panel: Client, send: Sends) -> None:
    page = await send("/panel/sources?kind=signed", "/panel/sources", **SIGNED)
    address = re.search(r'id="new-address">http://shop\.test([^<]+)<', page.text)
    assert address
    # Without a signature the door knows the address and refuses the caller.
    assert (await panel.post(address[1], content=b"{}")).status_code == 401


async def test_an_address_is_for_those_who_may_change_settings(onlooker: Client, shop: Shopkeeper) -> None:
    assert "/in/" not in (await onlooker.get("/panel/sources")).text


async def test_a_shop_can_be_paused_and_go_on(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await send("/panel/sources?kind=signed", "/panel/sources", **SIGNED)
    row = (await shop.rows(SourceRow))[0]
    assert "paused" in (await send("/panel/sources", f"/panel/sources/{row.id}/pause")).text
    await send("/panel/sources", f"/panel/sources/{row.id}/pause", resume="1")
    assert (await shop.rows(SourceRow))[0].paused_at is None


async def test_a_made_key_works_and_is_shown_once(panel: Client, send: Sends) -> None:
    page = await send("/panel/keys", "/panel/keys", name="till", scopes=["orders:read"])
    token = re.search(r'id="new-key">(obk_[^<]+)<', page.text)
    assert token and token[1] not in (await panel.get("/panel/keys")).text
    assert (await panel.get("/v1/messages", headers=bearer(token[1]))).status_code == 403
    assert (await panel.get("/v1/orders/none", headers=bearer(token[1]))).status_code == 404


async def test_a_revoked_key_stops_at_once(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await send("/panel/keys", "/panel/keys", name="till", scopes=["orders:read"])
    token = re.search(r'id="new-key">(obk_[^<]+)<', page.text)
    assert token and (await panel.get("/v1/orders/none", headers=bearer(token[1]))).status_code == 404
    row = (await shop.rows(ApiKey))[0]
    await send("/panel/keys", f"/panel/keys/{row.id}/revoke")
    assert (await panel.get("/v1/orders/none", headers=bearer(token[1]))).status_code == 401


async def test_a_key_without_a_scope_is_refused_in_words(panel: Client, send: Sends) -> None:
    page = await send("/panel/keys", "/panel/keys", name="till")
    assert page.status_code == 400 and "Choose at least one thing the key may do." in page.text


@pytest.mark.parametrize("path", ["/panel/keys"])
async def test_keys_are_the_owners_alone(onlooker: Client, path: str) -> None:
    assert (await onlooker.get(path)).status_code == 403
