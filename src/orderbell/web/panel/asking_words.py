"""Conditions in people's words: the names of facts and comparisons, and a whole condition as a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orderbell.domain import clauses
from orderbell.domain.clauses import Clause
from orderbell.web.panel import words

Say = Callable[..., str]
FACTS: Mapping[str, str] = {
    "order.amount": "Order amount",
    "order.status": "Order status",
    "order.skus": "Product",
    "order.titles": "Product name",
    "order.quantity": "Number of pieces",
    "order.first": "Buyer's first order",
    "order.country": "Country",
    "order.currency": "Currency",
    "order.number": "Order number",
    "order.refund_requested": "A refund is asked for",
    "order.disputed": "The payment is disputed",
    "order.held": "The order is held for review",
    "order.owed": "Goods are still owed",
    "buyer.locale": "Buyer's language",
    "buyer.email": "Buyer's e-mail",
    "buyer.phone": "Buyer's phone",
    "buyer.name": "Buyer's name",
    "event.reason": "Reason given",
    "event.hour": "Hour of day (shop time)",
    "event.weekday": "Day of the week",
    "product.sku": "Product (SKU)",
    "product.title": "Product name",
    "product.left": "Cards left",
}
OPS: Mapping[str, str] = {
    ">=": "is at least",
    "<=": "is at most",
    ">": "is more than",
    "<": "is less than",
    "==": "is exactly",
    "!=": "is not",
    "contains": "contains",
    "lacks": "does not contain",
    "starts": "begins with",
    "ends": "ends with",
    "empty": "is empty",
    "filled": "is known",
    "in": "is one of",
    "out": "is none of",
    "is": "yes",
    "not": "no",
}
WEEKDAYS: Mapping[str, str] = {
    "1": "Monday",
    "2": "Tuesday",
    "3": "Wednesday",
    "4": "Thursday",
    "5": "Friday",
    "6": "Saturday",
    "7": "Sunday",
}
HINTS: Mapping[str, str] = {
    "order.amount": "in the order's currency, such as 100",
    "order.country": "codes such as CN, US, JP",
    "order.currency": "codes such as CNY, USD",
    "order.skus": "SKUs, with commas between them",
    "product.sku": "SKUs, with commas between them",
    "event.hour": "0 to 23",
    "buyer.locale": "such as zh-CN or en",
}
BARE = clauses.BARE
PAID = ("paid", "delivered", "completed")
READY: Mapping[str, tuple[str, Clause]] = {
    "paid": ("Only paid orders", Clause(path="order.status", op="in", values=PAID)),
    "refunds": ("Paid and refunded orders", Clause(path="order.status", op="in", values=(*PAID, "refunded"))),
    "large": ("Amount of 100 or more", Clause(path="order.amount", op=">=", values=("100",))),
    "first": ("Only a buyer's first order", Clause(path="order.first", op="is")),
    "abroad": ("Not from mainland China", Clause(path="order.country", op="out", values=("CN",))),
    "weekend": ("At weekends", Clause(path="event.weekday", op="in", values=("6", "7"))),
    "nearly_out": ("At most 3 cards left", Clause(path="product.left", op="<=", values=("3",))),
}
"""Questions people ask most, ready to be taken."""


def value_word(path: str, value: str) -> str:
    """A value of a choice as people say it; most are said as they are."""
    if path == "order.status" and value in words.ORDER:
        return words.ORDER[value].word
    return WEEKDAYS.get(value, value) if path == "event.weekday" else value


def in_words(condition: str, say: Say) -> str:
    """A condition as a sentence; one the builder cannot draw stays as it was written."""
    draft = clauses.read(condition)
    if draft is None:
        return condition
    groups = [say(" and ").join(_clause(each, say) for each in group) for group in draft.groups]
    return say("; or ").join(groups)


def _said(path: str, value: str, say: Say) -> str:
    word = value_word(path, value)
    return word if word == value else say(word)


def _clause(clause: Clause, say: Say) -> str:
    values = say(" or ").join(_said(clause.path, each, say) for each in clause.values)
    fact, op = say(FACTS[clause.path]), say(OPS[clause.op])
    if clause.op in ("is", "not"):
        return say("{fact}: {answer}", fact=fact, answer=op)
    return say("{fact} {compared} {values}", fact=fact, compared=op, values=values).rstrip()
