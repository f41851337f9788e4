"""Authors' texts: tokens, Liquid, and everything that is refused when saving."""

from __future__ import annotations

import pytest

from orderbell.base.errors import BadInput
from orderbell.messages.escapes import Escape
from orderbell.messages.liquid import Compiled, RenderFailed, check, compile_text

VALUES = {
    "order_number": "A-1", "product_name": "<b>Book</b>", "amount": "¥99.00", "amount_value": "99.00",
    "buyer_name": "Ann", "quantity": "3", "order_link": "https://s.example/o/a_b?x=1&y=2",
}  # fmt: skip
GOODS: list[dict[str, str | int]] = [
    {"title": "Book", "quantity": 2, "price": "¥9", "sku": "b"},
    {"title": "*", "quantity": 1, "price": "", "sku": ""},
]


def build(source: str, event_type: str = "order.paid", audience: str = "buyer") -> Compiled:
    return compile_text(source, event_type=event_type, audience=audience)


def text(source: str, escape: Escape = Escape.TEXT) -> str:
    return build(source).render(VALUES, escape, GOODS)


def refusal(source: str, **where: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        build(source, **where)
    return caught.value


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("No. {order_number}!", "No. A-1!"),
        ("订单 {订单号}，{买家}", "订单 A-1，Ann"),
        ("{{ order_number }} and {{买家}}", "A-1 and Ann"),
        ("{ order_number } {} {a b} {% {{ }", "{ order_number } {} {a b} {% {{ }"),
        ("{% if amount_value > 50 %}big{% else %}small{% endif %}", "big"),
        ("{% for i in items %}{{ i.title }} x{{ i.quantity }};{% endfor %}", "Book x2;* x1;"),
        ("{{ buyer_name | upcase }} {买家}", "ANN Ann"),
        ("{% capture x %}a{ {{ buyer_name }}{% endcapture %}{{ x | upcase }}", "A{ ANN"),
        ("{% raw %}{{ x }} {订单号}{% endraw %}", "{{ x }} {订单号}"),
        ("a {%- if quantity == 3 -%} b {%- endif %}", "ab"),
        ("{% if items.size > 1 %}{{ items[0].title }}{% endif %}", "Book"),
    ],
)
def test_a_text_says_what_its_author_meant(source: str, said: str) -> None:
    assert text(source) == said


def test_a_text_without_logic_never_meets_the_engine() -> None:
    assert build("{order_number} {{ amount }}").simple and not build("{{ amount | upcase }}").simple


def test_a_text_knows_which_tokens_it_needs() -> None:
    assert build("{订单号}{% if amount_value > 1 %}{{ buyer_name }}{% endif %}").needs == {
        "order_number", "amount_value", "buyer_name",
    }  # fmt: skip


@pytest.mark.parametrize("source", ["{ordr_number}", "x {{ ordr_number }}", "{% if ordr_number %}{% endif %}"])
def test_an_unknown_variable_is_refused_with_the_nearest_known(source: str) -> None:
    error = refusal(source)
    assert (error.code, error.extra["nearest"]) == ("unknown_variable", "order_number")


def test_a_refusal_says_where() -> None:
    assert refusal("12345{甲乙丙}").extra["position"] == 5


@pytest.mark.parametrize(
    ("source", "event_type", "audience"),
    [("{stock_left}", "order.paid", "staff"), ("{order_link}", "order.paid", "staff"),
     ("{amount}", "stock.low", "staff"), ("{panel_link}", "order.paid", "buyer")],
)  # fmt: skip
def test_a_variable_that_says_nothing_there_is_refused(source: str, event_type: str, audience: str) -> None:
    assert refusal(source, event_type=event_type, audience=audience).code == "variable_not_here"


@pytest.mark.parametrize("source", ["{{ order.foo }}", "{{ amount.x }}", "{{ self }}", "{{ now }}", "{{ forloop }}"])
def test_nothing_but_declared_variables_is_in_reach(source: str) -> None:
    assert refusal(source).code == "unknown_variable"


@pytest.mark.parametrize(
    "source",
    ["{% include 'x' %}", "{% render 'x' %}", "{% extends 'x' %}", "{% tablerow i in items %}{% endtablerow %}",
     "{% increment x %}", "{% cycle 'a', 'b' %}", "{{ amount | date: '%s' }}", "{{ amount | safe }}", "{% if %}",
     "{{ amount | }}", "{% endif %}", "{% if amount %}", "{% liquid echo amount %}"],
)  # fmt: skip
def test_what_liquid_does_not_offer_here_is_refused(source: str) -> None:
    assert refusal(source).code == "bad_template"


def test_a_field_the_goods_do_not_have_is_refused_when_saving() -> None:
    with pytest.raises(BadInput, match="secret"):
        check(build("{% for i in items %}{{ i.secret }}{% endfor %}"), VALUES, GOODS)


def test_a_variable_a_branch_did_not_set_is_empty_when_sending() -> None:
    assert text("{% if quantity == 9 %}{% assign y = 1 %}{% endif %}[{{ y }}]") == "[]"


@pytest.mark.parametrize(
    ("escape", "said"),
    [
        (Escape.TEXT, "<b>Book</b>"),
        (Escape.HTML, "&lt;b&gt;Book&lt;/b&gt;"),
        (Escape.MARKDOWN, "＜b＞Book＜/b＞"),
        (Escape.URL, "%3Cb%3EBook%3C%2Fb%3E"),
        (Escape.JSON, "<b>Book</b>"),
    ],
)
@pytest.mark.parametrize("source", ["{product_name}", "{% if true %}{{ product_name }}{% endif %}"])
def test_the_place_decides_how_a_value_is_escaped(source: str, escape: Escape, said: str) -> None:
    assert text(source, escape) == said


def test_a_link_reaches_a_chat_as_it_is() -> None:
    assert text("[go]({order_link})", Escape.MARKDOWN) == "[go](https://s.example/o/a_b?x=1&y=2)"


def test_the_authors_own_marks_stay() -> None:
    assert text("**{product_name}** <i>", Escape.HTML) == "**&lt;b&gt;Book&lt;/b&gt;** <i>"


@pytest.mark.parametrize("name", ["{{ order_number }}", "{订单号}", "{% raw %}", "{{ 7 | times: 7 }}", "{%", "**"])
@pytest.mark.parametrize("source", ["{buyer_name}", "{% if true %}{{ buyer_name }}{% endif %}"])
def test_template_syntax_inside_a_value_is_text(source: str, name: str) -> None:
    assert build(source).render(VALUES | {"buyer_name": name}, Escape.TEXT) == name


def test_a_text_over_64_kilobytes_is_refused() -> None:
    assert refusal("好" * 21_846).code == "template_too_long"


def test_a_limit_reached_only_with_real_facts_fails_that_message() -> None:
    compiled = build("{% for i in items %}{{ i.title | append: i.title }}{% endfor %}")
    with pytest.raises(RenderFailed):
        compiled.render(VALUES, Escape.TEXT, [{"title": "x" * 4000, "quantity": 1, "price": "", "sku": ""}])
