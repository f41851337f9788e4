"""The words merchants may write in braces: what each is called, what it says, and where it may stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from orderbell import events
from orderbell.messages.facts import Links, MessageFacts
from orderbell.messages.say import Told

ORDER = frozenset(events.type_of(kind) for kind in events.ORDER_EVENTS)
STOCK = frozenset(events.type_of(kind) for kind in events.STOCK_EVENTS)
EVERY = ORDER | STOCK
BOTH = ("buyer", "staff")


@dataclass(frozen=True, kw_only=True)
class Token:
    """One word in braces. `say` makes its text; `kind` is text, number or link (links are never escaped away)."""

    name: str
    zh: str
    zh_tw: str
    group: str
    meaning: str
    say: Callable[[Told], str]
    kind: str = "text"
    event_types: frozenset[str] = EVERY
    audiences: tuple[str, ...] = BOTH
    also: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every way to write it."""
        return (self.name, self.zh, self.zh_tw, *self.also)

    def word(self, language: str) -> str:
        """How an author of that language writes it."""
        return {"zh-CN": self.zh, "zh-TW": self.zh_tw}.get(language, self.name)

    def stands_in(self, event_type: str, audience: str) -> bool:
        """Whether a wording of that event for that audience may use it."""
        return event_type in self.event_types and audience in self.audiences


TOKENS: tuple[Token, ...] = (
    Token(name="order_number", zh="订单号", zh_tw="訂單編號", group="Order", meaning="The order's number",
          say=Told.order_number, event_types=ORDER),
    Token(name="order_tail", zh="订单尾号", zh_tw="訂單末碼", group="Order",
          meaning="The last four characters of the order's number", say=Told.order_tail, event_types=ORDER),
    Token(name="status", zh="订单状态", zh_tw="訂單狀態", group="Order", meaning="Where the order stands",
          say=Told.status, event_types=ORDER),
    Token(name="amount", zh="金额", zh_tw="金額", group="Order", meaning="What the order costs, with its currency",
          say=Told.amount, event_types=ORDER),
    Token(name="amount_value", zh="金额数值", zh_tw="金額數值", group="Order",
          meaning="The amount as a bare number, for comparisons", say=Told.amount_value, kind="number",
          event_types=ORDER),
    Token(name="reason", zh="原因", zh_tw="原因說明", group="Order", meaning="Why it happened, in people's words",
          say=Told.reason, event_types=ORDER),
    Token(name="owed_pieces", zh="欠发数量", zh_tw="欠發數量", group="Order",
          meaning="How many pieces are paid but not handed out", say=Told.owed_pieces, kind="number",
          event_types=ORDER),
    Token(name="product_name", zh="商品名称", zh_tw="商品名稱", group="Goods",
          meaning="The product, or the first of several", say=Told.product_name),
    Token(name="item_list", zh="商品清单", zh_tw="商品清單", group="Goods",
          meaning="Every product with its quantity, on one line", say=Told.item_list, event_types=ORDER,
          also=("items",)),
    Token(name="quantity", zh="数量", zh_tw="數量", group="Goods", meaning="How many pieces in all",
          say=Told.quantity, kind="number", event_types=ORDER),
    Token(name="sku", zh="商品编码", zh_tw="商品編碼", group="Goods", meaning="The product's code", say=Told.sku),
    Token(name="stock_left", zh="剩余库存", zh_tw="剩餘庫存", group="Goods", meaning="How many cards are left",
          say=Told.stock_left, kind="number", event_types=STOCK),
    Token(name="buyer_name", zh="买家", zh_tw="買家", group="Buyer", meaning="The buyer's name",
          say=Told.buyer_name, event_types=ORDER, also=("买家姓名",)),
    Token(name="contact", zh="联系方式", zh_tw="聯絡方式", group="Buyer", meaning="How the buyer can be reached",
          say=Told.contact, event_types=ORDER),
    Token(name="country", zh="国家", zh_tw="國家", group="Buyer", meaning="The country the order came from",
          say=Told.country, event_types=ORDER),
    Token(name="shop_name", zh="店铺名称", zh_tw="商店名稱", group="Shop", meaning="The shop's name",
          say=Told.shop_name),
    Token(name="created_at", zh="下单时间", zh_tw="下單時間", group="Times", meaning="When the order was placed",
          say=Told.created_at, event_types=ORDER),
    Token(name="paid_at", zh="付款时间", zh_tw="付款時間", group="Times", meaning="When the money came in",
          say=Told.paid_at, event_types=ORDER),
    Token(name="expires_at", zh="过期时间", zh_tw="過期時間", group="Times",
          meaning="Until when to pay, or when a membership ends", say=Told.expires_at, event_types=ORDER,
          also=("到期时间",)),
    Token(name="occurred_at", zh="发生时间", zh_tw="發生時間", group="Times", meaning="When this happened",
          say=Told.occurred_at),
    Token(name="order_link", zh="订单链接", zh_tw="訂單連結", group="Links", meaning="The buyer's order page",
          say=Told.order_link, kind="link", event_types=ORDER, audiences=("buyer",)),
    Token(name="payment_link", zh="付款链接", zh_tw="付款連結", group="Links", meaning="Where to pay",
          say=Told.payment_link, kind="link", event_types=ORDER, audiences=("buyer",)),
    Token(name="panel_link", zh="后台链接", zh_tw="後台連結", group="Links", meaning="The order in the panel",
          say=Told.panel_link, kind="link", audiences=("staff",)),
)  # fmt: skip
BY_NAME: dict[str, Token] = {token.name: token for token in TOKENS}
LINK_NAMES = frozenset(token.name for token in TOKENS if token.kind == "link")
NUMBER_NAMES = frozenset(token.name for token in TOKENS if token.kind == "number")
ITEM_FIELDS = ("title", "quantity", "price", "sku")
"""What each entry of the Liquid list `items` holds."""


@cache
def words() -> dict[str, Token]:
    """Every way to write a token, in all languages, lower case."""
    return {name: token for token in TOKENS for name in token.names}


def find(word: str) -> Token | None:
    """The token of that word, or None."""
    return words().get(word.lower())


def nearest_word(word: str) -> str:
    """The known word that looks most like it, or empty."""
    # 0.5 finds a typing error and a missing word, and stays silent for what is meant otherwise.
    close = get_close_matches(word.lower(), words(), n=1, cutoff=0.5)
    return close[0] if close else ""


def values_for(facts: MessageFacts, links: Links, *, locale: str, names: Iterable[str] | None = None) -> dict[str, str]:
    """What each token says here, as plain text on one line; only those of `names` when given."""
    told = Told(facts, links, locale)
    wanted = BY_NAME if names is None else names
    return {name: BY_NAME[name].say(told) for name in wanted}


def table() -> list[dict[str, str]]:
    """The tokens as rows for the reference page and the panel's palette; places are named, not listed."""
    return [
        {
            "name": token.name,
            "zh": token.zh,
            "zh_tw": token.zh_tw,
            "group": token.group,
            "meaning": token.meaning,
            "kind": token.kind,
            "events": _places(token.event_types),
            "audiences": ", ".join(token.audiences),
        }
        for token in TOKENS
    ]


def _places(event_types: frozenset[str]) -> str:
    if event_types == EVERY:
        return "all"
    return "order events" if event_types == ORDER else "stock events"
