"""What the log may not say (promise H7)."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orderbell.base import log
from orderbell.base.errors import Misconfigured
from orderbell.base.log import mask
from orderbell.base.masks import mask_path, mask_text
from orderbell.base.secrets import new_token

SECRET = "Zx9-canary_Kq7"
WAYS = (
    "Authorization: Bearer {}", "authorization: Basic {}", "Cookie: ob_session={}; lang=en", "/panel/enter/{}",
    "GET /o/ord_1.3.{} HTTP/1.1", "/in/woocommerce/{}", "/receipts/sms/{}?x=1", "https://shop.test/u/{}",
    "postgresql://orderbell:{}@db/orders", "https://oapi.example.com/robot/send?access_token={}",
    "https://api.example.com/bot12:{}/sendMessage", "password={}", '{{"client_secret": "{}"}}', "obk_{}", "whsec_{}",
)  # fmt: skip
LETTERS = st.text(st.characters(whitelist_categories=("Lu", "Ll", "Nd"), max_codepoint=0x2FF), min_size=8, max_size=40)
NOISE = st.text(st.sampled_from("abz ，。订单,;(){}[]\n\t'\"é"), max_size=12)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What stands on standard error, as JSON; the log is as it was afterwards."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    monkeypatch.setattr(sys, "stderr", stream)
    log.set_up("info", "json")
    yield stream
    structlog.reset_defaults()
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(("said", "written"), [
    ("to li.wei@qq.com", "to l***@qq.com"),
    ("call +8613800000000 now", "call +86138****0000 now"),
    ("call 13800138000 now", "call 138****8000 now"),
    ("call +86 138 0013 8000", "call +86 138 ****8000"),
    ("key obk_abcdefgh12345678", "key obk_***"),
    ("order 20261122-0001 at 2026-11-22 10:00:00", "order 20261122-0001 at 2026-11-22 10:00:00"),
    ("msg_0192f0a1b2c37d4e8f90a1b2c3d4e5f6 went", "msg_0192f0a1b2c37d4e8f90a1b2c3d4e5f6 went"),
])  # fmt: skip
def test_contacts_and_tokens_are_masked_in_running_text(said: str, written: str) -> None:
    assert mask_text(said) == written


@pytest.mark.parametrize("name", ["password", "api_key", "Authorization", "card", "webhook_secret", "cookie", "apiKey"])
def test_what_is_named_like_a_secret_is_never_written(name: str) -> None:
    assert mask(None, "", {name: "KEY-1"}) == {name: "***"}


def test_a_name_that_only_holds_the_letters_of_card_is_no_secret() -> None:
    assert mask(None, "", {"discarded": "3 rows", "mastercards_seen": 4}) == {
        "discarded": "3 rows",
        "mastercards_seen": 4,
    }


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_taken_out_wherever_it_usually_stands(way: str) -> None:
    assert SECRET not in mask_text(f"the provider said: {way.format(SECRET)} and went away")


@settings(max_examples=300, deadline=None)
@given(way=st.sampled_from(WAYS), secret=LETTERS, before=NOISE, after=NOISE)
def test_no_canary_comes_through_whatever_stands_around_it(way: str, secret: str, before: str, after: str) -> None:
    assert secret not in mask_text(f"{before} {way.format(secret)} {after}").replace(before, "").replace(after, "")


@settings(max_examples=300, deadline=None)
@given(mail=st.emails(), before=NOISE, after=NOISE)
def test_no_whole_mail_address_comes_through(mail: str, before: str, after: str) -> None:
    assume(not mail.startswith("*"))  # its one shown letter would look like the mask
    assert mail not in mask_text(f"{before} {mail} {after}")


@settings(max_examples=300, deadline=None)
@given(number=st.integers(10**9, 10**14), plus=st.booleans(), depth=st.integers(0, 4))
def test_no_whole_phone_number_comes_through_however_deep_it_lies(number: int, plus: bool, depth: int) -> None:
    value: Any = f"{'+' if plus else ''}{number}"
    for level in range(depth):
        value = [value] if level % 2 else {"to": value}
    assert str(number) not in json.dumps(mask(None, "", {"said": value}))


def test_a_house_made_token_of_any_kind_is_masked() -> None:
    tokens = [new_token(kind) for kind in ("obk", "whsec", "obs", "obl")]
    assert [token for token in tokens if token[6:] in mask_text(f"it was {token}, they said")] == []


@pytest.mark.parametrize(("path", "shown"), [
    ("/o/ord_1.0.AbC", "/o/***"), ("/panel/enter/obl_x", "/panel/enter/***"), ("/in/signed/tok", "/in/signed/***"),
    ("/panel/orders/N-1?q=a@b.c", "/panel/orders/N-1"), ("/v1/events", "/v1/events"), ("/o", "/o"),
])  # fmt: skip
def test_a_path_in_the_access_log_opens_nothing(path: str, shown: str) -> None:
    assert mask_path(path) == shown


def test_a_line_is_json_and_masked_down_to_its_traceback(written: io.StringIO) -> None:
    try:
        raise ValueError("cannot mail zhang@example.com")
    except ValueError as error:
        log.get("send").error("it failed", exc_info=error, phone="+8613912348821", asked={"token": "t", "n": 3})
    (line,) = lines(written)
    assert (line["room"], line["phone"], line["level"]) == ("send", "+86139****8821", "error")
    assert "z***@example.com" in line["exception"] and "zhang@" not in written.getvalue()
    assert line["asked"] == {"token": "***", "n": 3}


def test_what_libraries_say_is_masked_like_our_own_words(written: io.StringIO) -> None:
    logging.getLogger("some.library").warning("sent %s to %s", "password=hunter22", "li@qq.com")
    (line,) = lines(written)
    assert (line["room"], line["event"]) == ("some.library", "sent password=*** to l***@qq.com")


def test_an_object_that_shows_a_secret_when_printed_is_masked_too(written: io.StringIO) -> None:
    log.get("x").info("it", why=ConnectionError("https://u:hunter22@mail.test refused li@qq.com"))
    assert "hunter22" not in written.getvalue() and "li@qq.com" not in written.getvalue()


def test_an_error_nobody_caught_is_told_masked_before_the_end(written: io.StringIO) -> None:
    try:
        raise RuntimeError("li@qq.com broke it")
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    (line,) = lines(written)
    assert line["level"] == "critical" and "li@qq.com" not in line["exception"] and "broke it" in line["exception"]


def test_less_urgent_lines_than_asked_for_are_not_written(written: io.StringIO) -> None:
    log.get("x").debug("chatter")
    assert written.getvalue() == "" and not log.tells_steps()


def test_text_for_a_terminal_is_masked_as_well(written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", written)
    log.set_up("info", "text")
    log.get("x").info("hello", mail="li.wei@qq.com")
    assert "l***@qq.com" in written.getvalue() and not written.getvalue().startswith("{")


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(Misconfigured):
        log.set_up("info", "xml")


def test_a_full_disk_behind_the_log_does_not_stop_the_house(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("w", buffering=1)  # noqa: SIM115 (closing it fails like every write)
    monkeypatch.setattr(sys, "stderr", full)
    log.set_up("info")
    log.get("test").info("nobody will read this")
    with pytest.raises(OSError, match="No space"):
        full.close()
