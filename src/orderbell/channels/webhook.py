"""Signed webhooks to the merchant's own programs, as Standard Webhooks 1.0.0 says (read 2026-11-22)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from orderbell.base import trace
from orderbell.base.clock import SystemClock
from orderbell.base.errors import BadInput, Misconfigured
from orderbell.base.http import Answer, Door, check_url, retry_after_s
from orderbell.base.signing import sign_webhook, webhook_key
from orderbell.channels.base import (
    Address,
    Doubt,
    Draft,
    Letter,
    Markup,
    Refused,
    Setting,
    Taken,
    Traits,
    TryLater,
)
from orderbell.channels.post import post

_TYPE = {"content-type": "application/json"}
_UNFIT_FOR_ID = re.compile(r"[^A-Za-z0-9_-]")
_GONE = 410
# The statuses with which a receiver asks for patience.
_SLOW_DOWN = frozenset({429, 502, 503, 504})


class Webhook:
    """One endpoint. The id stays the same on every try, so that the receiver can drop what it already has."""

    kind: ClassVar[str] = "webhook"
    title: ClassVar[str] = "Webhook"
    traits: ClassVar[Traits] = Traits(markup=Markup.JSON, audiences=("staff",), doubt=Doubt.RESEND_SAME_KEY)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(name="url", label="Endpoint address", required=True, help="https:// is strongly recommended."),
        Setting(name="secret", label="Signing secret", kind="secret", help="Empty makes a new one."),
        Setting(name="old_secret", label="Previous signing secret", kind="secret", help="Also signs while you rotate."),
    )

    def __init__(self, values: Mapping[str, str], *, allow_private: bool = False) -> None:
        self._url = values.get("url", "")
        self._secrets = tuple(values[name] for name in ("secret", "old_secret") if values.get(name))
        self._clock = SystemClock()
        self._door = Door(allow_private)

    @classmethod
    def check(cls, values: Mapping[str, str], *, allow_private: bool = False) -> None:
        """Judge a filled form beyond its single fields.

        Raises:
            BadInput: with the `field` to correct.
        """
        check_url(values["url"], allow_private)
        for name in ("secret", "old_secret"):
            if values.get(name):
                _check_secret(name, values[name])

    def draft(self, letter: Letter, address: Address, key: str) -> Draft:
        """The request with its signature masked."""
        headers = {**_TYPE, "webhook-id": _id(key), "webhook-timestamp": "…", "webhook-signature": "v1,***"}
        body = msgspec.json.format(msgspec.json.encode(letter.data)).decode()
        return Draft(line=f"POST {self._url or 'https://example.com/your-endpoint'}", headers=headers, body=body)

    async def send(self, letter: Letter, address: Address, key: str) -> Taken:
        """Post the letter's data, signed at this moment.

        Raises:
            Refused: 410 (the endpoint is gone), no usable secret, or an address we may not talk to.
            TryLater: any other answer that is not 2xx, or no connection.
            Unsure: no answer; the same id may be sent again.
        """
        body = msgspec.json.encode(letter.data)
        headers = _TYPE | self._sign(key, body) | _trace(key)
        return self._judge(await post(self._door, self._url, headers=headers, body=body))

    async def close(self) -> None:
        """Close the connections."""
        await self._door.close()

    def _sign(self, key: str, body: bytes) -> dict[str, str]:
        if not self._secrets:
            raise Refused("The webhook has no signing secret.", blame="config", code="bad_webhook_secret")
        try:
            return sign_webhook(self._secrets, _id(key), self._clock.now(), body)
        except Misconfigured as bad:
            raise Refused(bad.sentence, blame="config", code=bad.code) from None

    def _judge(self, answer: Answer) -> Taken:
        if answer.ok:
            return Taken(words=answer.words)
        if answer.status == _GONE:
            raise Refused(answer.words, blame="recipient", code="gone")
        # Standard Webhooks calls every other status a failure to be tried again, redirects and 4xx included.
        patience_s = retry_after_s(answer.headers, self._clock.now()) if answer.status in _SLOW_DOWN else None
        raise TryLater(answer.words, code=f"http_{answer.status}", after_s=patience_s)


def _check_secret(field: str, secret: str) -> None:
    try:
        webhook_key(secret)
    except Misconfigured as bad:
        raise BadInput(bad.sentence, code=bad.code, field=field) from None


def _trace(key: str) -> dict[str, str]:
    # The receiver's own tracing goes on from the event (W3C Trace Context, read 2026-11-22); it is not signed.
    followed = trace.followed()
    return {"traceparent": trace.header(followed, key)} if followed else {}


def _id(key: str) -> str:
    # The id is part of the signed text, which uses full stops as separators.
    return _UNFIT_FOR_ID.sub("_", key)
