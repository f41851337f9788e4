"""Keys, boxes and signed links: what opens, and above all what does not (promises H1, H2, H4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from orderbell.base.errors import Misconfigured, NotFound
from orderbell.base.secrets import Box, Keyring, LinkSigner, Sealed, new_token, read_or_make_key, token_hash

RING = Keyring(b"m" * 32)


def test_a_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret.key"
    key = read_or_make_key(path)
    assert (len(key), read_or_make_key(path)) == (32, key)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_file_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    read_or_make_key(path)
    path.chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod 600"):
        read_or_make_key(path)


@pytest.mark.parametrize("text", ["", "zz" * 32, "ab" * 31, "ab" * 33])
def test_a_key_file_that_holds_no_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret.key"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(Misconfigured, match="64 hex digits"):
        read_or_make_key(path)


def test_what_was_closed_opens_only_with_its_own_words() -> None:
    box = Box(b"k" * 32)
    sealed = box.close("卡密".encode(), "card", "shp_1", "crd_1")
    assert box.open(sealed, "card", "shp_1", "crd_1").decode() == "卡密"
    for words in (("card", "shp_1", "crd_2"), ("card", "shp_1crd_1"), ("card", "shp_1"), ()):
        with pytest.raises(Misconfigured):
            box.open(sealed, *words)


def test_one_changed_bit_anywhere_closes_it_for_good() -> None:
    box = Box(b"k" * 32)
    packed = box.close(b"secret", "x").packed()
    for n in range(len(packed)):
        changed = bytearray(packed)
        changed[n] ^= 1
        with pytest.raises(Misconfigured):
            box.open(Sealed.unpack(bytes(changed)), "x")


def test_the_same_secret_is_never_closed_alike_twice() -> None:
    box = Box(b"k" * 32)
    assert len({box.close(b"secret").packed() for _ in range(100)}) == 100


def test_a_shops_key_opens_nothing_of_another_shop() -> None:
    wrapped = RING.new_data_key("shp_1")
    sealed = RING.box("shp_1", wrapped).close(b"secret")
    assert RING.box("shp_1", wrapped).open(sealed) == b"secret"
    with pytest.raises(Misconfigured):
        RING.box("shp_2", wrapped)
    with pytest.raises(Misconfigured):
        Keyring(b"n" * 32).box("shp_1", wrapped)


def test_a_fingerprint_knows_a_key_again_in_its_own_shop_only() -> None:
    assert RING.fingerprint("shp_1", "KEY") == RING.fingerprint("shp_1", "KEY")
    others = {RING.fingerprint("shp_2", "KEY"), RING.fingerprint("shp_1", "KEY "), Keyring(b"n" * 32).derive("x")[:16]}
    assert RING.fingerprint("shp_1", "KEY") not in others


def test_a_token_is_new_each_time_and_only_its_hash_is_kept() -> None:
    first, second = new_token("obk"), new_token("obk")
    assert first != second
    assert first.startswith("obk_")
    assert len(token_hash(first)) == 64
    assert first not in token_hash(first)


def test_a_link_names_its_parts_and_opens_for_its_purpose_only() -> None:
    signer = LinkSigner(RING)
    token = signer.sign("order", "ord_1", "0")
    assert signer.read("order", token) == ["ord_1", "0"]
    for purpose, given in (("unsubscribe", token), ("order", token[:-1]), ("order", token.replace("0", "1", 1))):
        with pytest.raises(NotFound):
            signer.read(purpose, given)


@pytest.mark.parametrize("token", ["", ".", "x", "ord_1.0.", ".mac", "卡.密"])
def test_no_made_up_link_opens(token: str) -> None:
    with pytest.raises(NotFound):
        LinkSigner(RING).read("order", token)


def test_a_link_of_another_house_does_not_open() -> None:
    token = LinkSigner(Keyring(b"n" * 32)).sign("order", "ord_1", "0")
    with pytest.raises(NotFound):
        LinkSigner(RING).read("order", token)
