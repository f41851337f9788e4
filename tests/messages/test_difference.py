"""What changed between two texts, word by word."""

from __future__ import annotations

import pytest

from orderbell.messages.difference import Run, between, of_parts


def signs(before: str, after: str) -> list[tuple[str, str]]:
    return [(run.kind, run.text) for run in between(before, after)]


def test_the_same_text_is_one_run() -> None:
    assert between("a\nb", "a\nb") == [Run("same", "a\nb")]


def test_a_word_that_changed_is_told_alone() -> None:
    assert signs("Thanks a lot", "Thanks a bunch") == [("same", "Thanks a "), ("gone", "lot"), ("new", "bunch")]


def test_chinese_is_told_by_characters() -> None:
    assert signs("已收到付款", "已收到货款") == [("same", "已收到"), ("gone", "付"), ("new", "货"), ("same", "款")]


def test_a_variable_changes_as_a_whole() -> None:
    assert signs("单{订单号}", "单{订单尾号}") == [("same", "单"), ("gone", "{订单号}"), ("new", "{订单尾号}")]


def test_a_line_that_came_is_new() -> None:
    assert signs("a\n", "a\nb\n") == [("same", "a\n"), ("new", "b\n")]


@pytest.mark.parametrize(
    ("before", "after"), [("x" * 20_000, "y" * 20_000), ("a b " * 5_000, "b a " * 5_000), ("", "z")]
)
def test_both_texts_can_be_read_from_the_runs(before: str, after: str) -> None:
    runs = between(before, after)
    assert "".join(run.text for run in runs if run.kind != "new") == before
    assert "".join(run.text for run in runs if run.kind != "gone") == after


def test_only_parts_that_differ_are_told() -> None:
    assert list(of_parts({"title": "a", "body": "b"}, {"title": "a", "body": "c", "button": "d"})) == ["body", "button"]
