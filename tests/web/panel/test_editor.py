"""The template pages: found, written, shown at once, published, looked back at, tried out; and who may not."""

from __future__ import annotations

import re

import httpx
import pytest
from tests.cast import Shopkeeper
from tests.web.panel.conftest import Client, Sends

from orderbell.messages import templates
from orderbell.messages.templates import TemplateName
from orderbell.store.schema import TemplateDraft, TemplateVersion

PAID = TemplateName(event_type="order.paid", audience="buyer", channel="inbox", locale="en")
PAGE = "/panel/templates/order.paid/inbox/en"
SMS = "/panel/templates/order.delivered/sms/zh-CN"
HTMX = {"hx-request": "true", "hx-target": "view"}
PARTS = {"part-title": "Paid", "part-body": "Thanks, {buyer_name}!", "part-button": "Open"}


async def type_in(send: Sends, page: str = PAGE, *, pen: str = "me", rev: str = "0", **fields: str) -> httpx.Response:
    return await send(page, f"{page}/draft", headers=HTMX, pen=pen, rev=rev, **(fields or PARTS))


async def counting(shop: Shopkeeper) -> str:
    found = await shop.house.store.read(lambda tx: templates.counting_of(tx, shop.id, PAID))
    return found.parts["body"]


async def test_the_list_leads_to_every_text_of_an_audience(panel: Client) -> None:
    buyers, staff = (
        (await panel.get("/panel/templates")).text,
        (await panel.get("/panel/templates?audience=staff")).text,
    )
    assert "/panel/templates/order.paid/wechat/zh-CN" in buyers and "dispute.opened" not in buyers
    assert "/panel/templates/dispute.opened/dingtalk/zh-CN?audience=staff" in staff


async def test_a_text_is_found_by_its_words(panel: Client) -> None:
    found = (await panel.get("/panel/templates?q=reveal your key")).text
    assert "Nothing fits" in found
    assert "refund.requested" in (await panel.get("/panel/templates?q=refund request")).text


async def test_what_is_typed_is_kept_and_shown_with_the_last_order(
    panel: Client, shop: Shopkeeper, sold: str, send: Sends
) -> None:
    answer = (await type_in(send)).text
    assert "Thanks, " in answer and "Draft saved" in answer and "{buyer_name}" not in answer.split('id="variables"')[0]
    assert (await shop.rows(TemplateDraft))[0].parts["body"] == "Thanks, {buyer_name}!"
    assert "Published" not in answer


async def test_an_unknown_variable_is_marked_with_what_was_meant(panel: Client, send: Sends) -> None:
    answer = (await type_in(send, **{"part-body": "one\n{order_numbr}"})).text
    assert "Line 2: there is no variable {order_numbr}." in answer and 'data-right="{order_number}"' in answer


