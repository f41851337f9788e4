"""What a provider's answer means for a shopkeeper, and what to do about it: under the provider's own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

BY_CODE: Mapping[str, str] = {
    "not_reached": "The provider's server could not be reached; nothing was handed over.",
    "no_answer": "The connection ended after the message was handed over, before the provider answered.",
    "unreadable": "The provider answered something nobody can read; it may or may not have taken the message.",
    "unsafe_url": "This address leads into a private network, where nothing is sent to.",
    "bad_address": "This is no address mail can be sent to.",
    "too_long": "The message is longer than this channel takes.",
    "http_400": "The receiver could not make sense of the request.",
    "http_401": "The receiver did not accept our key. Enter it anew on the channel's page.",
    "http_403": "The receiver refuses us. Check the key and the allowed addresses on its side.",
    "http_404": "There is nothing at this address any more. Check it on the channel's page.",
    "http_410": "The receiver no longer wants these messages.",
    "http_413": "The message is larger than the receiver takes.",
    "http_429": "Too many messages in a short time; it goes on as soon as the provider allows it.",
    "421": "The mail server has no room for us just now; it is tried again.",
    "450": "The mailbox is busy just now; it is tried again.",
    "451": "The mail server has a passing trouble; it is tried again.",
    "452": "The mail server is short of room; it is tried again.",
    "530": "The mail server wants a sign-in. Check the account on the channel's page.",
    "534": "The mail server wants another way of signing in, often an app password.",
    "535": "The mail server did not accept user name and password. Many providers want an app password here.",
    "550": "There is no such mailbox, or it does not take our mail.",
    "551": "The mailbox has moved away.",
    "552": "The mailbox is full, or the mail is too large for it.",
    "553": "The mail server does not accept this address.",
    "554": "The mail server refused the mail, often as unwanted. Check the sender address and its DNS records.",
}
"""By the code of a try: ours, `http_` and a status, or three digits of SMTP (RFC 5321 §4.2.3, read 2026-11-22)."""
BY_OUTCOME: Mapping[str, str] = {
    "taken": "The provider accepted it and now brings it to the reader.",
    "refused": "The provider refused it for good; trying again would not help until something changes.",
    "later": "The provider could not take it just now; it is tried again by itself.",
    "unsure": "Nobody can tell whether it arrived.",
    "in_doubt": "The process ended while this was being sent; nobody can tell whether it arrived.",
}
SERVER_TROUBLE = "The receiver's server has a trouble of its own."
DOUBT: Mapping[str, str] = {
    "resend_same_key": "The receiver knows it again by its number, so it is sent again by itself without harm.",
    "ask_provider": "The provider is asked what became of it before it is sent again.",
    "by_class": "Goods and security messages are sent again by themselves: better twice than never. Others wait "
    "for you: send again if the reader did not get it.",
}
"""What is done when the outcome is unknown, by channels.base.Doubt."""
SENTENCES = (*BY_CODE.values(), *BY_OUTCOME.values(), *DOUBT.values(), SERVER_TROUBLE)
_SMTP = re.compile(r"\b([245]\d\d)\b")


def of_try(attempt: Any) -> str:
    """The sentence for one try, a message id; empty while it runs, or when its outcome says all."""
    code = attempt.code or _smtp_code(attempt)
    if code in BY_CODE:
        return BY_CODE[code]
    if code.startswith("http_5"):
        return SERVER_TROUBLE
    return BY_OUTCOME.get(attempt.outcome or "", "")


def _smtp_code(attempt: Any) -> str:
    found = _SMTP.match(attempt.words or "")
    return found[1] if found and not found[1].startswith("2") else ""
