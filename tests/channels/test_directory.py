"""The list of channels and the settings forms made from it."""

from __future__ import annotations

import pytest

from orderbell.base.errors import BadInput
from orderbell.channels.base import Address, Letter
from orderbell.channels.directory import CHANNELS, check_values, make

MAIL = {"host": "smtp.example.com", "from_address": "shop@example.com"}


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_every_channel_is_what_its_line_says_and_drafts_without_an_account(kind: str) -> None:
    channel = make(kind, {})
    assert channel.kind == kind
    assert channel.title
    assert channel.draft(Letter(subject="a", text="b"), Address(value="c@d.ef"), "msg_1").line


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_every_setting_has_a_label_and_choices_hold_their_default(kind: str) -> None:
    for each in CHANNELS[kind].settings:
        assert each.label
        assert each.kind in ("text", "secret", "number", "switch", "choice")
        assert not each.choices or each.default in each.choices


def test_an_unknown_channel_is_refused() -> None:
    with pytest.raises(BadInput) as bad:
        make("pigeon", {})
    assert bad.value.code == "unknown_channel"


def test_a_form_is_stripped_and_completed() -> None:
    cleaned = check_values("email", MAIL | {"host": "  smtp.example.com "})
    assert cleaned == MAIL | {"port": "587", "security": "starttls", "username": "", "password": "", "reply_to": ""}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"host": " "}, "host", "required"),
        ({"host": "10.0.0.1"}, "host", "unsafe_url"),
        ({"port": "many"}, "port", "bad_number"),
        ({"port": "0"}, "port", "bad_number"),
        ({"security": "maybe"}, "security", "bad_choice"),
        ({"username": "a\r\nb"}, "username", "bad_text"),
        ({"from_address": "nobody"}, "from_address", "bad_address"),
        ({"colour": "red"}, "colour", "unknown_setting"),
    ],
)
def test_a_mistake_names_its_field(change: dict[str, str], field: str, code: str) -> None:
    with pytest.raises(BadInput) as bad:
        check_values("email", MAIL | change)
    assert (bad.value.extra["field"], bad.value.code) == (field, code)


def test_private_targets_pass_only_where_they_are_allowed() -> None:
    values = {"url": "http://127.0.0.1:9000/hook"}
    assert check_values("webhook", values, allow_private=True)["url"] == values["url"]
    with pytest.raises(BadInput):
        check_values("webhook", values)
