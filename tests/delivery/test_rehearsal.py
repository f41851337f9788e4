"""A text tried out: real orders, made-up ones, links that open nothing, and what each channel measures."""

from __future__ import annotations

import pytest
from tests.cast import Shopkeeper

from orderbell.delivery import rehearsal
from orderbell.delivery.rehearsal import SAMPLE, Rehearsal
from orderbell.messages import templates
from orderbell.messages.templates import TemplateName

SMS = TemplateName(event_type="order.delivered", audience="buyer", channel="sms", locale="zh-CN")
WECHAT = TemplateName(event_type="order.delivered", audience="buyer", channel="wechat", locale="zh-CN")


async def play(shop: Shopkeeper, name: TemplateName, order: str = SAMPLE, **parts: str) -> Rehearsal:
    house = shop.house

    def read(tx: object) -> Rehearsal:
        book = house.books.one(tx, shop.id)  # type: ignore[arg-type]
        on = rehearsal.scene(tx, book, house.writer, name, order=order)  # type: ignore[arg-type]
        return rehearsal.rehearse(book, name, parts or templates.stock_parts(name), on)

    return await house.store.read(read)


async def test_a_real_order_is_told_by_its_number(shop: Shopkeeper) -> None:
    await shop.says("order.created", "N-7")
    await shop.settled()
    played = await play(shop, SMS, "N-7", text="{订单号} {买家}")
    assert played.letter and played.letter.text == "N-7 张三"


async def test_an_unknown_order_is_made_up(shop: Shopkeeper) -> None:
    assert (await play(shop, SMS, "none")).scene.order == ""


async def test_the_link_of_a_trial_is_as_long_as_a_real_one_and_opens_nothing(shop: Shopkeeper) -> None:
    await shop.says("order.created", "N-7")
    await shop.settled()
    real = shop.house.writer.order_token(await shop.order("N-7"))
    tried = (await play(shop, SMS, "N-7")).scene.links.order_url.rsplit("/", 1)[1]
    assert len(tried) == len(real) and tried != real


async def test_a_text_that_does_not_work_is_shown_as_it_stands(shop: Shopkeeper) -> None:
    played = await play(shop, SMS, text="{没有这个}")
    assert played.letter and played.letter.text == "{没有这个}" and len(played.faults) == 1


@pytest.mark.parametrize(("locale", "text", "alphabet"), [
    ("zh-CN", "Hello", "70/67"), ("en", "Hello", "GSM-7"), ("zh-TW", "您好", "UCS-2"),
])  # fmt: skip
async def test_an_sms_is_counted_as_its_readers_network_does(
    shop: Shopkeeper, locale: str, text: str, alphabet: str
) -> None:
    name = TemplateName(event_type="order.delivered", audience="buyer", channel="sms", locale=locale)
    told = (await play(shop, name, text=text)).segments
    assert told and told.alphabet == alphabet


async def test_a_long_title_is_shortened_for_wechat_and_that_is_told(shop: Shopkeeper) -> None:
    played = await play(shop, WECHAT, title="x", goods="很长的商品名称" * 5, number="1")
    assert [(each.part, each.cut) for each in played.fields if each.value] == [("number", False), ("goods", True)]
