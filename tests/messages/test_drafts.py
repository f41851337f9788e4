"""Drafts: kept as typed, guarded against a second writer, published as versions, thrown away and taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from tests.messages.conftest import NOW

from orderbell.base.errors import BadInput, Conflict, NotFound
from orderbell.messages import drafts, templates
from orderbell.messages.drafts import Draft, Hand
from orderbell.messages.templates import TemplateName

PAID = TemplateName(event_type="order.paid", audience="buyer", channel="inbox", locale="en")
ANN, BOB = Hand(by="stf_ann", pen="a", rev=0), Hand(by="stf_bob", pen="b", rev=0)


def keep(tx: Connection, body: str, hand: Hand = ANN) -> Draft:
    return drafts.keep(tx, "shp_a", PAID, {"body": body}, hand=hand, now=NOW)


def test_a_broken_text_is_kept_as_it_was_typed(tx: Connection) -> None:
    keep(tx, "{nonsense")
    assert drafts.find(tx, "shp_a", PAID) == Draft(
        parts={"body": "{nonsense"}, rev=1, pen="a", by="stf_ann", changed_at=NOW
    )


def test_a_draft_counts_for_nobody(tx: Connection) -> None:
    keep(tx, "not yet")
    assert templates.current_of(tx, "shp_a", PAID) is None


def test_a_second_writer_is_told_who_was_first(tx: Connection) -> None:
    keep(tx, "one")
    with pytest.raises(Conflict) as caught:
        keep(tx, "two", BOB)
    assert (caught.value.code, caught.value.extra["by"]) == ("draft_changed", "stf_ann")


def test_whoever_has_seen_the_newest_draft_may_go_on(tx: Connection) -> None:
    keep(tx, "one")
    assert keep(tx, "two", Hand(by="stf_bob", pen="b", rev=1)).rev == 2


def test_a_page_whose_answer_was_lost_still_knows_its_own_writing(tx: Connection) -> None:
    keep(tx, "one")
    assert keep(tx, "two").rev == 2


def test_a_page_older_than_the_version_that_counts_is_told(tx: Connection) -> None:
    templates.save(tx, "shp_a", PAID, {"body": "published"}, by="stf_bob", now=NOW)
    with pytest.raises(Conflict) as caught:
        keep(tx, "mine", Hand(by="stf_ann", pen="a", rev=0, base=""))
    assert caught.value.code == "version_changed"


def test_publishing_makes_a_version_and_ends_the_draft(tx: Connection) -> None:
    keep(tx, "Paid: {order_number}")
    version = drafts.publish(tx, "shp_a", PAID, hand=ANN, now=NOW)
    assert templates.current_of(tx, "shp_a", PAID) == version
    assert drafts.find(tx, "shp_a", PAID) is None


def test_a_text_that_does_not_work_is_never_published(tx: Connection) -> None:
    keep(tx, "{nonsense}")
    with pytest.raises(BadInput) as caught:
        drafts.publish(tx, "shp_a", PAID, hand=ANN, now=NOW)
    assert (caught.value.code, caught.value.extra["part"]) == ("unknown_variable", "body")
    assert drafts.find(tx, "shp_a", PAID)


def test_there_must_be_something_to_publish(tx: Connection) -> None:
    with pytest.raises(NotFound):
        drafts.publish(tx, "shp_a", PAID, hand=ANN, now=NOW)


def test_a_draft_that_was_thrown_away_can_be_taken_back(tx: Connection) -> None:
    keep(tx, "one")
    drafts.drop(tx, "shp_a", PAID, now=NOW)
    assert drafts.find(tx, "shp_a", PAID) is None and drafts.places(tx, "shp_a") == set()
    drafts.take_back(tx, "shp_a", PAID)
    assert drafts.places(tx, "shp_a") == {PAID.place}


def test_a_part_the_channel_does_not_have_is_refused(tx: Connection) -> None:
    with pytest.raises(BadInput):
        drafts.keep(tx, "shp_a", PAID, {"subject": "x"}, hand=ANN, now=NOW)


def test_another_shops_draft_is_not_seen(tx: Connection) -> None:
    keep(tx, "mine")
    assert drafts.find(tx, "shp_b", PAID) is None
