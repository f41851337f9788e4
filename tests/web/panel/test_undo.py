"""Undo: the offer comes back whole for the person it was made to, and for nobody else."""

from __future__ import annotations

import json

import pytest
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, seat_of

from orderbell.web.panel import undo
from orderbell.web.panel.undo import Undo

PLACE = "/panel/products/prd_1/restore"


async def test_an_offer_comes_back_as_it_was_made(shop: Shopkeeper) -> None:
    seat = await seat_of(shop, "owner")
    mark = undo.offer(shop.house, seat, PLACE, name="卡.密")
    assert undo.read(shop.house, seat, mark) == Undo(PLACE, {"name": "卡.密"})


async def test_an_offer_is_nobody_elses(shop: Shopkeeper) -> None:
    mark = undo.offer(shop.house, await seat_of(shop, "owner"), PLACE)
    assert undo.read(shop.house, await seat_of(shop, "viewer"), mark) is None


@pytest.mark.parametrize("mark", ["", "x", "a.b", "a.b.c.d", "staff_1.W10.AAAA"])
async def test_a_made_up_offer_is_none(shop: Shopkeeper, mark: str) -> None:
    assert undo.read(shop.house, await seat_of(shop, "owner"), mark) is None


async def test_a_page_says_what_was_done_and_shows_the_way_back(panel: Client, shop: Shopkeeper) -> None:
    mark = undo.offer(shop.house, await seat_of(shop, "owner"), PLACE, on="1")
    page = (await panel.get("/panel", params={"done": "saved", "undo": mark})).text
    toast = page.split('id="toasts"')[1]
    assert "Saved." in toast and f'action="{PLACE}"' in toast and 'name="on" value="1"' in toast


async def test_a_stranger_cannot_put_a_deed_behind_the_button(panel: Client) -> None:
    page = (await panel.get("/panel", params={"done": "saved", "undo": "/panel/keys/key_1/revoke"})).text
    assert "Saved." in page and "revoke" not in page.split('id="toasts"')[1]


@pytest.mark.parametrize("text", ["Saved.", "已保存。", "🎁\n\u202e"])
def test_what_an_answer_says_travels_as_a_header(text: str) -> None:
    header = undo.toast(text, Undo(PLACE, {"a": text}))["HX-Trigger"]
    assert header.isascii() and "\n" not in header
    assert json.loads(header)["toast"] == {"text": text, "undo": {"action": PLACE, "fields": {"a": text}}}
