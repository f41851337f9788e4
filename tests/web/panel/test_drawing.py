"""Charts and growing answers: whatever they are given, they draw one well-formed, escaped piece."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbell.web.panel import chart, figures, progress
from orderbell.web.panel.chart import Series
from orderbell.web.panel.figures import Band

counts = st.lists(st.integers(0, 10**7), min_size=2, max_size=48)


@given(counts, st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_a_chart_is_well_formed_whatever_its_numbers_and_words(values: list[int], words: str) -> None:
    series = Series(name=words, values=tuple(values))
    for draw in (chart.area, chart.bars):
        picture = draw([series, series], [words] * len(values), words)
        ET.fromstring(f"<div>{picture.drawing}</div>")


numbers = st.lists(st.floats(0, 10**6), min_size=2, max_size=20)


@given(numbers, numbers, st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_a_figure_is_well_formed_whatever_its_numbers_and_words(
    past: list[float], coming: list[float], words: str
) -> None:
    bands = [Band(low=[each / 2 for each in coming], high=[each * 2 for each in coming])]
    drawn = figures.fan(past, coming, bands, level=past[0], summary=words) + figures.spark(past, words)
    low, high = min(past), max(past)
    drawn += figures.interval(low, past[0], high, least=0, most=high or 1, mark=0, summary=words)
    ET.fromstring(f"<div>{drawn}</div>")
    assert "nan" not in drawn and "inf," not in drawn


@given(st.integers(1, 40), st.integers(1, 40))
def test_columns_stay_on_their_paper(places: int, most: int) -> None:
    series = [Series(name=str(n), values=tuple([most] * places)) for n in range(3)]
    drawn = ET.fromstring(f"<div>{chart.bars(series, ['a'] * places, 'sum').drawing}</div>")
    for chart_ in drawn:
        width = float(chart_.attrib["viewBox"].split()[2])
        bars = [each for each in chart_ if each.tag == "rect"]
        assert all(0 <= float(bar.attrib["x"]) <= width - float(bar.attrib["width"]) for bar in bars)
        assert len(bars) == 3 * places and all(float(bar.attrib["height"]) > 0 for bar in bars)


@given(st.integers(0, 10**9))
def test_the_ceiling_is_even_and_holds_the_highest(highest: int) -> None:
    top = chart.ceiling(highest)
    assert top >= max(highest, 2) and top % 2 == 0
    assert top <= max(highest * 2, 2) or highest < 2


def test_a_chart_says_its_numbers_without_a_style_or_script() -> None:
    drawing = chart.area([Series(name="a", values=(1, 2))], ["00:00", "01:00"], "two hours").drawing
    assert 'role="img" aria-label="two hours"' in drawing
    assert "style=" not in drawing and "<script" not in drawing


@pytest.mark.parametrize("words", ["<b>bold</b>", "a\nb", 'quote"', "\u2028"])
def test_a_step_is_one_line_and_escaped(words: str) -> None:
    line = progress.line("check", "good", words, key="k", more=words)
    assert line.endswith("</li>\n") and line.count("\n") == 1
    assert "<b>" not in line
