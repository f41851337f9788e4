"""DingTalk group robots (钉钉自定义机器人).

Wire, limits and codes: open.dingtalk.com, custom robots, as described by several public clients; read 2026-11-22.
The robot answers HTTP 200 whatever happened; only `errcode` tells, and for 310000 and 300001 only `errmsg`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import msgspec

from orderbell.base.clock import SystemClock, to_micros
from orderbell.base.errors import BadInput
from orderbell.base.http import Answer, Door, check_url, retry_after_s
from orderbell.channels.base import (
    Address,
    Doubt,
    Draft,
    Letter,
    Markup,
    Refused,
    SendFailed,
    Setting,
    Taken,
    Traits,
    TryLater,
    Unsure,
)
from orderbell.channels.post import post

MAX_BODY_BYTES = 20_000
_ROBOT = "https://oapi.dingtalk.com/robot/send"
_TYPE = {"content-type": "application/json; charset=utf-8"}
# The 20-a-minute limit is answered with a ban of ten minutes; other brakes are shorter.
_BAN_S = 600.0
_PAUSE_S = 60.0

_LIMITED = {130101: _BAN_S, 410100: _PAUSE_S}
_BUSY = -1
_GATEWAY_BRAKE = 1111
_BLAME = {
    310000: "config",  # signature, time or address of the sender
    300005: "config",  # token is not exist
    400101: "config",  # token is not exist
    400102: "config",  # the robot was stopped
    400106: "config",  # no such robot
    400013: "config",  # the group was dissolved
}
# Codes with two meanings: one of these words in errmsg overrules the blame above.
_BY_WORDS = {
    310000: (("keyword", "关键词"), "content"),
    300001: (("token",), "config"),
}


class DingTalk:
    """One robot in one group. It takes markdown, or a card with buttons when the letter has some."""

    kind: ClassVar[str] = "dingtalk"
    title: ClassVar[str] = "DingTalk robot"
    traits: ClassVar[Traits] = Traits(
        markup=Markup.MARKDOWN, audiences=("staff",), per_minute=20, buttons=True, subject=True, doubt=Doubt.BY_CLASS
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(name="webhook_url", label="Robot address", kind="secret", help="The Webhook address DingTalk shows."),
        Setting(name="access_token", label="Access token", kind="secret", help="Instead of the whole address."),
        Setting(name="secret", label="Signing secret", kind="secret", help="Starts with SEC; empty without signing."),
    )

    def __init__(self, values: Mapping[str, str], *, allow_private: bool = False) -> None:
        token = values.get("access_token", "")
        self._url = values.get("webhook_url", "") or (f"{_ROBOT}?{urlencode({'access_token': token})}" if token else "")
        self._secret = values.get("secret", "")
        self._allow_private = allow_private
        self._clock = SystemClock()
        # A connection each: at 20 a minute it costs nothing, and a message never dies in a closing connection.
        self._door = Door(allow_private, keepalive_s=0)

    @classmethod
    def check(cls, values: Mapping[str, str], *, allow_private: bool = False) -> None:
        """Judge a filled form beyond its single fields.

        Raises:
            BadInput: with the `field` to correct.
        """
        url = values.get("webhook_url", "")
        if not url and not values.get("access_token"):
            raise BadInput("Enter the robot's address or its access token.", code="required", field="webhook_url")
        try:
            _check_robot(url or _ROBOT, allow_private)
        except BadInput as bad:
            raise BadInput(bad.sentence, code=bad.code, field="webhook_url") from None
        if url and not parse_qs(urlsplit(url).query).get("access_token"):
            raise BadInput("The robot's address must hold an access_token.", code="required", field="webhook_url")

    def draft(self, letter: Letter, address: Address, key: str) -> Draft:
        """The request with token and signature masked."""
        host = self._url.partition("?")[0] or _ROBOT
        signed = "&timestamp=…&sign=***" if self._secret else ""
        body = msgspec.json.format(_body(letter)).decode()
        return Draft(line=f"POST {host}?access_token=***{signed}", headers=_TYPE, body=body)

    async def send(self, letter: Letter, address: Address, key: str) -> Taken:
        """Post one message to the group.

        Raises:
            Refused: the robot or its security settings say no, or the text can never pass.
            TryLater: busy, limited, or not reached; on a limit after 60 to 600 s.
            Unsure: sent without a readable answer; DingTalk knows no idempotency key.
        """
        body = _body(letter)
        if len(body) > MAX_BODY_BYTES:
            raise Refused("The links alone exceed 20,000 bytes.", blame="content", code="too_long")
        try:
            _check_robot(self._url, self._allow_private)
        except BadInput as closed:
            raise Refused(str(closed), blame="config", code="unsafe_url") from None
        return self._judge(await post(self._door, self._signed_url(), headers=_TYPE, body=body))

    async def close(self) -> None:
        """Close the connections."""
        await self._door.close()

    def _signed_url(self) -> str:
        if not self._secret:
            return self._url
        at_ms = to_micros(self._clock.now()) // 1000
        return f"{self._url}&timestamp={at_ms}&sign={sign(self._secret, at_ms)}"

    def _judge(self, answer: Answer) -> Taken:
        if not answer.ok:
            patience_s = retry_after_s(answer.headers, self._clock.now())
            raise TryLater(answer.words, code=f"http_{answer.status}", after_s=patience_s)
        try:
            said = msgspec.json.decode(answer.body, type=_Said)
        except msgspec.MsgspecError:
            raise Unsure(answer.words, code="unreadable") from None
        if said.errcode == 0:
            return Taken(words=answer.words)
        raise _judge_code(said, answer.words)


class _Said(msgspec.Struct):
    errcode: int | None = None
    errmsg: str = ""
    status: int = 0
    wait: float = 0


def sign(secret: str, at_ms: int) -> str:
    """The `sign` parameter: HMAC-SHA256 of time and secret under the secret, base64, percent-encoded."""
    digest = hmac.new(secret.encode(), f"{at_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return quote(base64.b64encode(digest), safe="")


def _judge_code(said: _Said, words: str) -> SendFailed:
    code = str(said.errcode if said.errcode is not None else said.status)
    if said.errcode in _LIMITED:
        return TryLater(words, code=code, after_s=_LIMITED[said.errcode])
    if said.status == _GATEWAY_BRAKE:
        return TryLater(words, code=code, after_s=min(max(said.wait, _PAUSE_S), _BAN_S))
    if said.errcode == _BUSY:
        return TryLater(words, code=code)
    if said.errcode is None:
        return Unsure(words, code="unreadable")
    # A code nobody has described is final: repeating it blindly would only earn a ban.
    blame = _BLAME.get(said.errcode, "content")
    telling, culprit = _BY_WORDS.get(said.errcode, ((), blame))
    if any(word in said.errmsg.lower() for word in telling):
        blame = culprit
    return Refused(words, blame=blame, code=code)


def _check_robot(url: str, allow_private: bool) -> None:
    target = check_url(url, allow_private)
    if not allow_private and (target.scheme, target.host, target.port) != ("https", "oapi.dingtalk.com", 443):
        raise BadInput("The robot's address starts with https://oapi.dingtalk.com/.", code="unsafe_url")


def _body(letter: Letter) -> bytes:
    text = letter.markdown or letter.text
    raw = _encode(letter, text)
    while len(raw) > MAX_BODY_BYTES and len(text) > 1:
        # JSON may spend up to six bytes on a character; cutting by the ratio ends after a few rounds.
        text = text[: int(len(text) * MAX_BODY_BYTES / len(raw) * 0.95)] + "…"
        raw = _encode(letter, text)
    return raw


def _encode(letter: Letter, text: str) -> bytes:
    title = (letter.subject or text.strip().partition("\n")[0])[:200]
    content: dict[str, Any] = {"title": title, "text": text}
    if not letter.buttons:
        return msgspec.json.encode({"msgtype": "markdown", "markdown": content})
    if len(letter.buttons) == 1:
        content |= {"singleTitle": letter.buttons[0].label, "singleURL": letter.buttons[0].url}
    else:
        buttons = [{"title": each.label, "actionURL": each.url} for each in letter.buttons]
        content |= {"btnOrientation": "0", "btns": buttons}
    return msgspec.json.encode({"msgtype": "actionCard", "actionCard": content})
