"""The docs keep pace with the code: reference pages are what the code prints, and every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orderbell.cli.codes import all_codes
from orderbell.cli.reference import PAGES, PRINTED

ROOT = Path(__file__).parent.parent
TEXTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
TARGET = re.compile(r"`make ([a-z]+)")


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_what_the_code_prints(name: str) -> None:
    assert (ROOT / "docs/reference" / name).read_text("utf-8") == PAGES[name](), "run: make reference"


def test_no_reference_page_is_left_over() -> None:
    printed = {path.name for path in (ROOT / "docs/reference").iterdir() if PRINTED in path.read_text("utf-8")}
    assert printed == set(PAGES)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_somewhere(path: Path) -> None:
    assert [link for link in LINK.findall(path.read_text("utf-8")) if not (path.parent / link).exists()] == []


def test_both_readmes_have_the_same_headings_code_and_links() -> None:
    def bones(name: str) -> tuple[list[int], list[str], int]:
        text = (ROOT / name).read_text("utf-8")
        headings = [len(mark) for mark in re.findall(r"^(#+) ", text, re.MULTILINE)]
        return headings, re.findall(r"^(?:make|curl|export)\b[^#\n]*", text, re.MULTILINE), len(LINK.findall(text))

    assert bones("README.md") == bones("README.zh-CN.md")


def test_every_make_target_the_docs_name_exists() -> None:
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {name for path in TEXTS for name in TARGET.findall(path.read_text("utf-8"))}
    assert named - known == set()


def test_codes_said_through_a_helping_function_are_found_too() -> None:
    assert {"too_long", "bad_locale", "bad_json", "not_found"} <= {each.code for each in all_codes()}
