"""How many SMS a text is counted as: vendors' own examples, and what must not be cut in the middle."""

from __future__ import annotations

import pytest

from orderbell.messages.segments import count


@pytest.mark.parametrize(("chars", "parts"), [(0, 1), (70, 1), (71, 2), (134, 2), (135, 3), (150, 3), (160, 3)])
def test_mainland_texts_are_counted_by_70_and_then_67(chars: int, parts: int) -> None:
    assert count("订" * chars).parts == parts
    assert count("a" * chars).parts == parts


def test_the_signature_and_its_brackets_count() -> None:
    told = count("订" * 64, "星河数码")
    assert (told.chars, told.parts, told.left) == (70, 1, 0)


@pytest.mark.parametrize(("chars", "parts"), [(160, 1), (161, 2), (306, 2), (307, 3)])
def test_plain_letters_abroad_are_counted_by_160_and_then_153(chars: int, parts: int) -> None:
    told = count("a" * chars, abroad=True)
    assert (told.parts, told.alphabet) == (parts, "GSM-7")


def test_a_euro_sign_costs_two_letters_and_is_not_cut() -> None:
    assert count("€" * 80, abroad=True).parts == 1
    # 153 places hold 76 of two; the last place stays empty.
    assert count("€" * 153, abroad=True).parts == 3


def test_one_chinese_character_abroad_makes_the_whole_text_wide() -> None:
    told = count("a" * 70 + "订", abroad=True)
    assert (told.alphabet, told.parts) == ("UCS-2", 2)


def test_an_emoji_counts_as_two_and_is_not_cut() -> None:
    assert count("🎉" * 35).parts == 1
    assert count("🎉" * 67).parts == 3


def test_what_still_fits_is_told() -> None:
    assert (count("订" * 60).left, count("订" * 80).left) == (10, 54)


def test_more_than_500_characters_are_too_long_in_the_mainland() -> None:
    assert count("订" * 501).too_long and not count("订" * 500).too_long
