"""Any shop that signs our own JSON by the Standard Webhooks rules, for those who cannot keep an API key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from orderbell.base.signing import check_webhook
from orderbell.sources.base import RawRequest, Reading, SourceField
from orderbell.sources.own import read_events


class Signed:
    """Standard Webhooks 1.0.0 around the body of `POST /v1/events`; `webhook-id` names an event without an id."""

    kind: ClassVar[str] = "signed"
    title: ClassVar[str] = "Signed webhook"
    signed: ClassVar[bool] = True
    names_events: ClassVar[bool] = True
    fields: ClassVar[tuple[SourceField, ...]] = (
        SourceField(
            name="secret",
            label="Signing secret",
            kind="secret",
            help="Begins with whsec_. Leave empty and one is made for you.",
        ),
    )

    def verify(self, request: RawRequest, secrets: Sequence[str]) -> None:
        """Let pass what one of the secrets signed within five minutes of now.

        Raises:
            BadSignature: a header missing, a stale time, or no signature that matches.
        """
        check_webhook(secrets, request.headers, request.body, request.received_at)

    def read(self, request: RawRequest, settings: Mapping[str, str]) -> Reading:
        """The events of the body.

        Raises:
            BadInput: with a code and a place, as `read_events` says.
        """
        name = request.headers.get("webhook-id")
        return Reading(events=tuple(read_events(request.body, now=request.received_at, fallback_id=name)))
