"""Promises F1 and F2: hostile templates reach nothing and end; either they are text or they are refused."""

from __future__ import annotations

import itertools

import pytest

from orderbell.base.errors import BadInput
from orderbell.messages import tokens
from orderbell.messages.escapes import Escape
from orderbell.messages.liquid import check, compile_text
from orderbell.messages.samples import sample_facts, sample_links
from orderbell.messages.say import Told

FACTS, LINKS = sample_facts("order.paid", "en"), sample_links()
GOODS = Told(FACTS, LINKS, "en").goods()

WALKS = (
    "7*7", "self", "config", "''.__class__.__mro__[1].__subclasses__()", "request.application.__globals__",
    "cycler.__init__.__globals__.os.popen('id').read()", "lipsum.__globals__['os']", "order_number.__class__",
    "items.__init__.__globals__", "items[0].__class__", "amount.format.__globals__", "_context", "template.env",
    "T(java.lang.Runtime).getRuntime().exec('id')", "@java.lang.System@getenv()",
    "_self.env.registerUndefinedFilterCallback('exec')",
    "['id']|filter('system')", "constructor.constructor('return process')()", "this.process.env",
    "File.read('/etc/passwd')",
    "'/etc/passwd'|file_excerpt(1,30)", "system('id')", "open('/etc/passwd').read()", "import os", "range(99999)",
)  # fmt: skip
SYNTAXES = (
    "{{ %s }}", "{%% if %s %%}x{%% endif %%}", "${%s}", "#{%s}", "<%%= %s %%>", "{%s}", "{{= %s }}", "{{{%s}}}",
    "{php}%s{/php}", "#set($x=%s)$x", "@(%s)", "[[${%s}]]", "{!! %s !!}", "<#assign x=%s>${x}", "{{#with %s}}{{/with}}",
    "%%{%s}", "{{ %s | attr: 'x' }}", "{%% assign x = %s %%}{{ x }}", "{{ '' | append: %s }}",
)  # fmt: skip
PAYLOADS = [syntax % walk for syntax, walk in itertools.product(SYNTAXES, WALKS)] + [
    "${{<%[%'\"}}%\\", "{{" * 500, "{%" * 500, "{# {# #} #}", "｛｛7*7｝｝", "{{'a'.upper()}}", "{0.__class__}",
    "%(x)s", "{{.}}",
]  # fmt: skip
SIGNS_OF_REACH = ("49", "root:", "<class", "built-in", "uid=", "object at 0x", "<function", "<bound", "Runtime@")

BOMBS = {
    "nested loops": "{% for a in (1..1000) %}{% for b in (1..1000) %}x{% endfor %}{% endfor %}",
    "long range": "{% for a in (1..99999999) reversed %}x{% endfor %}",
    "range in a variable": "{% assign n = 99999999 %}{% for a in (1..n) %}x{% endfor %}",
    "range searched": "{% if (1..99999999) contains 'a' %}x{% endif %}",
    "range joined": "{{ (1..99999999) | join: ',' }}",
    "doubling": "{% assign x = 'aaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40,
    "squaring": "{% assign x = 99999 %}{% for a in (1..1000) %}{% assign x = x | times: x %}{% endfor %}",
    "replace": "{% capture x %}{% for a in (1..1000) %}a{% endfor %}{% endcapture %}"
    "{{ x | replace: 'a', x | replace: 'a', x }}",
    "growing capture": "{% assign x='aaaaaaaa' %}"
    "{% for a in (1..99) %}{% capture x %}{{ x }}{{ x }}{% endcapture %}{% endfor %}",
    "deep nesting": "{% if true %}" * 150,
    "big output": "{% for a in (1..1000) %}" + "x" * 1000 + "{% endfor %}",
    "many filters": "{% for a in (1..900) %}{{ 'a' " + "| upcase " * 60 + "}}{% endfor %}",
    "sorting": "{% capture x %}{% for a in (1..400) %}b,{% endfor %}{% endcapture %}"
    "{% for a in (1..1000) %}{{ x | split: ',' | sort | size }}{% endfor %}",
    "huge rounding": "{{ 1.5 | round: 999999999 }}",
    "too many tags": "{% assign a = 1 %}" * 500,
}


def rendered(source: str) -> str:
    compiled = compile_text(source, event_type="order.paid", audience="buyer")
    values = tokens.values_for(FACTS, LINKS, locale="en", names=compiled.needs)
    check(compiled, values, GOODS)
    return compiled.render(values, Escape.TEXT, GOODS)


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(set(PAYLOADS)) >= 300


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_no_walk_in_any_engines_syntax_reaches_anything(syntax: str) -> None:
    for walk in WALKS:
        try:
            said = rendered(syntax % walk)
        except BadInput:
            continue
        assert not [sign for sign in SIGNS_OF_REACH if sign in said and sign not in syntax % walk]


def test_polyglots_are_text_or_refused() -> None:
    for payload in PAYLOADS[len(SYNTAXES) * len(WALKS) :]:
        try:
            assert "49" not in rendered(payload)
        except BadInput as error:
            assert error.code in ("unknown_variable", "bad_template")


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_when_it_is_saved(name: str) -> None:
    with pytest.raises(BadInput):
        rendered(BOMBS[name])


def test_only_plain_values_enter_the_engine() -> None:
    values = tokens.values_for(FACTS, LINKS, locale="en")
    inside = [*values.values(), *(value for entry in GOODS for value in entry.values())]
    assert {type(value) for value in inside} <= {str, int}
