"""E-mail: what each answer of a mail server means, on a real connection."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from orderbell.base.errors import BadInput
from orderbell.channels import smtp, smtp_pool
from orderbell.channels.base import Address, Letter, Refused, Taken, TryLater, Unsure
from orderbell.channels.email import Email

LETTER = Letter(subject="订单已付款", text="您好", html="<p>您好</p>", sender_name="小店")
BUYER = Address(value="buyer@example.org", name="张三")


@pytest.fixture
async def channel(account: dict[str, Any]) -> AsyncIterator[Email]:
    made = Email(account, allow_private=True)
    yield made
    await made.close()


async def send(channel: Email, key: str = "msg_1") -> Taken:
    return await channel.send(LETTER, BUYER, key)


async def test_a_mail_that_was_taken_brings_the_servers_own_words(channel: Email, smtp_sink: Any) -> None:
    taken = await send(channel)
    assert taken.words == "250 2.0.0 OK queued as 1"
    assert taken.reference == "<msg_1@example.com>"
    assert smtp_sink.mails[0][1] == "RCPT TO:<buyer@example.org>"


async def test_a_mail_arrives_whole(channel: Email, smtp_sink: Any) -> None:
    await send(channel)
    read = email.message_from_bytes(smtp_sink.mails[0][2], policy=email.policy.default)
    assert str(read["from"]) == "小店 <shop@example.com>"
    assert read["subject"] == "订单已付款"
    assert [part.get_content() for part in read.iter_parts()] == ["您好", "<p>您好</p>"]  # type: ignore[attr-defined]


async def test_two_tries_carry_the_same_message_id(channel: Email, smtp_sink: Any) -> None:
    await send(channel)
    await send(channel)
    ids = [email.message_from_bytes(mail[2])["message-id"] for mail in smtp_sink.mails]
    assert ids == ["<msg_1@example.com>"] * 2


async def test_mails_share_a_connection(channel: Email, smtp_sink: Any) -> None:
    for number in range(5):
        await send(channel, f"msg_{number}")
    assert smtp_sink.connections == 1


async def test_a_server_without_pipelining_is_asked_step_by_step(channel: Email, smtp_sink: Any) -> None:
    smtp_sink.extensions = ()
    await send(channel)
    assert len(smtp_sink.mails) == 1


@pytest.mark.parametrize("pipelining", [("PIPELINING",), ()])
@pytest.mark.parametrize(
    ("step", "reply", "blame"),
    [
        ("HELLO", "554 5.7.1 go away", "config"),
        ("MAIL", "550 5.7.1 sender not allowed", "config"),
        ("RCPT", "550 5.1.1 no such user", "recipient"),
        ("RCPT", "530 5.7.0 authentication required", "config"),
        ("RCPT", "554 5.7.1 Relay access denied", "config"),
        ("MAIL", "552 5.3.4 message too big", "content"),
        ("DATA", "554 5.6.0 no", "content"),
        (".", "554 5.7.1 looks like spam", "content"),
    ],
)
async def test_a_5xx_is_final_and_its_step_says_whose_fault(
    channel: Email, smtp_sink: Any, step: str, reply: str, blame: str, pipelining: tuple[str, ...]
) -> None:
    smtp_sink.replies, smtp_sink.extensions = {step: reply}, pipelining
    with pytest.raises(Refused) as refused:
        await send(channel)
    assert (refused.value.blame, refused.value.code, refused.value.words) == (blame, reply[:3], reply)


@pytest.mark.parametrize("step", ["HELLO", "MAIL", "RCPT", "DATA", "."])
async def test_a_4xx_means_later(channel: Email, smtp_sink: Any, step: str) -> None:
    smtp_sink.replies = {step: "451 4.3.0 not now"}
    with pytest.raises(TryLater) as later:
        await send(channel)
    assert later.value.code == "451"


async def test_after_a_refusal_the_connection_is_reset_and_used_on(channel: Email, smtp_sink: Any) -> None:
    smtp_sink.replies = {"RCPT": "550 5.1.1 no such user"}
    with pytest.raises(Refused):
        await send(channel)
    smtp_sink.replies = {}
    await send(channel)
    assert smtp_sink.connections == 1
    assert len(smtp_sink.mails) == 2  # the first is the empty mail that ends a DATA the server should have refused
    assert smtp_sink.mails[0][2] == b".\r\n"


@pytest.mark.parametrize("step", ["HELLO", "EHLO", "MAIL", "RCPT", "DATA"])
async def test_a_connection_lost_before_the_mail_means_later(channel: Email, smtp_sink: Any, step: str) -> None:
    smtp_sink.replies = {step: ""}
    with pytest.raises(TryLater):
        await send(channel)


async def test_a_connection_lost_after_the_mail_leaves_no_telling(channel: Email, smtp_sink: Any) -> None:
    smtp_sink.replies = {".": ""}
    with pytest.raises(Unsure):
        await send(channel)
    assert len(smtp_sink.mails) == 1


@pytest.mark.parametrize(("step", "outcome"), [("MAIL", TryLater), ("DATA", TryLater), (".", Unsure)])
async def test_silence_means_later_before_the_mail_and_no_telling_after_it(
    channel: Email, smtp_sink: Any, step: str, outcome: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "ANSWER_S", 0.2)
    smtp_sink.replies, smtp_sink.extensions = {step: "HANG"}, ()
    with pytest.raises(outcome):
        await send(channel)


async def test_a_mail_that_never_left_this_process_whole_is_not_in_doubt(channel: Email, smtp_sink: Any) -> None:
    smtp_sink.replies = {"DATA": "354 ABORT"}
    huge = replace(LETTER, html="x" * 20_000_000)
    with pytest.raises(TryLater):
        await channel.send(huge, BUYER, "msg_1")


async def test_nobody_listening_means_later(account: dict[str, Any]) -> None:
    channel = Email(account | {"port": "1"}, allow_private=True)
    with pytest.raises(TryLater) as later:
        await send(channel)
    assert later.value.code == "not_reached"


async def test_a_connection_the_server_tired_of_is_replaced(channel: Email, smtp_sink: Any) -> None:
    smtp_sink.mails_per_connection = 2
    for number in range(5):
        await send(channel, f"msg_{number}")
    assert len(smtp_sink.mails) == 5
    assert smtp_sink.connections == 3


async def test_an_idle_connection_is_closed(channel: Email, smtp_sink: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await send(channel)
    monkeypatch.setattr(smtp_pool, "IDLE_S", 0.0)
    channel._pool._sweep()
    await send(channel)
    assert smtp_sink.connections == 2


async def test_a_private_mail_server_is_refused_without_a_connection(account: dict[str, Any], smtp_sink: Any) -> None:
    with pytest.raises(Refused) as refused:
        await send(Email(account))
    assert refused.value.blame == "config"
    assert smtp_sink.connections == 0


@pytest.mark.parametrize("address", ["", "nobody", "a@b.c\r\nRCPT TO:<x@y.z>", "张三@例子.中国", "a b@c.de"])
async def test_an_impossible_address_blames_the_recipient(channel: Email, smtp_sink: Any, address: str) -> None:
    with pytest.raises(Refused) as refused:
        await channel.send(LETTER, Address(value=address), "msg_1")
    assert refused.value.blame == "recipient"
    assert smtp_sink.connections == 0


async def test_a_chinese_domain_goes_out_in_ascii(channel: Email, smtp_sink: Any) -> None:
    await channel.send(LETTER, Address(value="buyer@例子.中国"), "msg_1")
    assert smtp_sink.mails[0][1] == "RCPT TO:<buyer@xn--fsqu00a.xn--fiqs8s>"


async def test_a_hostile_name_or_subject_adds_no_header(channel: Email, smtp_sink: Any) -> None:
    trick = "x\r\nBcc: y@example.com\r\n\r\nboo"
    await channel.send(replace(LETTER, subject=trick), replace(BUYER, name=trick), "msg_1")
    read = email.message_from_bytes(smtp_sink.mails[0][2], policy=email.policy.default)
    assert read["bcc"] is None
    assert len(read["to"].addresses) == 1


async def test_marketing_carries_one_click_unsubscribe(channel: Email, smtp_sink: Any) -> None:
    letter = replace(LETTER, transactional=False, data={"unsubscribe_url": "https://shop.example/u/1"})
    await channel.send(letter, BUYER, "msg_1")
    read = email.message_from_bytes(smtp_sink.mails[0][2])
    assert read["list-unsubscribe"] == "<https://shop.example/u/1>"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A certificate for localhost and its key, trusted for the length of a test."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    paper = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    paper = paper.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    paper = paper.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    encoded = paper.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    (tmp_path / "cert.pem").write_bytes(encoded)
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    return tmp_path / "cert.pem", tmp_path / "key.pem"


class _Keeper:
    """An aiosmtpd handler and authenticator: one user, u with password p."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, _: object, __: object, envelope: Any) -> str:  # noqa: N802
        self.contents.append(envelope.content)
        return "250 2.0.0 kept"

    def let_in(self, _: object, __: object, ___: object, mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=(given.login, given.password) == (b"u", b"p"), handled=False)


