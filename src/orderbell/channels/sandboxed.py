"""Channels that have no wire yet: they show the request that would go out, and keep it in the sandbox mailbox.

Each row of the table is one channel: what it can carry and the shape of its provider's request. Names in `<…>` stand
for what the merchant's own account will supply. Shapes and limits: the vendors' pages, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec

from orderbell.channels.base import Address, Doubt, Draft, Letter, Markup, Setting, Taken, Traits

_JSON = {"content-type": "application/json; charset=utf-8"}
Shape = Callable[[Letter, Address, str], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be said to a provider: the request's line, its headers, and its body made from a letter."""

    title: str
    traits: Traits
    line: str
    shape: Shape
    headers: Mapping[str, str] = field(default_factory=lambda: _JSON)


class Sandboxed:
    """A channel without a wire; its subclasses in SANDBOXED differ by their plan alone."""

    kind: ClassVar[str]
    title: ClassVar[str]
    traits: ClassVar[Traits]
    settings: ClassVar[tuple[Setting, ...]] = ()
    plan: ClassVar[Plan]

    def __init__(self, values: Mapping[str, str], *, allow_private: bool = False) -> None:
        """Nothing to keep: there is no account yet."""

    def draft(self, letter: Letter, address: Address, key: str) -> Draft:
        """The request this channel will make once it has a wire."""
        body = msgspec.json.format(msgspec.json.encode(self.plan.shape(letter, address, key))).decode()
        return Draft(line=self.plan.line, headers=self.plan.headers, body=body)

    async def send(self, letter: Letter, address: Address, key: str) -> Taken:
        """Keep it: nothing leaves the house."""
        return Taken(words="kept in the sandbox mailbox", reference=key)

    async def close(self) -> None:
        """Nothing to let go of."""


def _link(letter: Letter) -> str:
    return letter.buttons[0].url if letter.buttons else ""


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _sms(letter: Letter, address: Address, key: str) -> dict[str, Any]:
    # Domestic SMS goes by approved templates; the text shown is what the template will read like.
    return {
        "Action": "SendSms",
        "Version": "2017-05-25",
        "PhoneNumbers": address.value,
        "SignName": letter.sender_name or "<approved signature>",
        "TemplateCode": "<approved template>",
        "TemplateParam": {"text": letter.text},
        "OutId": key,
    }


def _wechat(letter: Letter, address: Address, key: str) -> dict[str, Any]:
    return {
        "touser": address.value,
        "template_id": "<approved template>",
        "url": _link(letter),
        "client_msg_id": key,
        "data": {name: {"value": value} for name, value in letter.data.items()}
        or {"thing1": {"value": _short(letter.text.replace("\n", " "), 20)}},
    }


def _wecom(letter: Letter, address: Address, key: str) -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": {"content": letter.markdown or letter.text}}


def _feishu(letter: Letter, address: Address, key: str) -> dict[str, Any]:
    elements: list[dict[str, Any]] = [{"tag": "markdown", "content": letter.markdown or letter.text}]
    if letter.buttons:
        actions = [
            {"tag": "button", "text": {"tag": "plain_text", "content": each.label}, "url": each.url, "type": "primary"}
            for each in letter.buttons
        ]
        elements.append({"tag": "action", "actions": actions})
    card = {"header": {"title": {"tag": "plain_text", "content": letter.subject}}, "elements": elements}
    return {"timestamp": "<seconds>", "sign": "***", "msg_type": "interactive", "card": card}


def _telegram(letter: Letter, address: Address, key: str) -> dict[str, Any]:
    request: dict[str, Any] = {"chat_id": address.value or "<chat>", "text": _short(letter.text, 4096)}
    if letter.buttons:
        request["reply_markup"] = {
            "inline_keyboard": [[{"text": each.label, "url": each.url} for each in letter.buttons]]
        }
    return request


def _push(letter: Letter, address: Address, key: str) -> dict[str, Any]:
    # This much stays below the 4,096 bytes of an encrypted Web Push message.
    return {"title": _short(letter.subject, 80), "body": _short(letter.text, 800), "url": _link(letter), "tag": key}


def _apprise(letter: Letter, address: Address, key: str) -> dict[str, Any]:
    return {"title": letter.subject, "body": letter.markdown or letter.text, "type": "info", "format": "markdown"}


_STAFF = ("staff",)
PLANS: dict[str, Plan] = {
    "sms": Plan(
        title="SMS",
        traits=Traits(
            markup=Markup.PLAIN, address="phone", max_chars=500, doubt=Doubt.ASK_PROVIDER, cost_minor=5, wired=False
        ),
        line="POST https://dysmsapi.aliyuncs.com/",
        shape=_sms,
    ),
    "wechat": Plan(
        title="WeChat official account",
        traits=Traits(markup=Markup.PLAIN, address="openid", buttons=True, wired=False),
        line="POST https://api.weixin.qq.com/cgi-bin/message/template/send?access_token=***",
        shape=_wechat,
    ),
    "wecom": Plan(
        title="WeCom group robot",
        traits=Traits(
            markup=Markup.MARKDOWN, audiences=_STAFF, max_chars=1300, per_minute=20, subject=True, wired=False
        ),
        line="POST https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=***",
        shape=_wecom,
    ),
    "feishu": Plan(
        title="Feishu robot",
        traits=Traits(
            markup=Markup.MARKDOWN, audiences=_STAFF, per_minute=100, buttons=True, subject=True, wired=False
        ),
        line="POST https://open.feishu.cn/open-apis/bot/v2/hook/***",
        shape=_feishu,
    ),
    "telegram": Plan(
        title="Telegram bot",
        traits=Traits(markup=Markup.PLAIN, audiences=_STAFF, max_chars=4096, per_minute=20, buttons=True, wired=False),
        line="POST https://api.telegram.org/bot***/sendMessage",
        shape=_telegram,
    ),
    "push": Plan(
        title="Web and app push",
        traits=Traits(markup=Markup.PLAIN, address="device", max_chars=800, buttons=True, subject=True, wired=False),
        line="POST <the device's push endpoint>",
        shape=_push,
        headers={
            "ttl": "86400",
            "urgency": "high",
            "content-encoding": "aes128gcm",
            "authorization": "vapid t=***,k=***",
        },
    ),
    "apprise": Plan(
        title="Apprise",
        traits=Traits(markup=Markup.MARKDOWN, audiences=_STAFF, subject=True, wired=False),
        line="POST <your Apprise server>/notify/***",
        shape=_apprise,
    ),
}


def _from_plan(kind: str, plan: Plan) -> type[Sandboxed]:
    words = {"__doc__": f"{plan.title}, not wired yet.", "kind": kind, "plan": plan}
    return type(kind.title(), (Sandboxed,), words | {"title": plan.title, "traits": plan.traits})


SANDBOXED: dict[str, type[Sandboxed]] = {kind: _from_plan(kind, plan) for kind, plan in PLANS.items()}
