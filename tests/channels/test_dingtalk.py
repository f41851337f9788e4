"""DingTalk robots: signature judged by a public client, each code's outcome on a real server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from dingtalkchatbot.chatbot import DingtalkChatbot
from hypothesis import given
from hypothesis import strategies as st

from orderbell.base.errors import BadInput
from orderbell.channels.base import Address, Button, Letter, Refused, Taken, TryLater, Unsure
from orderbell.channels.dingtalk import MAX_BODY_BYTES, DingTalk, _body, sign

LETTER = Letter(subject="新订单", markdown="### 新订单\n金额 ¥99", text="新订单")
OPEN, BACK = Button(label="看订单", url="https://shop.example/o"), Button(label="后台", url="https://shop.example/p")


@pytest.fixture
async def channel(http_sink: Any) -> AsyncIterator[DingTalk]:
    http_sink.body = b'{"errcode":0,"errmsg":"ok"}'
    made = DingTalk({"webhook_url": f"{http_sink.url}?access_token=T", "secret": "SECtest"}, allow_private=True)
    yield made
    await made.close()


async def send(channel: DingTalk, letter: Letter = LETTER) -> Taken:
    return await channel.send(letter, Address(), "msg_1")


def test_the_signature_is_the_pinned_one() -> None:
    assert sign("SECtest", 1600000000000) == "J1ROuI0lRhdAs5lXpASksT0u9NwWl4DNkvcHISJRBoY%3D"


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1).map("SEC".__add__))
def test_a_public_client_signs_alike(secret: str) -> None:
    theirs = parse_qs(urlsplit(DingtalkChatbot("https://robot/send?access_token=T", secret=secret).webhook).query)
    assert unquote(sign(secret, int(theirs["timestamp"][0]))) == theirs["sign"][0]


async def test_a_message_is_taken_signed_and_as_markdown(channel: DingTalk, http_sink: Any) -> None:
    taken = await send(channel)
    _, query, body = http_sink.got[0]
    assert taken.words == '200 {"errcode":0,"errmsg":"ok"}'
    assert query["sign"] == unquote(sign("SECtest", int(query["timestamp"])))
    assert query["access_token"] == "T"
    assert json.loads(body) == {"msgtype": "markdown", "markdown": {"title": "新订单", "text": LETTER.markdown}}


async def test_without_a_secret_nothing_is_signed(http_sink: Any) -> None:
    http_sink.body = b'{"errcode":0}'
    channel = DingTalk({"webhook_url": f"{http_sink.url}?access_token=T"}, allow_private=True)
    await send(channel)
    await channel.close()
    assert http_sink.got[0][1] == {"access_token": "T"}


async def test_one_button_makes_a_card(channel: DingTalk, http_sink: Any) -> None:
    await send(channel, Letter(subject="a", markdown="b", buttons=(OPEN,)))
    said = json.loads(http_sink.got[0][2])
    assert said["msgtype"] == "actionCard"
    assert (said["actionCard"]["singleTitle"], said["actionCard"]["singleURL"]) == (OPEN.label, OPEN.url)


async def test_several_buttons_make_a_card_with_a_list(channel: DingTalk, http_sink: Any) -> None:
    await send(channel, Letter(subject="a", markdown="b", buttons=(OPEN, BACK)))
    card = json.loads(http_sink.got[0][2])["actionCard"]
    assert [each["actionURL"] for each in card["btns"]] == [OPEN.url, BACK.url]


@given(st.text(min_size=1), st.integers(1, 40_000))
def test_no_body_is_larger_than_dingtalk_takes(piece: str, times: int) -> None:
    raw = _body(Letter(subject=piece, markdown=(piece * times)[:40_000], buttons=(OPEN,)))
    assert len(raw) <= MAX_BODY_BYTES
    assert json.loads(raw)["msgtype"] == "actionCard"


async def test_links_that_can_never_fit_are_refused(channel: DingTalk, http_sink: Any) -> None:
    with pytest.raises(Refused) as refused:
        await send(
            channel, Letter(subject="a", markdown="b", buttons=(Button(label="x", url="https://" + "a" * 21_000),))
        )
    assert (refused.value.code, http_sink.got) == ("too_long", [])


@pytest.mark.parametrize(
    ("errcode", "errmsg", "blame"),
    [
        (310000, "keywords not in content", "content"),
        (310000, "description:关键词不匹配;solution:…", "content"),
        (310000, "sign not match", "config"),
        (310000, "invalid timestamp", "config"),
        (310000, "ip 1.2.3.4 not in whitelist", "config"),
        (300001, "token is not exist", "config"),
        (300001, "parameter error", "content"),
        (300005, "token is not exist", "config"),
        (400101, "", "config"),
        (400102, "", "config"),
        (400106, "", "config"),
        (400013, "", "config"),
        (40035, "missing param", "content"),
        (43004, "", "content"),
        (430101, "unsafe link", "content"),
        (999999, "never heard of", "content"),
    ],
)
async def test_final_codes_say_whose_fault(
    channel: DingTalk, http_sink: Any, errcode: int, errmsg: str, blame: str
) -> None:
    http_sink.body = json.dumps({"errcode": errcode, "errmsg": errmsg}).encode()
    with pytest.raises(Refused) as refused:
        await send(channel)
    assert (refused.value.blame, refused.value.code) == (blame, str(errcode))


@pytest.mark.parametrize(
    ("said", "wanted_s"),
    [
        ({"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}, 600.0),
        ({"errcode": 410100, "errmsg": "发送速度太快"}, 60.0),
        ({"status": 1111, "wait": 5, "punish": "deny"}, 60.0),
        ({"status": 1111, "wait": 5000}, 600.0),
        ({"errcode": -1, "errmsg": "busy"}, None),
    ],
)
async def test_a_limit_means_later(channel: DingTalk, http_sink: Any, said: Any, wanted_s: float | None) -> None:
    http_sink.body = json.dumps(said).encode()
    with pytest.raises(TryLater) as later:
        await send(channel)
    assert later.value.after_s == wanted_s


@pytest.mark.parametrize("status", [302, 404, 500, 502])
async def test_a_gateways_error_page_means_later(channel: DingTalk, http_sink: Any, status: int) -> None:
    http_sink.status = status
    with pytest.raises(TryLater):
        await send(channel)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b""])
async def test_an_answer_nobody_can_read_leaves_no_telling(channel: DingTalk, http_sink: Any, body: bytes) -> None:
    http_sink.body = body
    with pytest.raises(Unsure):
        await send(channel)


async def test_a_connection_lost_after_the_request_leaves_no_telling(channel: DingTalk, http_sink: Any) -> None:
    http_sink.hang_up = True
    with pytest.raises(Unsure):
        await send(channel)


async def test_nobody_listening_means_later() -> None:
    channel = DingTalk({"webhook_url": "http://127.0.0.1:1/?access_token=T"}, allow_private=True)
    with pytest.raises(TryLater):
        await send(channel)
    await channel.close()


@pytest.mark.parametrize("url", ["https://example.com/robot/send?access_token=T", "http://127.0.0.1/?access_token=T"])
async def test_only_dingtalk_itself_is_posted_to(url: str) -> None:
    with pytest.raises(Refused) as refused:
        await send(DingTalk({"webhook_url": url}))
    assert (refused.value.blame, refused.value.code) == ("config", "unsafe_url")


@pytest.mark.parametrize(
    "url", ["", "https://example.com/?access_token=T", "http://oapi.dingtalk.com/robot/send?access_token=T",
            "https://oapi.dingtalk.com/robot/send", "https://oapi.dingtalk.com.evil.example/?access_token=T"]
)  # fmt: skip
def test_a_wrong_address_is_refused_when_saved(url: str) -> None:
    with pytest.raises(BadInput) as bad:
        DingTalk.check({"webhook_url": url})
    assert bad.value.extra["field"] == "webhook_url"


@pytest.mark.parametrize(
    "values", [{"access_token": "T"}, {"webhook_url": "https://oapi.dingtalk.com/robot/send?access_token=T"}]
)
def test_either_address_or_token_is_enough(values: dict[str, str]) -> None:
    DingTalk.check(values)


def test_a_draft_shows_the_request_and_no_token() -> None:
    draft = DingTalk({"access_token": "TOKEN123", "secret": "SECtest"}).draft(LETTER, Address(), "msg_1")
    assert draft.line == "POST https://oapi.dingtalk.com/robot/send?access_token=***&timestamp=…&sign=***"
    assert "新订单" in draft.body
    assert "TOKEN123" not in repr(draft)
