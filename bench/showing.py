"""Show a run that was measured before: its tables in a page, its plots in a folder."""

from __future__ import annotations

from pathlib import Path

from bench import plots, report, results


def show(figures: Path, *, table: Path | None, folder: Path | None) -> None:
    """Write the tables into the page `table`; draw the plots into `folder` and copy the figures beside them."""
    found = results.load(figures)
    if table is not None:
        report.put_into(table, found, plots.drawable(found))
    if folder is not None:
        plots.draw_all(found, folder)
        results.save(found, folder / "speed.json")
