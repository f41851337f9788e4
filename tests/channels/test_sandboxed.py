"""Channels without a wire: they show what would go out and keep it."""

from __future__ import annotations

import json

import pytest

from orderbell.channels.base import Address, Button, Letter
from orderbell.channels.sandboxed import SANDBOXED

LETTER = Letter(
    subject="订单已付款", text="您的订单 0001 已付款", markdown="**订单已付款**", sender_name="小店",
    buttons=(Button(label="看订单", url="https://shop.example/o"),),
)  # fmt: skip


def body_of(kind: str, letter: Letter = LETTER) -> dict[str, object]:
    draft = SANDBOXED[kind]({}).draft(letter, Address(value="+8613800000000"), "msg_1")
    read: dict[str, object] = json.loads(draft.body)
    return read


@pytest.mark.parametrize("kind", sorted(SANDBOXED))
async def test_a_message_is_kept_in_the_sandbox(kind: str) -> None:
    taken = await SANDBOXED[kind]({}).send(LETTER, Address(), "msg_1")
    assert taken.words == "kept in the sandbox mailbox"
    assert not SANDBOXED[kind].traits.wired


@pytest.mark.parametrize("kind", sorted(SANDBOXED))
def test_a_draft_names_the_request_and_carries_the_words(kind: str) -> None:
    draft = SANDBOXED[kind]({}).draft(LETTER, Address(value="x"), "msg_1")
    assert draft.line.startswith("POST ")
    assert "订单" in draft.body


def test_a_short_message_carries_phone_signature_and_our_id() -> None:
    body = body_of("sms")
    assert (body["PhoneNumbers"], body["SignName"], body["OutId"]) == ("+8613800000000", "小店", "msg_1")


def test_wechat_fields_keep_to_twenty_characters() -> None:
    body = body_of("wechat", Letter(text="字" * 50))
    assert body["data"] == {"thing1": {"value": "字" * 19 + "…"}}


def test_a_telegram_message_has_its_buttons_under_it() -> None:
    markup = body_of("telegram")["reply_markup"]
    assert markup == {"inline_keyboard": [[{"text": "看订单", "url": "https://shop.example/o"}]]}
