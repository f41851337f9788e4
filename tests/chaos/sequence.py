"""Judges the order in which a reader heard of one order, from the mail provider's ledger.

Run: python -m tests.chaos.sequence FOLDER DATABASE. The database only tells what a mail was about.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.chaos.checker import Evidence
from tests.chaos.judging import Finding, say, wrong

# A request for a refund may come at any time, again even, but not once the money is back.
RANK = {
    "order.created": 0, "payment.failed": 0, "order.expired": 1, "order.paid": 2, "order.owed": 2,
    "order.delivered": 3, "order.cancelled": 4, "order.refunded": 6,
}  # fmt: skip
MONEY_IS_THERE = 2


def find(seen: Evidence) -> Iterator[Finding]:
    """What each reader heard, in the order of arrival."""
    sql = """SELECT m.id, o.number, m.event_type, m.address FROM message m JOIN orders o ON o.id = m.order_id
        WHERE m.channel = 'email' AND m.audience = 'buyer'"""
    about = {row[0]: row[1:4] for row in seen.ask(sql)}
    heard: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line in seen.ledger:
        if line["kind"] == "mail" and line["id"] in about:
            number, type_, address = about[line["id"]]
            heard[number, address].append(type_)
    late = [f"{key[0]} {types}" for key, types in heard.items() if _asked_after_paid(types)]
    yield Finding("A10", "nobody is asked to pay after the money's news", wrong(late))
    back = [f"{key[0]} {types}" for key, types in heard.items() if _goes_back(types)]
    yield Finding("A10", "no old news after new", wrong(back))
    yield Finding("A10", "somebody heard something", "" if heard else "nothing was mailed at all")


def _asked_after_paid(types: list[str]) -> bool:
    ranks = [RANK[type_] for type_ in types if type_ in RANK]
    return any(rank == 0 and max(ranks[:n], default=0) >= MONEY_IS_THERE for n, rank in enumerate(ranks))


def _goes_back(types: list[str]) -> bool:
    last = types.index("order.refunded") if "order.refunded" in types else len(types)
    if set(types[last + 1 :]) - {"order.refunded"}:
        return True
    ranks = [RANK[type_] for type_ in types if type_ in RANK]
    return any(before > after for before, after in pairwise(ranks))


if __name__ == "__main__":
    sys.exit(say(find(Evidence(Path(sys.argv[1]), sys.argv[2]))))
