"""Answers that grow: each line is a finished piece of HTML, sent as soon as its step is done."""

from __future__ import annotations

from collections.abc import AsyncIterator

from litestar.response import Stream
from markupsafe import Markup, escape

from orderbell.web import pages


def line(icon: str, tone: str, text: str, *, key: str, more: str = "") -> str:
    """One step; one with the key of an earlier step takes its place. `more` is shown as it came, in a box."""
    spin = " loader" if icon == "loader" else ""
    use = f'<use href="{pages.static_url("vendor/icons.svg")}#{icon}"></use>'
    box = Markup('<pre class="code" tabindex="0">{}</pre>').format(more.replace("\n", "\u2028")) if more else ""
    body = f'<svg class="icon {tone}{spin}" aria-hidden="true">{use}</svg><div class="grow">{escape(text)}{box}</div>'
    # A line break ends a piece on the wire; one inside the text travels as a reference.
    return f'<li id="{escape(key)}">{body}</li>'.replace("\u2028", "&#10;").replace("\n", " ") + "\n"


def flowing(lines: AsyncIterator[str]) -> Stream:
    """The lines as they come; nothing on the way may hold them back."""
    return Stream(lines, media_type="text/html; charset=utf-8", headers={"x-accel-buffering": "no"})