async def test_a_broken_text_is_kept_but_not_published(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    answer = await send(PAGE, f"{PAGE}/publish", pen="me", rev="0", **{"part-body": "{nonsense}"})
    assert answer.status_code == 400 and "there is no variable {nonsense}" in answer.text
    assert (await shop.rows(TemplateDraft))[0].parts["body"] == "{nonsense}"
    assert await shop.rows(TemplateVersion) == []


async def test_publishing_lets_it_count_and_offers_the_way_back(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await send(PAGE, f"{PAGE}/publish", pen="me", rev="0", **PARTS)
    assert "Published. The next messages say it this way." in page.text and ">Undo<" in page.text
    assert await counting(shop) == "Thanks, {buyer_name}!"


async def test_two_people_do_not_overwrite_each_other(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await type_in(send)
    answer = (await type_in(send, pen="somebody-else", **{"part-body": "Mine"})).text
    assert "Yours is not saved" in answer and 'data-take-rev="1"' in answer
    assert (await shop.rows(TemplateDraft))[0].parts["body"] == "Thanks, {buyer_name}!"


async def test_history_shows_what_changed_and_brings_a_version_back(
    panel: Client, shop: Shopkeeper, send: Sends
) -> None:
    for body in ("Thanks a lot!", "Thanks a bunch!"):
        await send(PAGE, f"{PAGE}/publish", pen="me", **{**PARTS, "part-body": body})
    page = (await panel.get(f"{PAGE}/history")).text
    assert re.search(r"<del>.*lot</del>", page) and re.search(r"<ins>.*bunch</ins>", page)
    first = next(row for row in await shop.rows(TemplateVersion) if row.n == 1)
    await send(PAGE, f"{PAGE}/restore", version=first.id)
    assert await counting(shop) == "Thanks a lot!"


async def test_the_stock_text_can_be_brought_back_and_that_undone(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await send(PAGE, f"{PAGE}/publish", pen="me", **PARTS)
    page = (await send(PAGE, f"{PAGE}/restore")).text
    assert (await counting(shop)).startswith("We have {amount}")
    way = dict(re.findall(r'name="(version|draft)" value="([^"]+)"', page))
    await send(PAGE, f"{PAGE}/restore", **way)
    assert await counting(shop) == "Thanks, {buyer_name}!"


async def test_a_thrown_away_draft_comes_back(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await type_in(send)
    assert ">Undo<" in (await send(PAGE, f"{PAGE}/discard")).text
    await send(PAGE, f"{PAGE}/discard", back="1")
    assert (await shop.rows(TemplateDraft))[0].dropped_at is None


async def test_a_text_like_the_one_that_counts_needs_no_draft(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    now = await shop.house.store.read(lambda tx: templates.counting_of(tx, shop.id, PAID))
    await type_in(send, **{f"part-{part}": text for part, text in now.parts.items()})
    assert await shop.rows(TemplateDraft) == []


async def test_a_language_without_own_words_is_marked(panel: Client, send: Sends) -> None:
    await send(PAGE, f"{PAGE}/publish", pen="me", **PARTS)
    page = (await panel.get("/panel/templates/order.paid/inbox/zh-TW")).text
    assert "There is no text of your own in this language" in page
    assert "A language is missing" in (await panel.get("/panel/templates")).text


async def test_an_sms_tells_what_it_costs(panel: Client, send: Sends) -> None:
    answer = (await type_in(send, SMS, **{"part-text": "订" * 71})).text
    assert "counts as 2 SMS" in answer and "63 more fit" in answer and "CN¥0.10" in answer


async def test_a_mail_is_served_for_a_frame_of_its_own(panel: Client) -> None:
    page = "/panel/templates/order.paid/email/en"
    assert 'sandbox=""' in (await panel.get(page)).text
    mail = await panel.get(f"{page}/mail?scheme=dark")
    assert "sandbox" in mail.headers["content-security-policy"]
    assert "@media all{" in mail.text and "prefers-color-scheme:dark" not in mail.text


async def test_a_mean_buyer_harms_no_preview(panel: Client, shop: Shopkeeper, send: Sends) -> None:
    await shop.says("order.created", "N-MEAN", buyer={"name": "<script>alert(1)</script>{{ 7 }}", "email": "a@b.cn"})
    await shop.settled()
    answer = (await type_in(send, **{"part-body": "{buyer_name}"})).text
    assert "<script>alert" not in answer and "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 }}" in answer


async def test_a_test_without_an_account_shows_the_request_and_sends_nothing(panel: Client, send: Sends) -> None:
    answer = (await send(SMS, f"{SMS}/test", headers={"hx-request": "true"}, to="+8613800000000")).text
    assert "dysmsapi" in answer and "nothing left the house" in answer


@pytest.mark.parametrize("path", ["order.paid/sms/ja", "order.paid/webhook/en", "no.event/sms/en", "stock.low/sms/en"])
async def test_there_is_no_editor_for_what_has_no_words(panel: Client, path: str) -> None:
    assert (await panel.get(f"/panel/templates/{path}")).status_code == 404


async def test_who_may_only_look_changes_nothing(onlooker: Client, shop: Shopkeeper, send: Sends) -> None:
    page = await onlooker.get(PAGE)
    assert page.status_code == 200 and "readonly" in page.text and "/publish" not in page.text
    assert (await type_in(send)).status_code == 403 and await shop.rows(TemplateDraft) == []
