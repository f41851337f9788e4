"""Webhooks: signatures judged by the reference package, outcomes on a real server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook as Judge

from orderbell.base import trace
from orderbell.base.errors import BadInput
from orderbell.base.signing import new_webhook_secret, sign_webhook
from orderbell.channels.base import Address, Letter, Refused, Taken, TryLater, Unsure
from orderbell.channels.webhook import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DATA = {"type": "order.paid", "timestamp": "2026-11-22T10:00:00Z", "data": {"number": "1", "title": "卡密"}}
LETTER = Letter(data=DATA)


@pytest.fixture
async def channel(http_sink: Any) -> AsyncIterator[Webhook]:
    made = Webhook({"url": http_sink.url, "secret": SECRET}, allow_private=True)
    yield made
    await made.close()


async def send(channel: Webhook, key: str = "msg_1") -> Taken:
    return await channel.send(LETTER, Address(), key)


async def test_a_2xx_is_taken_with_the_receivers_words(channel: Webhook, http_sink: Any) -> None:
    http_sink.status, http_sink.body = 202, b"thanks " + b"x" * 5000
    taken = await send(channel)
    assert taken.words.startswith("202 thanks x")
    assert len(taken.words) == 1000


async def test_the_body_is_the_event_as_compact_json(channel: Webhook, http_sink: Any) -> None:
    await send(channel)
    headers, _, body = http_sink.got[0]
    assert body == json.dumps(DATA, separators=(",", ":"), ensure_ascii=False).encode()
    assert headers["content-type"] == "application/json"


async def test_the_reference_package_accepts_our_signature(channel: Webhook, http_sink: Any) -> None:
    await send(channel)
    headers, _, body = http_sink.got[0]
    assert Judge(SECRET).verify(body, dict(headers)) == DATA


async def test_the_receivers_tracing_goes_on_from_our_event(channel: Webhook, http_sink: Any) -> None:
    await send(channel)
    trace.follow("evt_0192f0a1b2c37d4e8f90a1b2c3d4e5f6")
    await send(channel, "msg_0192f0a1b2c37d4e8f90a1b2c3d4e5f7")
    headers = [got[0] for got in http_sink.got]
    assert "traceparent" not in headers[0]
    assert headers[1]["traceparent"] == "00-0192f0a1b2c37d4e8f90a1b2c3d4e5f6-8f90a1b2c3d4e5f7-01"


async def test_while_rotating_both_secrets_verify(http_sink: Any) -> None:
    new = new_webhook_secret()
    channel = Webhook({"url": http_sink.url, "secret": new, "old_secret": SECRET}, allow_private=True)
    await send(channel)
    await channel.close()
    headers, _, body = http_sink.got[0]
    assert Judge(new).verify(body, dict(headers)) == Judge(SECRET).verify(body, dict(headers)) == DATA


def test_the_published_vector_holds() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = sign_webhook([SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_two_tries_carry_the_same_id_and_no_full_stop(channel: Webhook, http_sink: Any) -> None:
    await send(channel, "msg.1")
    await send(channel, "msg.1")
    assert [got[0]["webhook-id"] for got in http_sink.got] == ["msg_1", "msg_1"]


async def test_a_gone_endpoint_is_refused_for_good(channel: Webhook, http_sink: Any) -> None:
    http_sink.status = 410
    with pytest.raises(Refused) as refused:
        await send(channel)
    assert (refused.value.blame, refused.value.code) == ("recipient", "gone")


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 422, 429, 500, 503])
async def test_any_other_status_is_tried_again(channel: Webhook, http_sink: Any, status: int) -> None:
    http_sink.status, http_sink.headers = status, {"Location": "/elsewhere"}
    with pytest.raises(TryLater) as later:
        await send(channel)
    assert (later.value.code, later.value.after_s, len(http_sink.got)) == (f"http_{status}", None, 1)


@pytest.mark.parametrize(("status", "wanted_s"), [(429, 120.0), (503, 120.0), (500, None), (404, None)])
async def test_the_receivers_wish_to_wait_is_heard_when_it_is_busy(
    channel: Webhook, http_sink: Any, status: int, wanted_s: float | None
) -> None:
    http_sink.status, http_sink.headers = status, {"Retry-After": "120"}
    with pytest.raises(TryLater) as later:
        await send(channel)
    assert later.value.after_s == wanted_s


async def test_a_connection_lost_after_the_request_leaves_no_telling(channel: Webhook, http_sink: Any) -> None:
    http_sink.hang_up = True
    with pytest.raises(Unsure):
        await send(channel)


async def test_nobody_listening_means_later() -> None:
    channel = Webhook({"url": "http://127.0.0.1:1/", "secret": SECRET}, allow_private=True)
    with pytest.raises(TryLater) as later:
        await send(channel)
    assert later.value.code == "not_reached"
    await channel.close()


async def test_a_private_address_is_refused_and_hears_nothing(http_sink: Any) -> None:
    with pytest.raises(Refused) as refused:
        await send(Webhook({"url": http_sink.url, "secret": SECRET}))
    assert (refused.value.blame, refused.value.code) == ("config", "unsafe_url")
    assert http_sink.got == []


@pytest.mark.parametrize("secret", ["", "whsec_short", "nonsense"])
async def test_without_a_usable_secret_nothing_goes_out(http_sink: Any, secret: str) -> None:
    with pytest.raises(Refused) as refused:
        await send(Webhook({"url": http_sink.url, "secret": secret}, allow_private=True))
    assert (refused.value.blame, http_sink.got) == ("config", [])


def test_a_draft_shows_the_request_and_no_secret() -> None:
    draft = Webhook({"url": "https://example.com/h", "secret": SECRET}).draft(LETTER, Address(), "msg_1")
    assert draft.line == "POST https://example.com/h"
    assert json.loads(draft.body) == DATA
    assert SECRET[6:] not in repr(draft)


@pytest.mark.parametrize(
    ("values", "field"), [({"url": "http://10.0.0.1/"}, "url"), ({"url": "https://a.b", "secret": "x"}, "secret")]
)
def test_a_wrong_form_names_the_field(values: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as bad:
        Webhook.check(values)
    assert bad.value.extra["field"] == field
