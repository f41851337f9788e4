"""What each list can be filtered by, and what its query box offers while somebody types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from orderbell.channels.directory import CHANNELS
from orderbell.web.panel import words
from orderbell.web.panel.asked import Key

_DAYS = {"today": "Today", "yesterday": "Yesterday", "7d": "Last 7 days", "30d": "Last 30 days"}
_AFTER = Key(name="after", hint="From this day on", kind="day", values=_DAYS, also=("从", "since"))
_BEFORE = Key(name="before", hint="Before this day", kind="day", values=_DAYS, also=("早于", "until"))
_STATUSES = {code: sign.word for code, sign in words.MESSAGE.items() if code not in ("retrying", "sandbox")}
_REASONS = {
    code: words.SHORT_REASONS[code]
    for code in (
        "sandbox", "will_retry", "no_more_tries", "no_answer", "refused_recipient", "refused_config",
        "refused_content", "no_longer_true", "superseded", "channel_off", "rate_limit",
    )
}  # fmt: skip

MESSAGES: tuple[Key, ...] = (
    Key(name="status", hint="How it stands", kind="choice", values=_STATUSES, also=("状态",)),
    Key(
        name="channel", hint="By which channel", kind="choice", also=("渠道",),
        values={kind: channel.title for kind, channel in CHANNELS.items()},
    ),
    Key(name="to", hint="Beginning of the address, * for what is hidden", also=("收件人", "发给")),
    Key(name="order", hint="Beginning of the order number", also=("订单",)),
    Key(name="event", hint="What it tells of", kind="choice", values=words.EVENTS, also=("事件",)),
    Key(name="why", hint="Why it stands so", kind="choice", values=_REASONS, also=("原因",), open=True),
    Key(name="who", hint="Buyer or staff", kind="choice", values=words.AUDIENCES, also=("对象",)),
    Key(
        name="template", hint="Whose wording", kind="choice", also=("模板",), open=True,
        values={"own": "Own wording", "stock": "Stock wording"},
    ),
    _AFTER,
    _BEFORE,
)  # fmt: skip
ORDERS: tuple[Key, ...] = (
    Key(
        name="status", hint="How it stands", kind="choice", also=("状态",),
        values={code: sign.word for code, sign in words.ORDER.items()},
    ),
    Key(
        name="is", hint="What is special about it", kind="choice", also=("标记",),
        values={code: sign.word for code, sign in words.FLAGS.items()},
    ),
    Key(name="buyer", hint="Beginning of the name or address", also=("买家", "to")),
    Key(name="sku", hint="What was bought", also=("商品",)),
    Key(name="amount", hint="99, >100 or <=20", kind="amount", also=("金额",)),
    _AFTER,
    _BEFORE,
)  # fmt: skip
CUSTOMERS: tuple[Key, ...] = (
    Key(name="name", hint="Beginning of the name", also=("姓名",)),
    Key(name="to", hint="Beginning of the address, * for what is hidden", also=("联系方式", "contact")),
    Key(
        name="locale", hint="Language", kind="choice", also=("语言",), open=True,
        values={"zh-CN": "Simplified Chinese", "zh-TW": "Traditional Chinese", "en": "English"},
    ),
    Key(
        name="is", hint="What is special about them", kind="choice", also=("标记",),
        values={"returning": "Bought more than once", "unreachable": "An address does not work"},
    ),
    _AFTER,
    _BEFORE,
)  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """One line under the box: what it writes, and what that means in the reader's language."""

    text: str
    word: str


def offers(keys: Sequence[Key], say: Callable[[str], str]) -> list[Offer]:
    """Everything a box can complete: first each key, then each key with each of its values."""
    found = [Offer(f"{key.name}:", say(key.hint)) for key in keys]
    return found + [Offer(f"{key.name}:{code}", say(word)) for key in keys for code, word in key.values.items()]


def spoken() -> Mapping[str, str]:
    """Every word of this module the catalogue must know, by itself."""
    keys = (*MESSAGES, *ORDERS, *CUSTOMERS)
    found = [key.hint for key in keys] + [word for key in keys for word in key.values.values()]
    return {word: word for word in found}
