"""Conditions drawn as lists: what is written can be asked and read back; what cannot be drawn is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbell.base.errors import BadInput
from orderbell.domain import conditions
from orderbell.domain.clauses import BARE, FACTS, NUMBERS, OPS, Clause, Draft, facts_for, read, write

WORDS = st.text(min_size=1, max_size=40).map(str.strip).filter(bool)
AMOUNTS = st.decimals(0, 10**9, places=2).map(str)


@st.composite
def clauses(draw: st.DrawFn, about: tuple[str, ...] = ("order", "both")) -> Clause:
    fact = draw(st.sampled_from([each for each in FACTS.values() if each.about in about]))
    op = draw(st.sampled_from(OPS[fact.kind]))
    if op in BARE:
        return Clause(path=fact.path, op=op)
    if fact.path in NUMBERS:
        return Clause(
            path=fact.path,
            op=op,
            values=draw(st.lists(st.sampled_from(fact.choices), min_size=1, unique=True).map(tuple)),
        )
    kind = AMOUNTS if fact.kind == "number" else WORDS
    most = 3 if fact.kind in ("choice", "list") else 1
    return Clause(path=fact.path, op=op, values=tuple(draw(st.lists(kind, min_size=1, max_size=most, unique=True))))


DRAFTS = st.lists(st.lists(clauses(), min_size=1, max_size=3).map(tuple), max_size=3).map(
    lambda all_: Draft(tuple(all_))
)


@given(DRAFTS)
def test_what_is_drawn_can_be_asked_and_is_read_back_the_same(draft: Draft) -> None:
    text = write(draft)
    assert read(text) == draft
    if len(text) <= conditions.MAX_CHARS:
        conditions.check(text)


@given(clauses(about=("stock",)))
def test_a_question_about_stock_can_be_asked_too(clause: Clause) -> None:
    conditions.check(write(Draft(((clause,),))))


@pytest.mark.parametrize(("text", "clause"), [
    ("order.amount > 100", Clause(path="order.amount", op=">", values=("100",))),
    ("'b' in order.skus", Clause(path="order.skus", op="in", values=("b",))),
    ("!(order.country in ['US'])", Clause(path="order.country", op="out", values=("US",))),
    ("order.country == 'CN'", Clause(path="order.country", op="in", values=("CN",))),
    ("buyer.phone != ''", Clause(path="buyer.phone", op="filled")),
    ("!(order.owed)", Clause(path="order.owed", op="not")),
])  # fmt: skip
def test_a_text_somebody_wrote_by_hand_is_drawn(text: str, clause: Clause) -> None:
    assert read(text) == Draft(((clause,),))


@pytest.mark.parametrize("text", [
    "order.attributes.channel == 'app'", "order.amount > buyer.name", "order.amount == '3'", "!order.amount > 3",
    "(order.owed || order.held) && order.first", "order.country.contains('C')", "order.skus in ['a']", "order.",
    "'CN' in order.country", "order.titles.contains('x')", "!(order.owed && order.held)", "order.owed ||", "(((",
    " || ".join(["order.owed"] * 31),
])  # fmt: skip
def test_a_text_that_asks_more_is_left_as_it_is(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(("clause", "code"), [
    (Clause(path="order.amount", op=">"), "required"), (Clause(path="order.amount", op=">", values=(" ",)), "required"),
    (Clause(path="order.amount", op=">", values=("much",)), "bad_number"),
    (Clause(path="order.nothing", op=">", values=("1",)), "bad_clause"),
    (Clause(path="order.amount", op="contains", values=("1",)), "bad_clause"),
])  # fmt: skip
def test_a_question_that_is_not_finished_is_refused_at_its_place(clause: Clause, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        write(Draft(((Clause(path="order.first", op="is"),), (clause,))))
    assert (refused.value.code, refused.value.extra["field"]) == (code, "1-0")


def test_only_fitting_facts_are_offered() -> None:
    assert "product.left" in {each.path for each in facts_for("stock.low")}
    assert "product.left" not in {each.path for each in facts_for("order.paid")}
