"""The story of one message as steps a person can follow: event, rule, wording, each try, and the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orderbell.base.masks import mask_text
from orderbell.channels.directory import CHANNELS
from orderbell.web.panel import meaning, words
from orderbell.web.panel.queries.messages import Whole

Say = Callable[..., str]
_TONES = {"good": "is-good", "warn": "is-warn", "bad": "is-bad", "soft": ""}
WAITS = ("queued", "held", "sending")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step; `words` are a provider's own, shown as they came."""

    heading: str
    at: datetime | None
    text: str = ""
    words: str = ""
    means: str = ""
    """What those words mean, in ours."""
    tone: str = ""


def of_message(whole: Whole, titles: Mapping[str, str], say: Say) -> list[Step]:
    """A message's steps, oldest first, in the reader's language; secrets and contacts in receipts are masked."""
    return [*_origin(whole, say), *_tries(whole, titles, say), *_end(whole, say)]


def doubt_of(row: Any) -> str:
    """How the channel of a message deals with an unknown outcome: a key of meaning.DOUBT."""
    channel = CHANNELS.get(row.channel)
    return str(channel.traits.doubt) if channel else "by_class"


def _origin(whole: Whole, say: Say) -> Iterator[Step]:
    row, event = whole.row, whole.event
    if event is not None:
        told = say("told by {name}", name=event.source) if event.source else say("by the API or OrderBell itself")
        heading = say(words.event_word(event.type))
        yield Step(heading=heading, at=event.received_at, text=f"{event.type} · {told}", tone="is-good")
    if row.resend_of:
        yield Step(heading=say("Sent again by a person"), at=row.created_at, tone="is-good")
    elif whole.rule:
        yield Step(heading=say("A rule matched"), at=row.created_at, text=say(whole.rule), tone="is-good")
    if row.subject or row.facts:
        text = say("own wording") if row.template_version else say("stock wording")
        yield Step(heading=say("Put into words"), at=None, text=f"{row.locale} · {text}", tone="is-good")


def _tries(whole: Whole, titles: Mapping[str, str], say: Say) -> Iterator[Step]:
    for each in whole.attempts:
        sign = words.outcome_sign(each.outcome)
        account = whole.providers.get(each.provider_id or "", "") or say(titles.get(whole.row.channel, ""))
        parts = [account, say(sign.word), each.code or "", took(each.started_at, each.ended_at)]
        own_words = "" if each.outcome == "sandbox" else receipt(each)
        means = meaning.of_try(each)
        yield Step(
            heading=say("Try {n}", n=each.n), at=each.ended_at or each.started_at, words=own_words,
            text=" · ".join(part for part in parts if part), tone=_TONES[sign.tone], means=say(means) if means else "",
        )  # fmt: skip


def receipt(attempt: Any) -> str:
    """What a provider said of one try, with its reference, secrets and contacts masked."""
    parts = [attempt.words or "", f"({attempt.reference})" if attempt.reference else ""]
    return mask_text(" ".join(part for part in parts if part))


def _end(whole: Whole, say: Say) -> Iterator[Step]:
    row = whole.row
    sign = words.message_sign(row.status, row.tries, row.reason)
    reason = say(words.reason_word(row.reason)) if row.reason else ""
    at = row.due_at if row.status in WAITS else row.ended_at or row.sent_at
    if row.status == "queued" and row.tries:
        reason = " ".join((reason, say("Next try at the time shown.")))
    tone = "is-not" if row.status == "suppressed" else _TONES[sign.tone]
    yield Step(heading=say(sign.word), at=at, text=reason, tone=tone)
    if row.read_at:
        yield Step(heading=say("Read"), at=row.read_at, tone="is-good")


def took(start: datetime, end: datetime | None) -> str:
    """How long something took: `240 ms`, `3.2 s`; empty while it runs."""
    if end is None:
        return ""
    span_ms = (end - start).total_seconds() * 1000
    return f"{span_ms:.0f} ms" if span_ms < 1000 else f"{span_ms / 1000:,.1f} s"
