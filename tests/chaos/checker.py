"""Judges a drill from outside: what the shop was told is safe, what the providers took, and the database.

Run: python -m tests.chaos.checker FOLDER DATABASE. FOLDER holds `acks` (a line per acknowledged event or deed) and
`ledger` (a line per arrival at a provider); DATABASE is a SQLite file or a PostgreSQL URL. Prints findings as JSON;
exit 1 when something is wrong.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.chaos.judging import Finding, say, wrong
from tests.chaos.shop import LIVES, kind_of
from tests.crash.checker import ask

ENDS = {"expired": "expired", "cancelled": "cancelled", "refunded": "refunded"}
LATE_S = 5
DEEDS = ("import", "reveal", "reissue", "resend")


class Evidence:
    """Everything that is known from outside."""

    def __init__(self, folder: Path, database: str) -> None:
        self.database = database
        acks = (folder / "acks").read_text().split() if (folder / "acks").exists() else []
        self.deeds = {line for line in acks if line.split(":")[0] in DEEDS}
        self.acks = set(acks) - self.deeds
        path = folder / "ledger"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.ledger: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return ask(self.database, sql)

    @cached_property
    def orders(self) -> dict[str, tuple[str, int]]:
        return {row[0]: (row[1], row[2]) for row in self.ask("SELECT number, status, owed FROM orders")}

    @cached_property
    def told(self) -> set[str]:
        """The orders whose whole life was acknowledged."""
        known: dict[str, set[str]] = defaultdict(set)
        for line in self.acks:
            type_, number = line.split(":")[:2]
            known[number].add(type_)
        return {number for number, types in known.items() if types >= set(LIVES[kind_of(number)])}


def find(seen: Evidence) -> Iterator[Finding]:
    """Every promise this checker can judge."""
    kept = {row[0] for row in seen.ask("SELECT natural_id FROM event")}
    yield Finding("A1", "every acknowledged event is kept", wrong(seen.acks - kept))
    yield Finding("A1", "nothing is left undone or stuck", wrong(_undone(seen)))
    yield from _goods(seen)
    yield from _cards(seen)
    yield from _arrivals(seen)
    yield from _deeds(seen)


def _undone(seen: Evidence) -> list[str]:
    found = []
    late = int((time.time() - LATE_S) * 1e6)
    for table, which in (("event", ""), ("message", ""), ("timer", f"AND due_at < {late}")):
        for state, count in seen.ask(f"SELECT state, count(*) FROM {table} WHERE state <> 2 {which} GROUP BY state"):
            found.append(f"{count} of {table} in state {state}")
    return found


def _goods(seen: Evidence) -> Iterator[Finding]:
    ends = {number: ENDS.get(kind_of(number)) for number in seen.told}
    other = {
        f"{number} is {seen.orders[number]}"
        for number, end in ends.items()
        if number in seen.orders and end and seen.orders[number][0] != end
    }
    yield Finding("A1", "every order ends as it was told", wrong(other))
    tasks = {row[0] for row in seen.ask(
        "SELECT o.number FROM task t JOIN orders o ON o.id = t.subject_id WHERE t.kind = 'owed' AND t.closed_at IS NULL"
    )}  # fmt: skip
    paid = {number for number, end in ends.items() if end is None and number in seen.orders}
    silent = {n for n in paid if seen.orders[n][0] != "delivered" and not (seen.orders[n][1] and n in tasks)}
    yield Finding("A8", "paid is delivered or owed with an open task", wrong(silent))
    pieces = dict(seen.ask(
        "SELECT o.number, count(*) FROM slot s JOIN orders o ON o.id = s.order_id WHERE s.gen = 0 GROUP BY o.number"
    ))  # fmt: skip
    bare = {n for n in paid if seen.orders[n][0] == "delivered" and not pieces.get(n)}
    yield Finding("A8", "delivered has its goods", wrong(bare))


def _cards(seen: Evidence) -> Iterator[Finding]:
    twice = seen.ask("SELECT card_id FROM slot WHERE card_id IS NOT NULL GROUP BY card_id HAVING count(*) > 1")
    yield Finding("A5", "no card is in two slots", wrong(twice))
    sql = "SELECT order_id, line_n, piece FROM slot GROUP BY order_id, line_n, piece, gen HAVING count(*) > 1"
    more = seen.ask("""SELECT o.number, l.n FROM line l JOIN orders o ON o.id = l.order_id
        JOIN slot s ON s.order_id = l.order_id AND s.line_n = l.n AND s.gen = 0
        GROUP BY o.number, l.n, l.quantity HAVING count(*) > l.quantity""")
    yield Finding("A6", "no piece eats two cards", wrong([*seen.ask(sql), *more]))
    yield Finding("A7", "cards are conserved and counted right", wrong(conserved(seen)))
    stray = seen.ask("""SELECT o.number, o.status FROM card c JOIN orders o ON o.id = c.reserved_for
        WHERE c.state = 'reserved' AND o.status <> 'pending'""")
    yield Finding("A7", "no card is kept for an order that ended", wrong(stray))


def conserved(seen: Evidence) -> list[str]:
    """Every card that was ever imported is free, reserved, sold or void, and the products' counts say the same."""
    found = []
    taken = dict(seen.ask("SELECT product_id, sum(taken) FROM card_import GROUP BY product_id"))
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for product, state, count in seen.ask("SELECT product_id, state, count(*) FROM card GROUP BY product_id, state"):
        states[product][state] = count
    for product, free, sold in seen.ask("SELECT id, free, sold FROM product"):
        have = states[product]
        known = sum(have[state] for state in ("free", "reserved", "sold", "void", "quarantine"))
        if known != int(taken.get(product, 0)) or (free, sold) != (have["free"], have["sold"]):
            found.append(f"imported {taken.get(product, 0)}, counted free {free} sold {sold}, have {dict(have)}")
    return found


