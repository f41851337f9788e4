"""How an HTTP channel posts: one place that says what a door's failure means for the message."""

from __future__ import annotations

from collections.abc import Mapping

from orderbell.base.http import Answer, Door, NoAnswer, NotAllowedTarget, NotReached
from orderbell.channels.base import Refused, TryLater, Unsure


async def post(door: Door, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
    """What the provider answered.

    Raises:
        Refused: the address may not be reached from here.
        TryLater: nobody was reached; the request certainly did not arrive.
        Unsure: the request went out and no answer came.
    """
    try:
        return await door.post(url, headers=headers, body=body)
    except NotAllowedTarget as closed:
        raise Refused(closed.words, blame="config", code="unsafe_url") from None
    except NotReached as lost:
        raise TryLater(lost.words, code="not_reached") from None
    except NoAnswer as silent:
        raise Unsure(silent.words, code="no_answer") from None