@pytest.fixture
async def real_server(certificate: tuple[Path, Path]) -> AsyncIterator[tuple[_Keeper, dict[str, str]]]:
    context, keeper = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), _Keeper()
    context.load_cert_chain(*certificate)

    def talk() -> SMTP:
        return SMTP(keeper, tls_context=context, auth_required=True, authenticator=keeper.let_in)

    server = await asyncio.get_running_loop().create_server(talk, "127.0.0.1", 0)
    port = str(server.sockets[0].getsockname()[1])
    yield keeper, {"host": "localhost", "port": port, "security": "starttls", "from_address": "shop@example.com"}
    server.close()


async def test_an_independent_server_takes_our_mails_over_tls_and_signed_in(real_server: Any) -> None:
    keeper, values = real_server
    channel = Email(values | {"username": "u", "password": "p"}, allow_private=True)
    assert (await send(channel)).words == "250 2.0.0 kept"
    await send(channel)
    await channel.close()
    assert b"Message-ID: <msg_1@example.com>\r\n" in keeper.contents[1]


async def test_a_wrong_password_blames_the_account(real_server: Any) -> None:
    channel = Email(real_server[1] | {"username": "u", "password": "wrong"}, allow_private=True)
    with pytest.raises(Refused) as refused:
        await send(channel)
    assert (refused.value.blame, refused.value.code) == ("config", "535")


