"""The little markup, and that data never becomes a mark."""

from __future__ import annotations

import pytest

from orderbell.messages.fences import fence_value, resolve
from orderbell.messages.markup import inline_html, to_html, to_text


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("a\n\nb", '<p class="ink">a</p><p class="ink">b</p>'),
        ("a\nb", '<p class="ink">a<br>b</p>'),
        ("**a** *b*", '<p class="ink"><strong>a</strong> *b*</p>'),
        ("x\n- a\n- b", '<p class="ink">x</p><ul class="ink"><li>a</li><li>b</li></ul>'),
        ("<script>", '<p class="ink">&lt;script&gt;</p>'),
        ("[go](https://a.example/x)", '<p class="ink"><a class="link" href="https://a.example/x">go</a></p>'),
        ("[go](javascript:alert(1))", '<p class="ink">[go](javascript:alert(1))</p>'),
        ("a\r\n\r\n\r\nb", '<p class="ink">a</p><p class="ink">b</p>'),
    ],
)
def test_markup_becomes_html(source: str, html: str) -> None:
    assert to_html(source) == html


@pytest.mark.parametrize("value", ["**x**", "- x", "[a](https://b.example)", "a\n\nb", "<b>", "# x"])
def test_marks_inside_a_value_are_text(value: str) -> None:
    html = resolve(to_html("- " + fence_value(value)), str)
    assert html == f'<ul class="ink"><li>{value}</li></ul>'


def test_a_value_that_is_no_address_is_no_link() -> None:
    html = to_html(f"[x]({fence_value('javascript:alert(1)')})")
    assert "<a" not in html


def test_plain_text_keeps_the_words_and_shows_the_address() -> None:
    assert to_text("**Hi**\n\n\n[go](https://a.example)\n- x") == "Hi\n\ngo: https://a.example\n- x"


def test_one_line_stays_one_line() -> None:
    assert inline_html("a\n **b**") == "a <strong>b</strong>"
