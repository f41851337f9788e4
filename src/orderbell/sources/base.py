"""What a source is: one shop system's way to tell us of orders. Pure: bytes in, events out, no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from orderbell.events import Event


@dataclass(frozen=True, kw_only=True)
class RawRequest:
    """A request as it came: header names in lower case, body untouched."""

    method: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    query: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a request said: events to keep (may be none, as for a ping) and the answer its sender waits for."""

    events: tuple[Event, ...] = ()
    status: int = 202
    answer: str = ""


@dataclass(frozen=True, kw_only=True)
class SourceField:
    """One field of a connection's form; `kind` is text, secret or choice; label and help are message ids."""

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    default: str = ""
    help: str = ""
    choices: tuple[str, ...] = ()


class Source(Protocol):
    """A shop system. `signed` False means the secret address is the only proof.

    `names_events` True means that the shop gives each event an id of its own, the same at every door; else the
    ids are made here from the fact, and mean something within one connection only.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    signed: ClassVar[bool]
    names_events: ClassVar[bool]
    fields: ClassVar[tuple[SourceField, ...]]

    def verify(self, request: RawRequest, secrets: Sequence[str]) -> None:
        """Let pass what one of the secrets signed (several during a rotation), and unsigned pings.

        Raises:
            BadSignature: nothing of it may be believed.
        """
        ...

    def read(self, request: RawRequest, settings: Mapping[str, str]) -> Reading:
        """The shop's words as ours.

        Raises:
            BadInput: the body is not what this system sends.
        """
        ...
