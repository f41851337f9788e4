"""The key file: made once, for its owner alone, and whole at every moment of a rotation (promises H3, H4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from orderbell.base import keyfile
from orderbell.base.errors import Misconfigured
from orderbell.base.secrets import Keyring


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the key file is going to be."""
    return tmp_path / "deep" / "secret.key"


def test_a_key_file_is_made_once_and_for_its_owner_alone(path: Path) -> None:
    keys = keyfile.read_or_make(path)
    assert keys == keyfile.read_or_make(path) == keyfile.read(path)
    assert (len(keys.root), keys.wraps, keys.is_rotating) == (32, (keys.root,), False)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_file_others_may_read_is_refused(path: Path) -> None:
    keyfile.read_or_make(path)
    path.chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod 600"):
        keyfile.read(path)


def test_a_missing_key_file_is_said_to_be_missing(path: Path) -> None:
    with pytest.raises(Misconfigured, match="put it back"):
        keyfile.read(path)


@pytest.mark.parametrize("text", [
    "", "zz" * 32, "ab" * 31, "ab" * 33, "root " + "ab" * 32, "wrap " + "ab" * 32, "ab" * 32 + "\n" + "ab" * 32,
    f"root {'ab' * 32}\nroot {'ab' * 32}\nwrap {'ab' * 32}", f"root {'ab' * 32}\nkeys {'ab' * 32}", "\0" * 70,
])  # fmt: skip
def test_a_key_file_that_holds_no_key_is_refused(path: Path, text: str) -> None:
    keyfile.read_or_make(path)
    path.write_text(text)
    with pytest.raises(Misconfigured, match="64 hex digits"):
        keyfile.read_or_make(path)


def test_a_rotation_keeps_the_root_and_puts_the_new_key_first(path: Path) -> None:
    old = keyfile.read_or_make(path)
    both = keyfile.add_wrap(path)
    assert (both.root, both.wraps[1], both.is_rotating) == (old.root, old.root, True)
    alone = keyfile.drop_old_wraps(path)
    assert (alone.root, alone.wraps, alone.is_rotating) == (old.root, both.wraps[:1], False)
    assert keyfile.read(path) == alone and path.stat().st_mode & 0o777 == 0o600


def test_what_a_killed_rotation_left_beside_the_file_is_in_nobodys_way(path: Path) -> None:
    keyfile.read_or_make(path)
    path.with_name("secret.key.new").write_text("half of a li")
    keyfile.add_wrap(path)
    assert keyfile.read(path).is_rotating and not path.with_name("secret.key.new").exists()


def test_a_running_process_follows_its_key_file(path: Path) -> None:
    ring, other = Keyring.of_file(path), Keyring.of_file(path)
    keyfile.add_wrap(path)
    wrapped = ring.new_data_key("shp_1")
    keyfile.drop_old_wraps(path)
    sealed = ring.box("shp_1", wrapped).close(b"secret")
    assert other.box("shp_1", wrapped).open(sealed) == b"secret"


def test_another_houses_key_file_is_not_followed(path: Path) -> None:
    ring = Keyring.of_file(path)
    path.unlink()
    keyfile.read_or_make(path)
    with pytest.raises(Misconfigured, match="another house"):
        ring.new_data_key("shp_1")
