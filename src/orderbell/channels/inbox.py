"""The in-app inbox: the message's own row is the delivery, so nothing leaves the house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from orderbell.channels.base import Address, Draft, Letter, Markup, Setting, Taken, Traits


class Inbox:
    """Messages a buyer or a member of staff reads on our own pages."""

    kind: ClassVar[str] = "inbox"
    title: ClassVar[str] = "In-app inbox"
    traits: ClassVar[Traits] = Traits(markup=Markup.PLAIN, subject=True, local=True)
    settings: ClassVar[tuple[Setting, ...]] = ()

    def __init__(self, values: Mapping[str, str], *, allow_private: bool = False) -> None:
        """Nothing to keep: this channel has no account."""

    def draft(self, letter: Letter, address: Address, key: str) -> Draft:
        """The entry as its reader sees it."""
        return Draft(line="INBOX", headers={"Subject": letter.subject, "Message": key}, body=letter.text)

    async def send(self, letter: Letter, address: Address, key: str) -> Taken:
        """Nothing is left to do: the row is there already."""
        return Taken(words="kept in the inbox", reference=key)

    async def close(self) -> None:
        """Nothing to let go of."""
