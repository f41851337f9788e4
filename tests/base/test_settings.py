"""Settings from the environment."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from orderbell.base.errors import Misconfigured
from orderbell.base.settings import Settings, read


def test_nothing_said_means_the_defaults() -> None:
    assert read({}) == Settings()


def test_the_environment_is_read_by_kind() -> None:
    said = read({"ORDERBELL_PORT": "9000", "ORDERBELL_DATA_DIR": "/tmp/x", "ORDERBELL_DEMO": "Yes"})
    assert (said.port, said.data_dir, said.demo) == (9000, Path("/tmp/x"), True)


def test_what_is_said_on_the_command_line_wins_and_silence_does_not() -> None:
    environ = {"ORDERBELL_PORT": "9000"}
    assert read(environ, port=9001).port == 9001
    assert read(environ, port=None).port == 9000


def test_an_empty_variable_is_no_word() -> None:
    assert read({"ORDERBELL_PORT": "", "ORDERBELL_DEMO": ""}) == Settings()


@pytest.mark.parametrize(("name", "raw"), [("PORT", "80a"), ("LEASE_S", "1.5"), ("DEMO", "maybe")])
def test_a_value_of_the_wrong_kind_stops_the_start(name: str, raw: str) -> None:
    with pytest.raises(Misconfigured, match=f"ORDERBELL_{name}"):
        read({f"ORDERBELL_{name}": raw})


def test_every_setting_says_its_unit_and_a_sentence() -> None:
    assert [each.name for each in fields(Settings) if not each.metadata["sentence"].endswith(".")] == []
    assert [each.name for each in fields(Settings) if not each.metadata["unit"]] == []


def test_the_key_lies_beside_the_database_unless_told_otherwise() -> None:
    assert Settings(data_dir=Path("d")).key_path == Path("d/secret.key")
    assert Settings(secret_key_file="/run/key").key_path == Path("/run/key")


def test_buyers_see_an_address_without_a_slash_at_its_end() -> None:
    assert Settings(public_url="https://shop.test/").base_url == "https://shop.test"
    assert Settings(port=8701).base_url == "http://127.0.0.1:8701"
