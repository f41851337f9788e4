"""The words of the automations: groups of events, what to know of each channel, ready-made sets, urgency.

Everything a shopkeeper reads there is a message id of the catalogue. What is said of a channel's limits is its
vendor's rule as of 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orderbell.channels.directory import CHANNELS

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Orders": ("order.created", "order.expired", "order.cancelled", "order.completed"),
    "Payment": ("order.paid", "payment.failed", "dispute.opened", "dispute.closed"),
    "Handing out goods": ("order.delivered", "order.owed", "card.revealed"),
    "Refunds": ("refund.requested", "refund.approved", "refund.rejected", "order.refunded"),
    "Memberships": ("membership.expiring", "membership.expired", "membership.renewed"),
    "Review and risk": ("review.needed", "review.approved", "review.rejected", "risk.flagged"),
    "Stock": ("stock.low", "stock.out", "stock.restocked"),
}
COLUMNS: Sequence[str] = (
    "email", "inbox", "sms", "wechat", "push", "dingtalk", "wecom", "feishu", "telegram", "webhook", "apprise",
)  # fmt: skip
SHORT: Mapping[str, str] = {
    "email": "E-mail",
    "inbox": "Inbox",
    "sms": "SMS",
    "wechat": "WeChat",
    "push": "Push",
    "dingtalk": "DingTalk",
    "wecom": "WeCom",
    "feishu": "Feishu",
    "telegram": "Telegram",
    "webhook": "Webhook",
    "apprise": "Apprise",
}
NOTES: Mapping[str, str] = {
    "email": "Anyone with an e-mail address. Card keys stay out of the mail: it carries a link to the order page.",
    "inbox": "Shown on the order page and by the inbox widget. Never waits, never costs, wakes nobody.",
    "sms": "Billed per part of 70 characters; needs an approved signature and an approved template in mainland China.",
    "wechat": "Only reaches followers of your official account, by templates WeChat approved; words that do not fit "
    "their field are refused.",
    "push": "Only reaches devices whose owner agreed to it; may come late when a phone saves power.",
    "dingtalk": "At most 20 messages a minute, then the robot is muted for 10 minutes: keep it for what matters.",
    "wecom": "At most 20 messages a minute for one robot; markdown is not shown in the WeChat plug-in.",
    "feishu": "At most 100 messages a minute for one robot.",
    "telegram": "Cannot be reached from mainland China; at most 20 messages a minute into one group.",
    "webhook": "For programs: signed, tried again for three days, never held back by quiet hours.",
    "apprise": "Passed on by your own Apprise server; what arrives is known only to it.",
}
RECIPIENTS: Mapping[str, str] = {
    "email": "Buyers who left an e-mail address",
    "phone": "Buyers who left a phone number",
    "openid": "Buyers who follow your account",
    "device": "Buyers who allowed it on a device",
    "none": "Every buyer, on the order page",
}
SETS: Mapping[str, tuple[str, str]] = {
    "minimal": ("Minimal", "Only goods, money back, and what needs you at once."),
    "recommended": ("Recommended", "Every step of an order by the channel that suits it."),
    "everything": ("All notices", "Every event by every connected channel."),
}
LANES: Mapping[int, tuple[str, str]] = {
    0: ("Urgent", "Goes first and never waits for quiet hours: goods, security, what needs you at once."),
    1: ("Normal", "News of an order, in its turn."),
    2: ("Marketing and summaries", "Goes last, when nothing else waits; never sent twice when in doubt."),
}
QUIETS: Mapping[str, str] = {"shop": "As the shop", "own": "Hours of its own", "never": "Never wait"}
ZONES: Mapping[str, str] = {"recipient": "The reader's own time zone, if known", "shop": "The shop's time zone"}


def reached(kind: str) -> str:
    """Which buyers a channel reaches."""
    return RECIPIENTS[CHANNELS[kind].traits.address]


def for_buyers(event_type: str) -> bool:
    """Whether there are words for a buyer about that event."""
    return not event_type.startswith(("stock.", "dispute.", "risk."))


def event_order() -> dict[str, int]:
    """The place of every event on the page."""
    return {type_: n for n, type_ in enumerate(each for group in GROUPS.values() for each in group)}
