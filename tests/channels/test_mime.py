"""Mails as bytes, judged by the standard library's strict parser."""

from __future__ import annotations

import email
import email.policy
import email.utils
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbell.base.errors import BadInput
from orderbell.channels.mime import Mail, build, clean, is_address

MAIL = Mail(
    from_name="小店", from_address="shop@example.com", to_name="张三", to_address="a@example.org",
    subject="订单 20261122-0001 已付款", text="您好\n再见", html="<p>您好</p>",
    message_id="<msg_1@example.com>", date=datetime(2026, 11, 22, 10, 0, 5, tzinfo=UTC),
)  # fmt: skip
# Everything a header may hold: no controls, no line or paragraph separators, no lone surrogates.
HARMLESS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=150)
TEXTS = ["to_name", "subject"]
BREAKS = ["\r", "\n", "\r\n", "\0", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800"]


def parsed(mail: Mail) -> EmailMessage:
    return cast(EmailMessage, email.message_from_bytes(build(mail), policy=email.policy.default))


@given(HARMLESS)
def test_any_subject_comes_back_as_it_was(subject: str) -> None:
    read = parsed(replace(MAIL, subject=subject))
    assert read["subject"].strip() == subject.strip()
    assert not read.defects


@given(HARMLESS)
def test_any_name_comes_back_as_it_was_and_never_touches_the_address(name: str) -> None:
    raw = build(replace(MAIL, to_name=name))
    (address,) = email.message_from_bytes(raw, policy=email.policy.default)["to"].addresses
    assert address.addr_spec == "a@example.org"
    # Python 3.11's address parser puts a space between two encoded words of a name; its older decoder does not.
    phrase, _ = email.utils.parseaddr(str(email.message_from_bytes(raw)["to"]))
    assert str(make_header(decode_header(phrase))) == " ".join(name.split())


@given(st.text())
def test_any_body_comes_back_as_it_was(text: str) -> None:
    part = parsed(replace(MAIL, text=text)).get_body(("plain",))
    wanted = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    assert part is not None
    assert part.get_payload(decode=True).decode().replace("\r\n", "\n") == wanted  # type: ignore[union-attr]


@given(HARMLESS, st.text(max_size=2000))
def test_no_line_is_longer_than_78_characters_and_all_is_ascii(subject: str, html: str) -> None:
    lines = build(replace(MAIL, subject=subject, to_name=subject, html=html)).split(b"\r\n")
    assert all(len(line) <= 78 and line.isascii() and b"\n" not in line and b"\r" not in line for line in lines)


@pytest.mark.parametrize("trick", BREAKS)
@pytest.mark.parametrize("where", ["subject", "from_name", "to_name"])
def test_a_header_that_could_break_out_is_refused(where: str, trick: str) -> None:
    with pytest.raises(BadInput) as refused:
        build(replace(MAIL, **{where: f"hello{trick}Bcc: x@example.com"}))
    assert refused.value.code == "bad_header"


@pytest.mark.parametrize("where", ["from_address", "to_address", "reply_to"])
@pytest.mark.parametrize("text", ["a@b.c\r\nBcc: x@y.z", "a@b.c>,<x@y.z", "a b@c.de", "nobody", "张@例.cn", "a@b..c"])
def test_what_is_no_address_is_refused(where: str, text: str) -> None:
    with pytest.raises(BadInput):
        build(replace(MAIL, **{where: text}))


@given(st.text(st.sampled_from('ab<>"@,;:()=?\\ .\r\n\0\u2028é'), max_size=30), st.sampled_from(TEXTS))
def test_no_text_adds_a_header_or_a_reader(text: str, where: str) -> None:
    read = parsed(replace(MAIL, **{where: clean(text)}))
    assert sorted(set(read.keys())) == sorted(set(parsed(MAIL).keys()))
    assert [each.addr_spec for each in read["to"].addresses] == ["a@example.org"]


def test_an_encoded_word_in_a_name_stays_text() -> None:
    name = "=?utf-8?b?YWRtaW4=?="
    assert parsed(replace(MAIL, to_name=name, subject=name))["subject"] == name


def test_a_mail_with_html_offers_text_first_and_html_second() -> None:
    read = parsed(MAIL)
    assert read.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().strip() for part in read.iter_parts()] == ["您好\r\n再见", "<p>您好</p>"]


def test_a_mail_without_html_is_plain() -> None:
    read = parsed(replace(MAIL, html=""))
    assert read.get_content_type() == "text/plain"
    assert read.get_content() == "您好\r\n再见"


def test_date_and_message_id_are_what_was_asked() -> None:
    read = parsed(MAIL)
    assert read["date"].datetime == MAIL.date
    assert read["message-id"] == "<msg_1@example.com>"
    assert read["auto-submitted"] == "auto-generated"


def test_a_long_english_subject_is_folded_and_stays_readable() -> None:
    subject = "Your order 20261122-0001 was paid and " + "the goods are waiting for you " * 4
    raw = build(replace(MAIL, subject=subject.strip()))
    assert b"Subject: Your order 20261122-0001" in raw
    assert parsed(replace(MAIL, subject=subject.strip()))["subject"] == subject.strip()


def test_one_click_unsubscribe_has_both_headers() -> None:
    read = parsed(replace(MAIL, unsubscribe_url="https://shop.example/u/" + "t" * 200))
    assert read["list-unsubscribe"] == "<https://shop.example/u/" + "t" * 200 + ">"
    assert read["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("extra", [{"X-A": "b\r\nc"}, {"X A": "b"}, {"X-A:": "b"}, {"X-A": "é"}, {"X-A": "b" * 1000}])
def test_a_further_header_must_be_plain(extra: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        build(replace(MAIL, extra=extra))


def test_a_further_header_is_written_as_it_is() -> None:
    assert parsed(replace(MAIL, extra={"X-Order": "20261122-0001"}))["x-order"] == "20261122-0001"


@pytest.mark.parametrize("text", ["a.b+c@example.com", "a@x", "o'neil@shop.example"])
def test_an_address_is_known_as_one(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize("text", ["a@-x.y", ".a@b.c", "a@@b.c", "@b.c", "a" * 65 + "@b.c"])
def test_what_only_looks_like_an_address_is_not_one(text: str) -> None:
    assert not is_address(text)