def _arrivals(seen: Evidence) -> Iterator[Finding]:
    mails = Counter(line["id"] for line in seen.ledger if line["kind"] == "mail")
    doubts = dict(seen.ask("SELECT message_id, count(*) FROM attempt WHERE outcome = 'in_doubt' GROUP BY message_id"))
    extra = [f"{id_} came {n} times" for id_, n in mails.items() if n - 1 > doubts.get(id_, 0)]
    yield Finding("A9", "a mail comes again only for a try that a crash left in doubt", wrong(extra))
    hooks: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in seen.ledger:
        if line["kind"] == "hook" and line["number"]:
            hooks[line["number"], line["type"]].add(line["id"])
    yield Finding(
        "A9", "a receiver that knows the key sees each fact once", wrong(k for k, v in hooks.items() if len(v) > 1)
    )
    said = seen.ask("SELECT id, channel FROM message WHERE status = 'sent' AND channel IN ('email', 'webhook')")
    arrived = set(mails) | {line["id"] for line in seen.ledger if line["kind"] == "hook"}
    yield Finding("A9", "whatever is marked sent arrived", wrong({row[0] for row in said} - arrived))
    # A list, not a question for each order: SQLite would read all messages again for every one of them.
    due = {row[0] for row in seen.ask("""SELECT o.number FROM orders o WHERE o.status = 'delivered' AND o.id NOT IN
        (SELECT m.order_id FROM message m WHERE m.event_type = 'order.delivered' AND m.channel = 'email'
         AND m.audience = 'buyer' AND m.status = 'sent' AND m.order_id IS NOT NULL)""")}  # fmt: skip
    yield Finding("A8", "whatever is delivered is mailed", wrong(due))


def _deeds(seen: Evidence) -> Iterator[Finding]:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for line in seen.deeds:
        kind, _, rest = line.partition(":")
        by_kind[kind].append(rest)
    shown = {row[0] for row in seen.ask(
        "SELECT DISTINCT o.number FROM reveal r JOIN orders o ON o.id = r.order_id"
    )}  # fmt: skip
    yield Finding("A1", "whatever was shown is on record", wrong(set(by_kind["reveal"]) - shown))
    again = {row[0] for row in seen.ask("SELECT resend_of FROM message WHERE resend_of IS NOT NULL")}
    yield Finding("A1", "whatever was asked for again is sent again", wrong(set(by_kind["resend"]) - again))
    replaced = {row[0] for row in seen.ask(
        "SELECT o.number FROM slot s JOIN orders o ON o.id = s.order_id WHERE s.gen > 0"
    )}  # fmt: skip
    yield Finding("A1", "whatever was replaced has a new card", wrong(set(by_kind["reissue"]) - replaced))
    once = seen.ask("""SELECT resend_of FROM message WHERE resend_of IS NOT NULL AND natural_key LIKE '%again%'
        GROUP BY resend_of HAVING count(*) > 1""")
    yield Finding("D6", "a request with a key is done once", wrong(once))


def main(folder: str, database: str) -> int:
    """Read, judge, print."""
    return say(find(Evidence(Path(folder), database)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
