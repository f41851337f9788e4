"""The in-app inbox."""

from __future__ import annotations

from orderbell.channels.base import Address, Letter
from orderbell.channels.inbox import Inbox


async def test_a_message_is_kept() -> None:
    taken = await Inbox({}).send(Letter(subject="a", text="b"), Address(), "msg_1")
    assert (taken.words, taken.reference) == ("kept in the inbox", "msg_1")


def test_a_draft_shows_the_entry() -> None:
    draft = Inbox({}).draft(Letter(subject="a", text="b"), Address(), "msg_1")
    assert (draft.headers["Subject"], draft.body) == ("a", "b")
