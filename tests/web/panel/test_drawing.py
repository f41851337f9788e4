"""Charts and growing answers: whatever they are given, they draw one well-formed, escaped piece."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbell.web.panel import chart, progress
from orderbell.web.panel.chart import Series

counts = st.lists(st.integers(0, 10**7), min_size=2, max_size=48)


@given(counts, st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_a_chart_is_well_formed_whatever_its_numbers_and_words(values: list[int], words: str) -> None:
    series = Series(name=words, values=tuple(values))
    drawing = chart.area([series], [words] * len(values), words)
    ET.fromstring(f"<div>{drawing}</div>")


@given(st.integers(0, 10**9))
def test_the_ceiling_is_even_and_holds_the_highest(highest: int) -> None:
    top = chart.ceiling(highest)
    assert top >= max(highest, 2) and top % 2 == 0
    assert top <= max(highest * 2, 2) or highest < 2


def test_a_chart_says_its_numbers_without_a_style_or_script() -> None:
    drawing = chart.area([Series(name="a", values=(1, 2))], ["00:00", "01:00"], "two hours")
    assert 'role="img" aria-label="two hours"' in drawing
    assert "style=" not in drawing and "<script" not in drawing


@pytest.mark.parametrize("words", ["<b>bold</b>", "a\nb", 'quote"', "\u2028"])
def test_a_step_is_one_line_and_escaped(words: str) -> None:
    line = progress.line("check", "good", words, key="k", more=words)
    assert line.endswith("</li>\n") and line.count("\n") == 1
    assert "<b>" not in line
