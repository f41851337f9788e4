"""Standard Webhooks around our own JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.recordings import NOW, recorded, with_body, without_header

from orderbell.base.errors import BadSignature
from orderbell.events import OrderCompleted, OrderPaid, StockLow
from orderbell.sources.signed import Signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "A" * 32
SOURCE = Signed()
SINGLE = recorded("signed/single")


def test_the_published_vector_passes() -> None:
    request = replace(recorded("signed/published_vector"), received_at=datetime.fromtimestamp(1614265330, UTC))
    SOURCE.verify(request, [SECRET])


@pytest.mark.parametrize("name", ["single", "batch", "batch_without_ids"])
def test_what_our_secret_signed_passes(name: str) -> None:
    SOURCE.verify(recorded(f"signed/{name}"), [SECRET])


def test_the_old_secret_still_passes_during_a_rotation() -> None:
    SOURCE.verify(SINGLE, [OTHER, SECRET])


@pytest.mark.parametrize("secrets", [[], [OTHER]])
def test_another_secret_or_none_does_not(secrets: list[str]) -> None:
    with pytest.raises(BadSignature):
        SOURCE.verify(SINGLE, secrets)


@given(st.integers(0, len(SINGLE.body) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused(place: int, change: int) -> None:
    body = bytearray(SINGLE.body)
    body[place] ^= change
    with pytest.raises(BadSignature):
        SOURCE.verify(with_body(SINGLE, bytes(body)), [SECRET])


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(name: str) -> None:
    with pytest.raises(BadSignature):
        SOURCE.verify(without_header(SINGLE, name), [SECRET])


def test_another_id_around_the_same_body_is_refused() -> None:
    request = replace(SINGLE, headers={**SINGLE.headers, "webhook-id": "msg_other"})
    with pytest.raises(BadSignature):
        SOURCE.verify(request, [SECRET])


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_request_of_another_hour_is_refused(minutes: int) -> None:
    with pytest.raises(BadSignature):
        SOURCE.verify(replace(SINGLE, received_at=NOW + timedelta(minutes=minutes)), [SECRET])


def test_the_webhook_id_names_an_event_without_an_id() -> None:
    events = SOURCE.read(SINGLE, {}).events
    assert [(type(event), event.id) for event in events] == [(OrderPaid, "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W")]


def test_ids_of_the_body_are_kept() -> None:
    events = SOURCE.read(recorded("signed/batch"), {}).events
    assert [(type(event), event.id) for event in events] == [(OrderPaid, "paid-1"), (StockLow, "low-1")]


def test_a_batch_without_ids_is_numbered_behind_the_webhook_id() -> None:
    events = SOURCE.read(recorded("signed/batch_without_ids"), {}).events
    name = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4Y"
    assert [(type(each), each.id) for each in events] == [(OrderPaid, f"{name}:0"), (OrderCompleted, f"{name}:1")]
