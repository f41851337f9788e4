"""An event's story as sentences: what was done, which rule matched, and why another did not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orderbell.web.panel import words
from orderbell.web.panel.asking_words import in_words
from orderbell.web.panel.queries.messages import Whole

Say = Callable[..., str]


@dataclass(frozen=True, kw_only=True)
class Told:
    """One thing of a story. `rule` names the rule when it is about one; `did` False means: not, and `why`."""

    did: bool
    heading: str
    why: str = ""
    rule: bool = False


def of_event(story: Sequence[Mapping[str, Any]], titles: Mapping[str, str], say: Say) -> list[Told]:
    """The whole story of one event in the reader's language; steps without news are left out."""
    told = [_TELLERS[each["step"]](each, titles, say) for each in story if each.get("step") in _TELLERS]
    return [each for each in told if each is not None]


def of_siblings(whole: Whole, titles: Mapping[str, str], say: Say) -> list[Told]:
    """Beside a message: the other channels of its rule that reached nobody, and why."""
    story = whole.event.story if whole.event is not None and whole.event.story else []
    rules = [each for each in story if each.get("step") == "rule" and each.get("name") == whole.rule]
    nobody = [entry.partition(": ") for each in rules for entry in each.get("nobody") or ()]
    return [Told(did=False, heading=say(titles.get(kind, kind)), why=why(reason, say)) for kind, _, reason in nobody]


def _order(each: Mapping[str, Any], _: Mapping[str, str], say: Say) -> Told | None:
    if each.get("effective", True):
        return None
    return Told(did=False, heading=say("The order stayed as it was"), why=why(each.get("why", ""), say))


def _goods(each: Mapping[str, Any], _: Mapping[str, str], say: Say) -> Told:
    if each.get("pieces"):
        return Told(did=True, heading=say("Goods handed out: {n}", n=each["pieces"]))
    missing = ", ".join(each.get("missing") or ())
    reason = say("no free card of {skus}", skus=missing) if missing else why(each.get("why", ""), say)
    return Told(did=False, heading=say("No goods handed out"), why=reason)


def _reserve(each: Mapping[str, Any], _: Mapping[str, str], say: Say) -> Told:
    if each.get("kept"):
        return Told(did=True, heading=say("Cards kept for this order: {n}", n=each["pieces"]))
    return Told(did=False, heading=say("No cards kept for this order"), why=say("too few are free"))


def _release(each: Mapping[str, Any], _: Mapping[str, str], say: Say) -> Told:
    return Told(did=True, heading=say("Cards given back to the stock: {n}", n=each["pieces"]))


def _task(each: Mapping[str, Any], _: Mapping[str, str], say: Say) -> Told:
    return Told(did=True, heading=say("Put before a person"), why=say(words.TASKS.get(each["kind"], each["kind"])))


def _rules(each: Mapping[str, Any], _: Mapping[str, str], say: Say) -> Told:
    return Told(did=False, heading=say("No rule was asked"), why=why(each.get("why", ""), say))


def _rule(each: Mapping[str, Any], titles: Mapping[str, str], say: Say) -> Told:
    reasons = [why(each["why"], say)] if each.get("why") else []
    if each.get("until"):
        at = datetime.fromisoformat(each["until"]).strftime("%m-%d %H:%M")
        reasons.append(say("quiet hours: it waits until {at}", at=at))
    reasons += [_nobody(entry, titles, say) for entry in each.get("nobody") or ()]
    return Told(did=bool(each.get("matched")), heading=say(each["name"]), why="; ".join(reasons), rule=True)


def _nobody(entry: str, titles: Mapping[str, str], say: Say) -> str:
    kind, _, reason = entry.partition(": ")
    return f"{say(titles.get(kind, kind))}: {why(reason, say)}"


_TELLERS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, str], Say], Told | None]] = {
    "order": _order, "goods": _goods, "reserve": _reserve, "release": _release, "task": _task, "rules": _rules,
    "rule": _rule,
}  # fmt: skip
_ORDER_WAS = re.compile(r"the order was (already )?(\w+)( already)?$")
_COLON = re.compile(r"(the condition does not hold|the condition could not be asked): (.+)$", re.DOTALL)


def why(reason: str, say: Say) -> str:
    """A decider's reason in the reader's language; one the catalogue does not know stays English."""
    if match := _COLON.match(reason):
        return f"{say(match[1])}: {in_words(match[2], say)}"
    match = _ORDER_WAS.match(reason)
    if match and match[2] in words.ORDER:
        return say("the order was “{status}” already", status=say(words.ORDER[match[2]].word))
    return say(reason)
