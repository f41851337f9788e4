"""Webhook signatures, judged by the vendor's own library (Standard Webhooks 1.0.0)."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from orderbell.base.errors import BadSignature, Misconfigured
from orderbell.base.signing import check_webhook, hmac_base64, new_webhook_secret, sign_webhook, webhook_key

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"test": "数据"}'.encode()


def test_the_vendors_library_accepts_what_we_sign() -> None:
    at = datetime.now(UTC)
    assert Webhook(SECRET).verify(BODY, sign_webhook([SECRET], "msg_1", at, BODY)) == {"test": "数据"}


def test_we_accept_what_the_vendors_library_signs() -> None:
    stamp = str(int(NOW.timestamp()))
    mark = Webhook(SECRET).sign("msg_1", NOW, BODY.decode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": mark}
    assert check_webhook([SECRET], headers, BODY, NOW) == "msg_1"


def test_during_a_rotation_either_secret_will_do() -> None:
    old, new = new_webhook_secret(), new_webhook_secret()
    headers = sign_webhook([new, old], "msg_1", NOW, BODY)
    assert [check_webhook([each], headers, BODY, NOW) for each in (old, new)] == ["msg_1", "msg_1"]
    with pytest.raises(BadSignature):
        check_webhook([new_webhook_secret()], headers, BODY, NOW)


@pytest.mark.parametrize(("name", "value"), [
    ("webhook-id", "msg_2"), ("webhook-timestamp", str(int(NOW.timestamp()) + 1)), ("webhook-signature", "v1,AAAA"),
    ("webhook-signature", ""), ("webhook-signature", "v1,é"), ("webhook-timestamp", "１２３"),
    ("webhook-timestamp", "-1"),
])  # fmt: skip
def test_one_changed_header_is_a_forgery(name: str, value: str) -> None:
    headers = sign_webhook([SECRET], "msg_1", NOW, BODY) | {name: value}
    with pytest.raises(BadSignature):
        check_webhook([SECRET], headers, BODY, NOW)


def test_another_body_is_a_forgery() -> None:
    headers = sign_webhook([SECRET], "msg_1", NOW, BODY)
    with pytest.raises(BadSignature):
        check_webhook([SECRET], headers, BODY + b" ", NOW)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(missing: str) -> None:
    headers = sign_webhook([SECRET], "msg_1", NOW, BODY)
    del headers[missing]
    with pytest.raises(BadSignature, match=missing):
        check_webhook([SECRET], headers, BODY, NOW)


@pytest.mark.parametrize(("off_s", "fits"), [(-300, True), (300, True), (-302, False), (302, False)])
def test_a_request_is_believed_for_five_minutes_each_way(off_s: int, fits: bool) -> None:
    headers = sign_webhook([SECRET], "msg_1", NOW + timedelta(seconds=off_s), BODY)
    if fits:
        assert check_webhook([SECRET], headers, BODY, NOW) == "msg_1"
        return
    with pytest.raises(BadSignature) as refused:
        check_webhook([SECRET], headers, BODY, NOW)
    assert refused.value.code == "stale_signature"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64!", "whsec_" + "A" * 100])
def test_a_secret_too_short_too_long_or_misspelt_is_refused(secret: str) -> None:
    with pytest.raises(Misconfigured):
        webhook_key(secret)


def test_a_plain_hmac_is_that_of_rfc_4231() -> None:
    # RFC 4231, test case 2.
    vector = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    assert b64decode(hmac_base64(b"Jefe", b"what do ya want for nothing?")) == vector
