"""The page of a mail: dark, narrow, small, and readable in every brand's colour."""

from __future__ import annotations

import re

import pytest
from tests.messages.conftest import Send

from orderbell.messages.brand import Brand
from orderbell.messages.colour import contrast, shade_for
from orderbell.messages.layout import CARD, DARK_CARD, DARK_SOFT, DARK_TEXT, PAGE, SOFT, TEXT, page
from orderbell.messages.stock import LANGUAGES

ACCENTS = ("#4f46e5", "#ffe600", "#000000", "#ffffff", "#e11d48", "#16a34a", "#7f7f7f")


def test_every_part_that_holds_text_can_be_darkened(word: Send) -> None:
    html = word("order.owed", "email", audience="staff").html
    dark = html.partition("prefers-color-scheme:dark")[2].partition("</style>")[0]
    for name in ("brand", "heading", "ink", "fact-name", "fact-value", "foot", "button", "card", "page"):
        assert f'class="{name}"' in html and f".{name}" in dark


def test_a_mail_says_that_it_knows_dark_mode(word: Send) -> None:
    assert '<meta name="color-scheme" content="light dark"' in word("order.paid", "email").html


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_mail_names_its_language(word: Send, locale: str) -> None:
    assert f'<html lang="{locale}"' in word("order.paid", "email", locale=locale).html


def test_a_mail_is_small_and_loads_nothing(word: Send) -> None:
    html = word("order.owed", "email", locale="zh-CN", audience="staff").html
    assert len(html.encode()) < 12_288
    assert not re.search(r"<link|@import|<script|<img", html)


def test_a_logo_stands_on_a_light_plate_with_the_name_as_its_alt(word: Send) -> None:
    brand = Brand(name='G "1"', logo_url="https://g.example/l.png")
    assert 'class="plate"' in (html := word("order.paid", "email", brand=brand).html)
    assert 'alt="G &quot;1&quot;"' in html


def test_the_preview_line_is_hidden_in_the_page(word: Send) -> None:
    assert re.search(r"display:none[^>]*>We have \$198\.00 and are", word("order.paid", "email").html)


def test_lines_are_far_enough_apart_for_chinese() -> None:
    assert "line-height:1.7" in page("#4f46e5", "zh-CN")


@pytest.mark.parametrize("accent", ACCENTS)
@pytest.mark.parametrize("ground", [CARD, DARK_CARD])
def test_a_brands_colour_is_shaded_until_it_can_be_read(accent: str, ground: str) -> None:
    assert contrast(shade_for(accent, ground), ground) >= 4.5


@pytest.mark.parametrize("accent", ACCENTS)
def test_a_button_can_be_read_in_every_brands_colour(accent: str) -> None:
    found = re.search(r"background:(#\w{6});color:(#\w{6})", page(accent, "en"))
    assert found and contrast(found[1], found[2]) >= 4.5


@pytest.mark.parametrize("accent", ["#4f46e5", "#ffe600", "#e11d48"])
def test_a_button_keeps_the_brands_colour(accent: str) -> None:
    assert f"background:{accent}" in page(accent, "en")


@pytest.mark.parametrize(
    ("ink", "ground"), [(TEXT, CARD), (SOFT, CARD), (SOFT, PAGE), (DARK_TEXT, DARK_CARD), (DARK_SOFT, DARK_CARD)]
)
def test_the_houses_own_colours_can_be_read(ink: str, ground: str) -> None:
    assert contrast(ink, ground) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
