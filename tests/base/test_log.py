"""What the log may not say."""

from __future__ import annotations

import json

import pytest
import structlog

from orderbell.base import log
from orderbell.base.log import mask, mask_text


@pytest.mark.parametrize(("said", "written"), [
    ("to li.wei@qq.com", "to l***@qq.com"),
    ("call +8613912348821 now", "call +861****21 now"),
    ("key obk_abcdefgh12345678", "key obk_***"),
    ("nothing to hide", "nothing to hide"),
])  # fmt: skip
def test_contacts_and_tokens_are_masked_in_running_text(said: str, written: str) -> None:
    assert mask_text(said) == written


@pytest.mark.parametrize("name", ["password", "api_key", "Authorization", "card", "webhook_secret", "cookie"])
def test_what_is_named_like_a_secret_is_never_written(name: str) -> None:
    assert mask(None, "", {name: "KEY-1"}) == {name: "***"}


def test_a_line_is_json_and_masked_down_to_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("info")
    try:
        raise ValueError("cannot mail zhang@example.com")
    except ValueError as error:
        log.get("send").error("it failed", exc_info=error, phone="+8613912348821")
    finally:
        structlog.reset_defaults()
    line = json.loads(capsys.readouterr().err)
    assert (line["room"], line["phone"], line["level"]) == ("send", "+861****21", "error")
    assert "z***@example.com" in line["exception"]


def test_less_urgent_lines_than_asked_for_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("warning")
    log.get("x").info("chatter")
    structlog.reset_defaults()
    assert capsys.readouterr().err == ""
