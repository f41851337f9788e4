"""The little markup authors know: blank line, line break, `**bold**`, `- list`, `[label](link)`; the rest is text.

It works on fenced text, so nothing inside a value can become a mark.
"""

from __future__ import annotations

import re
from html import escape

from orderbell.messages.escapes import web_address
from orderbell.messages.fences import CLOSE, OPEN, unfence
from orderbell.messages.tokens import LINK_NAMES

# Every repetition is bounded and stops at its own mark: no text makes these walk back far.
_BOLD = re.compile(r"\*\*(?=\S)([^*\n]{1,2000}?)(?<=\S)\*\*")
_TARGET = rf"{OPEN}(?:{'|'.join(sorted(LINK_NAMES))}|[0-9a-f]+){CLOSE}|https?://[^\s()<>\"'&]{{1,1000}}"
_LINK = re.compile(rf"\[([^\[\]\n]{{1,200}})\]\(({_TARGET})\)")
_BLANK = re.compile(r"\n[ \t]{0,200}\n\s{0,200}")
_ITEM = re.compile(r"^[ \t]{0,8}[-*•][ \t]{1,8}")


def to_html(text: str, *, link_style: str = "") -> str:
    """Paragraphs and lists as HTML; fences stay where they are."""
    text = text.replace("\r\n", "\n").strip()
    return "".join(_block(block, link_style) for block in _BLANK.split(text) if block.strip())


def inline_html(text: str, *, link_style: str = "") -> str:
    """One line as HTML, without a paragraph around it."""
    safe = escape(" ".join(text.split()))
    return _marks(safe, link_style)


def to_text(text: str) -> str:
    """The same as plain text: marks go, a link becomes `label: address`."""
    text = _LINK.sub(lambda match: f"{match[1]}: {match[2]}", text.replace("\r\n", "\n").strip())
    return _BLANK.sub("\n\n", _BOLD.sub(r"\1", text))


def _block(block: str, link_style: str) -> str:
    """A paragraph, a list, or a paragraph with a list under it."""
    lines = block.split("\n")
    out: list[str] = []
    run: list[str] = []
    for line in lines:
        if _ITEM.match(line):
            out += _paragraph(run, link_style)
            run = []
            out.append(f"<li>{_marks(escape(_ITEM.sub('', line)), link_style)}</li>")
        else:
            run.append(line)
    out += _paragraph(run, link_style)
    return re.sub(r"(?:<li>.*?</li>)+", lambda match: f'<ul class="ink">{match[0]}</ul>', "".join(out))


def _paragraph(lines: list[str], link_style: str) -> list[str]:
    if not any(line.strip() for line in lines):
        return []
    return [f'<p class="ink">{"<br>".join(_marks(escape(line.strip()), link_style) for line in lines)}</p>']


def _marks(safe: str, link_style: str) -> str:
    style = f' style="{link_style}"' if link_style else ""
    linked = _LINK.sub(lambda match: _anchor(match, style), safe)
    return _BOLD.sub(r"<strong>\1</strong>", linked)


def _anchor(match: re.Match[str], style: str) -> str:
    # A value Liquid wrote may be anything a buyer typed: only an http(s) address becomes a link.
    label, target = match[1], match[2]
    if target.startswith(OPEN) and target[1:-1] not in LINK_NAMES and not web_address(unfence(target)):
        return match[0]
    return f'<a class="link"{style} href="{target}">{label}</a>'
