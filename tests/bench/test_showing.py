"""What a run's figures become: JSON that can be read again, tables, and plots that are whole SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from bench import plots, report, results
from bench.figures import Figure
from bench.plan import QUICK
from bench.report import BEGIN, END
from bench.results import Results
from bench.showing import show
from bench.svg import ceiling
from bench.targets import TARGETS

PAGE = f"# Speed\n\n{BEGIN}\nold\n{END}\n\nMore.\n"


def _run() -> Results:
    stored = [{"stored": float(many), "writer_ms": 0.5} for many in (100, 1_000)]
    figures = [
        Figure(name="full way, single", done=100, took_s=1, cpu_s=1, waits_s=[0.1, 0.2]),
        Figure(name="bare loop", done=200, took_s=1, cpu_s=1),
        Figure(name="Celery + Redis", done=20, took_s=1, cpu_s=2),
        Figure(name="event to mail at 100 orders/s", done=3, took_s=1, cpu_s=1, waits_s=[0.01, 0.02, 0.3]),
        Figure(name="full way with 100 orders stored", done=100, took_s=1, cpu_s=1, more=stored[0]),
        Figure(name="full way with 1,000 orders stored", done=100, took_s=1, cpu_s=1.5, more=stored[1]),
    ]
    return results.gathered({figure.name: [figure] for figure in figures}, QUICK, {"cores": 2})


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")][1:-1]


def test_the_table_holds_the_full_way_against_its_rivals() -> None:
    line = next(line for line in report.text(_run()).splitlines() if line.startswith("| full way, single"))
    assert _cells(line)[1:5] == ["100", "100", "50%", "10.0"]


def test_a_fuller_database_is_held_against_the_emptiest() -> None:
    line = next(line for line in report.text(_run()).splitlines() if line.startswith("| 1,000 orders stored"))
    assert _cells(line)[-2:] == ["1.50", "1.00"]


def test_what_was_not_measured_has_no_table() -> None:
    assert "PostgreSQL and many processes" not in report.text(_run())


def test_a_target_that_is_missed_is_called_missed() -> None:
    lines = [line for line in report.text(_run()).splitlines() if line.startswith("| cost of an order")]
    assert [_cells(line)[2:] for line in lines] == [["50 %", "no"]]


def test_no_target_is_judged_without_a_figure() -> None:
    empty = Results({}, {}, {})
    assert [target.what for target in TARGETS if target.measured(empty) is not None] == []


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    results.save(_run(), tmp_path / "run.json")
    assert report.text(results.load(tmp_path / "run.json")) == report.text(_run())


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    page.write_text(PAGE, "utf-8")
    report.put_into(page, _run(), {"a.svg": "A plot"})
    text = page.read_text("utf-8")
    assert text.startswith("# Speed\n") and text.endswith("\n\nMore.\n")
    assert "old" not in text and "![A plot](a.svg)" in text


@pytest.mark.parametrize("name", plots.PLOTS)
def test_each_plot_is_drawn_and_tells_itself_in_words(tmp_path: Path, name: str) -> None:
    plots.draw_all(_run(), tmp_path)
    drawn = ET.fromstring((tmp_path / name).read_text("utf-8"))
    title, told = (drawn.findtext(f"{{http://www.w3.org/2000/svg}}{part}") for part in ("title", "desc"))
    assert title
    assert told and any(digit in told for digit in "123456789")


def test_the_figures_lie_beside_the_plots_and_the_page_shows_both(tmp_path: Path) -> None:
    run, page = tmp_path / "run.json", tmp_path / "speed.md"
    results.save(_run(), run)
    page.write_text(PAGE, "utf-8")
    show(run, table=page, folder=tmp_path)
    assert (tmp_path / "speed.json").read_bytes() == run.read_bytes()
    assert "speed-growth.svg" in page.read_text("utf-8")


@pytest.mark.parametrize(("highest", "top"), [(0.7, 0.8), (1, 1), (3, 4), (95, 100), (1_234, 2_000)])
def test_an_axis_ends_at_a_round_number(highest: float, top: float) -> None:
    assert ceiling(highest) == pytest.approx(top)