async def test_a_server_without_encryption_blames_the_account(account: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        await send(Email(account | {"security": "starttls"}, allow_private=True))
    assert refused.value.blame == "config"


async def test_a_certificate_nobody_vouches_for_gets_no_mail(real_server: Any, monkeypatch: Any) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(TryLater) as later:
        await send(Email(real_server[1] | {"username": "u", "password": "p"}, allow_private=True))
    assert "CERTIFICATE_VERIFY_FAILED" in later.value.words
    assert real_server[0].contents == []


def test_a_draft_shows_the_mail_and_no_password(account: dict[str, Any]) -> None:
    draft = Email(account | {"username": "u", "password": "hunter2"}).draft(LETTER, BUYER, "msg_1")
    assert draft.headers["Subject"] == "订单已付款"
    assert draft.body == "您好"
    assert "hunter2" not in repr(draft)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"host": "127.0.0.1"}, "host"), ({"port": "70000"}, "port"), ({"from_address": "me"}, "from_address"),
     ({"reply_to": "a@b.c\n"}, "reply_to")],
)  # fmt: skip
def test_a_wrong_form_names_the_field(account: dict[str, Any], change: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as bad:
        Email.check(account | {"host": "smtp.example.com"} | change)
    assert bad.value.extra["field"] == field
