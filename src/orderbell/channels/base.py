"""What a channel is: one way to reach somebody. It knows no order, no template and no database.

A new channel is one file with one class, one line in `directory.py`, one test, one docs page and stock texts.
Titles, labels and helps are English message ids; the panel's catalogue translates them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Protocol


class Markup(StrEnum):
    """The form of text a channel takes."""

    PLAIN = "plain"
    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


class Doubt(StrEnum):
    """What may be done when a send ended without an answer (promises, design 4.6)."""

    RESEND_SAME_KEY = "resend_same_key"
    ASK_PROVIDER = "ask_provider"
    BY_CLASS = "by_class"


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What a channel can carry. `max_chars` 0 means no bound; `cost_minor` is per message in CNY fen."""

    markup: Markup
    audiences: tuple[str, ...] = ("buyer", "staff")
    address: str = "none"
    """How a person is reached: email, phone, openid, device … or `none` when the provider is the address."""
    max_chars: int = 0
    per_minute: int = 0
    """The provider's own limit for one account, 0 when it publishes none."""
    buttons: bool = False
    subject: bool = False
    doubt: Doubt = Doubt.BY_CLASS
    cost_minor: int = 0
    wired: bool = True
    """False while messages only go to the sandbox mailbox."""
    local: bool = False
    """True when sending is a row of our own (the inbox): no provider, no network."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One field of a provider's form. `kind`: text, secret, number, switch or choice."""

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    default: str = ""
    help: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Button:
    """A link a reader can press."""

    label: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message, worded. A channel takes the parts it can carry; `data` is the machine-readable event."""

    subject: str = ""
    text: str = ""
    html: str = ""
    markdown: str = ""
    buttons: tuple[Button, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    sender_name: str = ""
    locale: str = "en"
    transactional: bool = True


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where to: `value` in the channel's own form; empty when the provider is the address."""

    value: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The request a channel would make, with secrets masked: shown in the sandbox and in the drawer."""

    line: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, kw_only=True)
class Taken:
    """The provider took it. `words` are its own (≤ 1,000 characters); `reference` is its id for receipts."""

    words: str
    reference: str = ""


class SendFailed(Exception):
    """Why a message was not taken; `words` are the provider's own, `code` its code or ours."""

    def __init__(self, words: str, *, code: str = "") -> None:
        super().__init__(words)
        self.words = words[:1000]
        self.code = code


class Refused(SendFailed):
    """For good. `blame`: recipient (dead address), config (the provider's account), content (this message)."""

    def __init__(self, words: str, *, blame: str, code: str = "") -> None:
        super().__init__(words, code=code)
        self.blame = blame


class TryLater(SendFailed):
    """Not now. `after_s` is the provider's own wish; None means by our schedule."""

    def __init__(self, words: str, *, code: str = "", after_s: float | None = None) -> None:
        super().__init__(words, code=code)
        self.after_s = after_s


class Unsure(SendFailed):
    """It may or may not have been taken: the connection ended after the request went out."""


class Channel(Protocol):
    """One configured account of one kind; made once, used for many sends, closed at the end."""

    kind: ClassVar[str]
    title: ClassVar[str]
    traits: ClassVar[Traits]
    settings: ClassVar[tuple[Setting, ...]]

    def __init__(self, values: Mapping[str, str], *, allow_private: bool = False) -> None: ...

    def draft(self, letter: Letter, address: Address, key: str) -> Draft:
        """The request `send` would make now, secrets masked; pure."""
        ...

    async def send(self, letter: Letter, address: Address, key: str) -> Taken:
        """Hand the letter over. `key` names this message for ever, the same on every try.

        Raises:
            Refused: for good.
            TryLater: not now.
            Unsure: no telling.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
