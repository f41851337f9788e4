"""Keys, boxes and signed links: what opens, and above all what does not (promises H1, H2, H4)."""

from __future__ import annotations

import pytest

from orderbell.base.errors import Misconfigured, NotFound
from orderbell.base.secrets import Box, Keyring, LinkSigner, Sealed, new_token, newest_data_keys, token_hash

RING = Keyring(b"m" * 32)


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


def test_a_box_opens_with_an_older_key_and_closes_with_the_new_one() -> None:
    old, both = Box(b"o" * 32), Box(b"n" * 32, b"o" * 32)
    sealed = old.close(b"secret", "row")
    assert both.open(sealed, "row") == b"secret"
    fresh = both.renewed(sealed, "row")
    assert fresh and Box(b"n" * 32).open(fresh, "row") == b"secret"
    assert both.renewed(fresh, "row") is None


def test_a_renewed_secret_stays_bound_to_its_row() -> None:
    both = Box(b"n" * 32, b"o" * 32)
    fresh = both.renewed(Box(b"o" * 32).close(b"secret", "row", "1"), "row", "1")
    assert fresh
    with pytest.raises(Misconfigured):
        both.open(fresh, "row", "2")


def test_a_new_data_key_closes_and_the_old_one_still_opens() -> None:
    first = RING.new_data_key("shp_1")
    sealed = RING.box("shp_1", first).close(b"secret")
    both = RING.with_new_data_key("shp_1", first)
    assert RING.box("shp_1", both).open(sealed) == b"secret"
    alone = newest_data_keys(both, 1)
    with pytest.raises(Misconfigured):
        RING.box("shp_1", alone).open(sealed)


def test_data_keys_move_to_the_newest_wrapping_key() -> None:
    wrapped = RING.with_new_data_key("shp_1", RING.new_data_key("shp_1"))
    turned = Keyring(b"m" * 32, b"w" * 32, b"m" * 32)
    moved = turned.rewrapped("shp_1", wrapped)
    assert moved and turned.rewrapped("shp_1", moved) is None
    sealed = RING.box("shp_1", wrapped).close(b"secret")
    assert Keyring(b"m" * 32, b"w" * 32).box("shp_1", moved).open(sealed) == b"secret"
    with pytest.raises(Misconfigured):
        RING.box("shp_1", moved)


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
