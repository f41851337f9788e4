"""The panel's words: every one has its Chinese, and no template speaks Chinese by itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import orderbell
from orderbell.channels.directory import CHANNELS
from orderbell.domain.rules import PRESETS
from orderbell.events import BY_TYPE
from orderbell.messages.i18n import catalogue
from orderbell.sources.directory import SOURCES
from orderbell.web.panel import (
    asking_words,
    channels,
    first_run,
    importing,
    keys,
    nav,
    notices,
    overview,
    trail,
    wordings,
    words,
    writing,
)

HOME = Path(orderbell.__file__).parent
TEMPLATES = sorted((HOME / "web/templates/panel").rglob("*.html"))
SCRIPTS = sorted((HOME / "web/static/js").glob("*.js"))
HAN = re.compile(r"[\u4e00-\u9fff]")
_CALL = re.compile(r"""(?<![\w.])(?:_|plural)\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_SAID = re.compile(r"""\bsay(?:\.plural)?\(\s*("(?:[^"\\]|\\.)*")""")


def spoken_by_templates() -> Iterator[str]:
    for path in TEMPLATES:
        yield from (ast.literal_eval(each) for each in _CALL.findall(path.read_text()))


def spoken_by_code() -> Iterator[str]:
    for path in (HOME / "web/panel").rglob("*.py"):
        yield from (ast.literal_eval(each) for each in _SAID.findall(path.read_text()))


def spoken_by_tables() -> Iterator[str]:
    for signs in (words.MESSAGE, words.ORDER, words.FLAGS, words.OUTCOMES):
        yield from (sign.word for sign in signs.values())
    for table in (words.EVENTS, words.KINDS, words.AUDIENCES, words.ROLES, words.TASKS, words.REASONS, words.DONE,
                  words.WRONG, keys.SCOPE_WORDS, channels.STEP_WORDS, importing.REFUSALS, trail.ACTIONS, trail.ACTORS,
                  trail.STATES, notices.SHORT, notices.NOTES, notices.RECIPIENTS, notices.QUIETS, notices.ZONES,
                  asking_words.FACTS, asking_words.OPS, asking_words.WEEKDAYS, asking_words.HINTS):  # fmt: skip
        yield from table.values()
    for table in (writing.PART_WORDS, writing.PART_HINTS, writing.FAULT_WORDS, wordings.STATE_WORDS,
                  wordings.STANDING_WORDS):  # fmt: skip
        yield from table.values()
    yield from words.LANES.values()
    yield from notices.GROUPS
    yield from (text for pair in (*notices.SETS.values(), *notices.LANES.values()) for text in pair)
    yield from (word for word, _ in asking_words.READY.values())
    for heading, places in nav.GROUPS:
        yield from (heading, *(place.word for place in places))
    yield from (act.word for act in nav.ACTS)
    yield from (text for heading, why, _ in first_run.WORDS.values() for text in (heading, why))
    yield from (*overview.QUIET.values(), *overview.BUSY.values())


def spoken_by_classes() -> Iterator[str]:
    yield from (preset.name for preset in PRESETS)
    for channel in CHANNELS.values():
        yield channel.title
        yield from (text for each in channel.settings for text in (each.label, each.help) if text)
    for source in SOURCES.values():
        yield source.title
        yield from (text for field in source.fields for text in (field.label, field.help) if text)


@pytest.mark.parametrize("spoken", [spoken_by_templates, spoken_by_code, spoken_by_tables, spoken_by_classes])
def test_every_word_has_its_chinese(spoken: object) -> None:
    chinese = catalogue("zh-CN")
    assert callable(spoken)
    said = set(spoken())
    assert len(said) > 20 and sorted(each for each in said if not chinese.knows(each)) == []


@pytest.mark.parametrize("path", TEMPLATES + SCRIPTS, ids=lambda path: path.name)
def test_no_page_speaks_chinese_by_itself(path: Path) -> None:
    # The language switch names each language in itself; that is the one exception.
    text = path.read_text().replace("简体中文", "").replace(">中<", "")
    assert not HAN.search(text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_page_holds_a_script_a_style_or_a_handler(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|hx-vals=.js", text)


def test_every_event_has_a_name() -> None:
    assert set(words.EVENTS) == set(BY_TYPE)


def test_every_icon_used_is_in_the_sprites_list() -> None:
    listed = set((HOME / "web/static/icons.txt").read_text().split())
    signs = (words.MESSAGE, words.ORDER, words.FLAGS, words.OUTCOMES)
    used = {sign.icon for table in signs for sign in table.values()} | set(words.CHANNEL_ICONS.values())
    used |= {place.icon for _, places in nav.GROUPS for place in places} | {act.icon for act in nav.ACTS}
    for path in TEMPLATES:
        used |= set(re.findall(r'(?:icon|tile|empty)\("([a-z][a-z-]+)"', path.read_text()))
    for path in (HOME / "web/panel").glob("*.py"):
        used |= set(re.findall(r'progress\.line\(\s*"([a-z-]+)"', path.read_text()))
    assert used - listed == set() and len(used) > 30
